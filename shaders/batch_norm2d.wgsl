// Batch normalisation: (x − mean) / √(variance + EPS) · weight + bias.
//
// input                         [N_ELEMENTS], which is [batch, CHANNELS, height, width] with PLANE = height · width
// mean, variance, weight, bias  [CHANNELS]
// output                        [N_ELEMENTS]
//
// One invocation computes one element.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const CHANNELS: u32 = 1;
const PLANE: u32 = 1;
const EPS: f32 = 0.00001;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let channel = (idx / PLANE) % CHANNELS;
    let scale = weight[channel] / sqrt(variance[channel] + EPS);
    output[idx] = (input[idx] - mean[channel]) * scale + bias[channel];
}
