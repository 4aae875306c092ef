// Sums of the gradients' squares, the first half of their norm.
//
// gradients  [N_ELEMENTS]
// squares    one number per CHUNK gradients
//
// One workgroup computes one sum: each invocation sums its share, then the shares are added in a fixed order, so that
// results are the same every time. Workgroups are numbered as the sums.

const N_ELEMENTS: u32 = 1;
const CHUNK: u32 = 4096;

const WORKGROUP_SIZE = 64u;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read_write> squares: array<f32>;

var<workgroup> shares: array<f32, 64>;
var<workgroup> eighths: array<f32, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let chunk_idx = id.y * GRID_ROW + id.x;
    let first = chunk_idx * CHUNK;
    if (first >= N_ELEMENTS) {
        return;
    }
    let end = min(first + CHUNK, N_ELEMENTS);
    var sum = 0.0;
    for (var idx = first + lane; idx < end; idx += WORKGROUP_SIZE) {
        sum += gradients[idx] * gradients[idx];
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
        squares[chunk_idx] = sum;
    }
}
