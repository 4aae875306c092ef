// The gradient of log_softmax from its output l: gᵢ − e^lᵢ · Σ gⱼ.
//
// log_probabilities, grad_output, grad_input  [N_ROWS, N_COLUMNS]
//
// One invocation computes one row. The logarithms are never above zero, so that exp does not overflow.

const WORKGROUP_SIZE: u32 = 64;
const N_ROWS: u32 = 1;
const N_COLUMNS: u32 = 10;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> log_probabilities: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y * GRID_ROW + id.x;
    if (row >= N_ROWS) {
        return;
    }
    let first = row * N_COLUMNS;
    var sum = 0.0;
    for (var column = 0u; column < N_COLUMNS; column += 1u) {
        sum += grad_output[first + column];
    }
    for (var column = 0u; column < N_COLUMNS; column += 1u) {
        let idx = first + column;
        grad_input[idx] = grad_output[idx] - exp(log_probabilities[idx]) * sum;
    }
}
