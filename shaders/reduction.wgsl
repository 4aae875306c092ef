// The mean or the variance over some dimensions.
//
// input   numbers KEPT_STRIDES apart along the output's dimensions and SUMMED_STRIDES along the others
// output  [KEPT_SIZES]
//
// One workgroup computes one output: each invocation sums its share, then the shares are added in a fixed order, so that
// results are the same every time. The variance is the sum of squared distances from the mean, which is found first: the
// difference of two large sums would lose its digits. Workgroups are numbered as the output. Unused dimensions come
// first, of size 1.

// 0 is the mean, 1 the variance.
const KIND: u32 = 0;
// What is taken off the number of values before the variance is divided by it.
const CORRECTION: u32 = 0;
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

// The sum of all invocations' shares, in every invocation.
fn add_shares(share: f32, lane: u32) -> f32 {
    // Two levels of eight: halving needs three times the barriers, which are dear on software adapters.
    shares[lane] = share;
    workgroupBarrier();
    if (lane < 8u) {
        var sum = shares[lane * 8u];
        for (var k = 1u; k < 8u; k += 1u) {
            sum += shares[lane * 8u + k];
        }
        eighths[lane] = sum;
    }
    workgroupBarrier();
    var sum = eighths[0];
    for (var k = 1u; k < 8u; k += 1u) {
        sum += eighths[k];
    }
    return sum;
}

// Where a term lies behind the output's first.
fn offset(term: u32) -> u32 {
    var sizes = SUMMED_SIZES;
    var strides = SUMMED_STRIDES;
    var offset = 0u;
    var rest = term;
    for (var k = 0u; k < SUMMED_RANK; k += 1u) {
        let dim = 5u - k;
        offset += (rest % sizes[dim]) * strides[dim];
        rest /= sizes[dim];
    }
    return offset;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_OUTPUTS) {
        return;
    }
    var kept_sizes = KEPT_SIZES;
    var kept_strides = KEPT_STRIDES;
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
            part += input[first + offset(term)];
        }
        sum += part;
    }
    let mean = add_shares(sum, lane) / f32(N_SUMMED);
    if (KIND == 0u) {
        if (lane == 0u) {
            output[idx] = mean;
        }
        return;
    }
    sum = 0.0;
    for (var block = lane; block < N_SUMMED; block += BLOCK) {
        var part = 0.0;
        for (var term = block; term < min(block + BLOCK, N_SUMMED); term += WORKGROUP_SIZE) {
            let distance = input[first + offset(term)] - mean;
            part += distance * distance;
        }
        sum += part;
    }
    // Nobody may begin to write shares while somebody still reads the mean's.
    workgroupBarrier();
    let squares = add_shares(sum, lane);
    if (lane == 0u) {
        output[idx] = squares / max(f32(N_SUMMED) - f32(CORRECTION), 0.0);
    }
}
