// Rows of zeros with a 1 at each label.
//
// labels  [N_ROWS]
// output  [N_ROWS, N_COLUMNS]
//
// One invocation writes one row.

const WORKGROUP_SIZE: u32 = 64;
const N_ROWS: u32 = 1;
const N_COLUMNS: u32 = 10;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y * GRID_ROW + id.x;
    if (row >= N_ROWS) {
        return;
    }
    let label = labels[row];
    for (var column = 0u; column < N_COLUMNS; column += 1u) {
        output[row * N_COLUMNS + column] = select(0.0, 1.0, column == label);
    }
}
