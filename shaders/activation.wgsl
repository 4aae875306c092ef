// A function of each element by itself.
//
// input, output  [N_ELEMENTS]
//
// One invocation computes one element.
//
// WGSL's exp and tanh may be a few units off in the last place, and may overflow inside: their arguments are kept where
// nothing does, beyond which the results no longer change in 32 bits.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
// 0 is ReLU, 1 LeakyReLU, 2 the sigmoid, 3 the hyperbolic tangent.
const KIND: u32 = 0;
const NEGATIVE_SLOPE: f32 = 0.01;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let x = input[idx];
    if (KIND == 0u) {
        // A comparison, not max(x, 0): a NaN stays one.
        output[idx] = select(x, 0.0, x < 0.0);
    } else if (KIND == 1u) {
        output[idx] = select(x, NEGATIVE_SLOPE * x, x < 0.0);
    } else if (KIND == 2u) {
        output[idx] = 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
    } else {
        output[idx] = tanh(clamp(x, -15.0, 15.0));
    }
}
