// Probabilities over the last dimension: e^(xᵢ − max) / Σ e^(xⱼ − max).
//
// input, output  [N_ROWS, N_COLUMNS]
//
// One invocation computes one row. The maximum is subtracted first, so that exp never overflows; WGSL's exp may be a few
// units off in the last place.

const WORKGROUP_SIZE: u32 = 64;
const N_ROWS: u32 = 1;
const N_COLUMNS: u32 = 10;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y * GRID_ROW + id.x;
    if (row >= N_ROWS) {
        return;
    }
    let first = row * N_COLUMNS;
    var largest = input[first];
    for (var column = 1u; column < N_COLUMNS; column += 1u) {
        largest = max(largest, input[first + column]);
    }
    var sum = 0.0;
    for (var column = 0u; column < N_COLUMNS; column += 1u) {
        sum += exp(input[first + column] - largest);
    }
    for (var column = 0u; column < N_COLUMNS; column += 1u) {
        output[first + column] = exp(input[first + column] - largest) / sum;
    }
}
