// A step of what is kept beside the parameters: p ← DECAY·p + FACTOR·x. Running averages and counts are such.
//
// input  [N_ELEMENTS], x
// kept   [N_ELEMENTS], p, updated in place
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const DECAY: f32 = 0.9;
const FACTOR: f32 = 0.1;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> kept: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    kept[idx] = DECAY * kept[idx] + FACTOR * input[idx];
}
