// The gradient of nll_loss: −grad_output / BATCH at each target, zero elsewhere.
//
// target       [BATCH]
// grad_output  one number
// grad_input   [BATCH, N_CLASSES]
//
// One invocation computes one element; invocations are numbered as grad_input.

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const N_CLASSES: u32 = 10;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> target_class: array<u32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= BATCH * N_CLASSES) {
        return;
    }
    let hit = idx % N_CLASSES == target_class[idx / N_CLASSES];
    grad_input[idx] = select(0.0, -grad_output[0] / f32(BATCH), hit);
}
