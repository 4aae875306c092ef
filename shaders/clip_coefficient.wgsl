// The factor that cuts the gradients to the greatest norm: max_norm / (norm + 1e-6), and 1 where that is more.
//
// squares  [N_ELEMENTS], sums of the gradients' squares
// hyper    what may change from step to step
// scale    one number
//
// One workgroup computes it: each invocation sums its share, then the shares are added in a fixed order, so that results
// are the same every time.

const N_ELEMENTS: u32 = 1;

const WORKGROUP_SIZE = 64u;

struct Hyper {
    learning_rate: f32,
    weight_decay: f32,
    l1: f32,
    beta1: f32,
    beta2: f32,
    eps: f32,
    bias_correction2_sqrt: f32,
    max_norm: f32,
}

@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read> hyper: Hyper;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;

var<workgroup> shares: array<f32, 64>;
var<workgroup> eighths: array<f32, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var idx = lane; idx < N_ELEMENTS; idx += WORKGROUP_SIZE) {
        sum += squares[idx];
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
        let coefficient = hyper.max_norm / (sqrt(sum) + 1e-6);
        // Not min, which may hide a NaN.
        scale[0] = select(coefficient, 1.0, coefficient > 1.0);
    }
}
