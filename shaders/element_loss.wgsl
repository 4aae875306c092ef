// The mean over all elements of how far an input is from a target.
//
// input, target  [N_ELEMENTS]
// output         one number
//
// One workgroup computes it: each invocation sums its share, then the shares are added in a fixed order, so that results
// are the same every time.

const N_ELEMENTS: u32 = 1;
// 0 squares, 1 takes the difference without its sign, 2 squares small differences only, 3 is the binary cross-entropy.
const KIND: u32 = 0;

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> desired: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

var<workgroup> shares: array<f32, 64>;
var<workgroup> eighths: array<f32, 8>;

fn loss(x: f32, t: f32) -> f32 {
    let distance = abs(x - t);
    if (KIND == 0u) {
        return distance * distance;
    } else if (KIND == 1u) {
        return distance;
    } else if (KIND == 2u) {
        return select(distance - 0.5, 0.5 * distance * distance, distance < 1.0);
    }
    return max(x, 0.0) - x * t + log(1.0 + exp(-abs(x)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var idx = lane; idx < N_ELEMENTS; idx += WORKGROUP_SIZE) {
        sum += loss(input[idx], desired[idx]);
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
        output[0] = sum / f32(N_ELEMENTS);
    }
}
