// Batch normalisation's gradient with respect to its input, where mean and variance are the batch's own:
// weight · s · (grad_output − (grad_bias + (x − mean) · s · grad_weight) / N_VALUES) with s = 1 / √(variance + EPS).
//
// input, grad_output       [N_ELEMENTS], which is [batch, CHANNELS, height, width] with PLANE = height · width
// mean, variance, weight   [CHANNELS]
// grad_weight, grad_bias   [CHANNELS]
// grad_input               [N_ELEMENTS]
//
// One invocation computes one element.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const CHANNELS: u32 = 1;
const PLANE: u32 = 1;
const EPS: f32 = 0.00001;

const GRID_ROW = 65535u * WORKGROUP_SIZE;
// How many values a channel has.
const N_VALUES = N_ELEMENTS / CHANNELS;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> grad_output: array<f32>;
@group(0) @binding(5) var<storage, read> grad_weight: array<f32>;
@group(0) @binding(6) var<storage, read> grad_bias: array<f32>;
@group(0) @binding(7) var<storage, read_write> grad_input: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let channel = (idx / PLANE) % CHANNELS;
    let inverse = 1.0 / sqrt(variance[channel] + EPS);
    let normalised = (input[idx] - mean[channel]) * inverse;
    let shared_part = (grad_bias[channel] + normalised * grad_weight[channel]) / f32(N_VALUES);
    grad_input[idx] = weight[channel] * inverse * (grad_output[idx] - shared_part);
}
