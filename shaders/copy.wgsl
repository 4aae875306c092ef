// Moves numbers as they are: read as integers, so that every bit pattern survives.
//
// input, output  [N_ELEMENTS]
//
// One invocation moves one element.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    output[idx] = input[idx];
}
