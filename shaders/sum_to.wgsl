// The sum over some dimensions: broadcasting's gradient.
//
// input   numbers KEPT_STRIDES apart along the output's dimensions and SUMMED_STRIDES along the others
// output  [KEPT_SIZES]
//
// One workgroup computes one output: each invocation sums its share, then the shares are added in a fixed order, so that
// results are the same every time. Workgroups are numbered as the output. Unused dimensions come first, of size 1.

// How many of the last dimensions are used.
const KEPT_RANK: u32 = 1;
const KEPT_SIZES: array<u32, 6> = array<u32, 6>(1, 1, 1, 1, 1, 1);
const KEPT_STRIDES: array<u32, 6> = array<u32, 6>(0, 0, 0, 0, 0, 0);
const SUMMED_RANK: u32 = 1;
const SUMMED_SIZES: array<u32, 6> = array<u32, 6>(1, 1, 1, 1, 1, 1);
const SUMMED_STRIDES: array<u32, 6> = array<u32, 6>(0, 0, 0, 0, 0, 0);

const WORKGROUP_SIZE = 64u;
// An invocation adds this many of its terms before it adds them to the rest, as one long sum would round away digits
// that a training through normalisation misses.
const BLOCK = 32u * WORKGROUP_SIZE;
const N_OUTPUTS = KEPT_SIZES[0] * KEPT_SIZES[1] * KEPT_SIZES[2] * KEPT_SIZES[3] * KEPT_SIZES[4] * KEPT_SIZES[5];
const N_SUMMED =
    SUMMED_SIZES[0] * SUMMED_SIZES[1] * SUMMED_SIZES[2] * SUMMED_SIZES[3] * SUMMED_SIZES[4] * SUMMED_SIZES[5];
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

var<workgroup> shares: array<f32, 64>;
var<workgroup> eighths: array<f32, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_OUTPUTS) {
        return;
    }
    var kept_sizes = KEPT_SIZES;
    var kept_strides = KEPT_STRIDES;
    var summed_sizes = SUMMED_SIZES;
    var summed_strides = SUMMED_STRIDES;

    var first = 0u;
    var rest = idx;
    for (var k = 0u; k < KEPT_RANK; k += 1u) {
        let dim = 5u - k;
        first += (rest % kept_sizes[dim]) * kept_strides[dim];
        rest /= kept_sizes[dim];
    }
    var sum = 0.0;
    for (var block = lane; block < N_SUMMED; block += BLOCK) {
        var part = 0.0;
        for (var term = block; term < min(block + BLOCK, N_SUMMED); term += WORKGROUP_SIZE) {
            var input_idx = first;
            rest = term;
            for (var k = 0u; k < SUMMED_RANK; k += 1u) {
                let dim = 5u - k;
                input_idx += (rest % summed_sizes[dim]) * summed_strides[dim];
                rest /= summed_sizes[dim];
            }
            part += input[input_idx];
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
        output[idx] = sum;
    }
}
