// The mean negative log-likelihood: −(1/BATCH) Σ log_probabilities[n, target[n]].
//
// log_probabilities  [BATCH, N_CLASSES]
// target             [BATCH], below N_CLASSES
// output             one number
//
// One workgroup computes it: each invocation sums its share of the batch, then the shares are added in a fixed order, so
// that results are the same every time.

const BATCH: u32 = 1;
const N_CLASSES: u32 = 10;

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<storage, read> log_probabilities: array<f32>;
@group(0) @binding(1) var<storage, read> target_class: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

var<workgroup> shares: array<f32, 64>;
var<workgroup> eighths: array<f32, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var n = lane; n < BATCH; n += WORKGROUP_SIZE) {
        sum -= log_probabilities[n * N_CLASSES + target_class[n]];
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
        output[0] = sum / f32(BATCH);
    }
}
