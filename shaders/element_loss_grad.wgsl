// The gradient of element_loss with respect to its input.
//
// input, target  [N_ELEMENTS]
// grad_output    one number
// grad_input     [N_ELEMENTS]
//
// One invocation computes one element.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
// As in element_loss.
const KIND: u32 = 0;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> desired: array<f32>;
@group(0) @binding(2) var<storage, read> grad_output: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<f32>;

fn slope(x: f32, t: f32) -> f32 {
    let difference = x - t;
    if (KIND == 0u) {
        return 2.0 * difference;
    } else if (KIND == 1u) {
        return sign(difference);
    } else if (KIND == 2u) {
        return clamp(difference, -1.0, 1.0);
    }
    // The logistic function, from the side on which exp cannot overflow.
    let small = exp(-abs(x));
    return select(small, 1.0, x >= 0.0) / (1.0 + small) - t;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    grad_input[idx] = slope(input[idx], desired[idx]) * grad_output[0] / f32(N_ELEMENTS);
}
