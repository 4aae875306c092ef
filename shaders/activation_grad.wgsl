// The gradient of an activation.
//
// reference    [N_ELEMENTS], the activation's output; for LeakyReLU its input
// grad_output  [N_ELEMENTS]
// grad_input   [N_ELEMENTS]
//
// One invocation computes one element.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
// 0 is ReLU, 1 LeakyReLU, 2 the sigmoid, 3 the hyperbolic tangent.
const KIND: u32 = 0;
const NEGATIVE_SLOPE: f32 = 0.01;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> reference: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let y = reference[idx];
    let grad = grad_output[idx];
    if (KIND == 0u) {
        grad_input[idx] = select(0.0, grad, y > 0.0);
    } else if (KIND == 1u) {
        grad_input[idx] = select(NEGATIVE_SLOPE * grad, grad, y > 0.0);
    } else if (KIND == 2u) {
        grad_input[idx] = grad * y * (1.0 - y);
    } else {
        grad_input[idx] = grad * (1.0 - y * y);
    }
}
