// The mean cross-entropy of logits, how many are right, and the gradient of the mean.
//
// logits        [BATCH, N_CLASSES]
// target_class  [BATCH]
// output        one number: the mean, in nats; NaN where a target is none of the classes
// n_correct     one number
// grad_logits   [BATCH, N_CLASSES]
//
// One workgroup: each invocation takes every 64th image, then their sums are added in a fixed order.

const BATCH: u32 = 1;
const N_CLASSES: u32 = 10;

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> target_class: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<storage, read_write> n_correct: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_logits: array<f32>;

var<workgroup> shares: array<vec2<f32>, 64>;
var<workgroup> eighths: array<vec2<f32>, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    // The loss, and how many are right.
    var sum = vec2<f32>(0.0);
    for (var n = lane; n < BATCH; n += WORKGROUP_SIZE) {
        let row = n * N_CLASSES;
        var best = 0u;
        var largest = logits[row];
        for (var k = 1u; k < N_CLASSES; k += 1u) {
            let logit = logits[row + k];
            if (logit > largest) {
                largest = logit;
                best = k;
            }
        }
        var total = 0.0;
        for (var k = 0u; k < N_CLASSES; k += 1u) {
            total += exp(logits[row + k] - largest);
        }
        let log_total = log(total);
        let right = target_class[n];
        for (var k = 0u; k < N_CLASSES; k += 1u) {
            let log_probability = logits[row + k] - largest - log_total;
            if (k == right) {
                sum.x -= log_probability;
            }
            grad_logits[row + k] = (exp(log_probability) - select(0.0, 1.0, k == right)) / f32(BATCH);
        }
        if (right >= N_CLASSES) {
            // A NaN that no compiler can call a constant.
            sum.x = bitcast<f32>(right | 0x7fc00000u);
        }
        sum.y += select(0.0, 1.0, best == right);
    }

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
        output[0] = sum.x / f32(BATCH);
        n_correct[0] = sum.y;
    }
}
