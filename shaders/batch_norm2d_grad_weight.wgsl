// Batch normalisation's gradient with respect to the weight: Σ grad_output · (x − mean) / √(variance + EPS).
//
// input, grad_output  [BATCH, CHANNELS, PLANE], where PLANE is height · width
// mean, variance      [CHANNELS]
// grad_weight         [CHANNELS]
//
// One workgroup computes one channel: each invocation sums its share, then the shares are added in a fixed order, so that
// results are the same every time.

const BATCH: u32 = 1;
const CHANNELS: u32 = 1;
const PLANE: u32 = 1;
const EPS: f32 = 0.00001;

const WORKGROUP_SIZE = 64u;
// An invocation adds this many of its terms before it adds them to the rest, as one long sum would round away digits
// that a training through normalisation misses.
const BLOCK = 32u * WORKGROUP_SIZE;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> grad_output: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_weight: array<f32>;

var<workgroup> shares: array<f32, 64>;
var<workgroup> eighths: array<f32, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channel = id.y * GRID_ROW + id.x;
    if (channel >= CHANNELS) {
        return;
    }
    let centre = mean[channel];
    var sum = 0.0;
    for (var block = lane; block < BATCH * PLANE; block += BLOCK) {
        var part = 0.0;
        for (var term = block; term < min(block + BLOCK, BATCH * PLANE); term += WORKGROUP_SIZE) {
            let idx = ((term / PLANE) * CHANNELS + channel) * PLANE + term % PLANE;
            part += grad_output[idx] * (input[idx] - centre);
        }
        sum += part;
    }

    // Two levels of eight: halving needs three times the barriers, which are dear on software adapters.
    shares[lane] = sum;
    workgroupBarrier();
    if (lane < 8u) {
        var share = shares[lane * 8u];
        for (var k = 1u; k < 8u; k += 1u) {
            share += shares[lane * 8u + k];
        }
        eighths[lane] = share;
    }
    workgroupBarrier();
    if (lane == 0u) {
        sum = eighths[0];
        for (var k = 1u; k < 8u; k += 1u) {
            sum += eighths[k];
        }
        grad_weight[channel] = sum / sqrt(variance[channel] + EPS);
    }
}
