// The gradients of linear with respect to its weight and bias; with HAS_SCORES, the mean of the batch's losses and the
// count of right answers as well.
//
// input        [BATCH, IN_FEATURES]
// grad_output  [BATCH, OUT_FEATURES]
// scores       [2, BATCH]: linear_cross_entropy's; without HAS_SCORES it is never read, and what comes from it never
//              written
// grad_weight  [OUT_FEATURES, IN_FEATURES]
// grad_bias    [OUT_FEATURES]
// loss         one number
// n_correct    one number
//
// One invocation computes a tile of ROWS outputs by four inputs over the whole batch. SHARED invocations, one, or the four of a
// quad, have tiles side by side: each of the gradients is loaded by one of them. Invocations are numbered as the tiles, row by
// row; of those that follow, one for each output sums a bias's gradient, and one the scores.
//
// Without UNROLLS_STORES the loops that store are loops, of copies, as an array in registers cannot be indexed by a variable: a
// store is much code to a GPU that is a program.

const LANES: u32 = 64;
const BATCH: u32 = 4;
const IN_FEATURES: u32 = 4;
const OUT_FEATURES: u32 = 4;
const HAS_SCORES: bool = true;
const ROWS: u32 = 4;
const SHARED: u32 = 1;
// ROWS, in so many pieces of SHARED numbers.
const PIECES: u32 = 4;
const UNROLLS_STORES: bool = true;

const TILE_ROWS = (OUT_FEATURES + ROWS - 1u) / ROWS;
const TILE_COLUMNS = (IN_FEATURES + 4u * SHARED - 1u) / (4u * SHARED) * SHARED;
const N_TILES = TILE_ROWS * TILE_COLUMNS;
const GRID_ROW = 65535u * LANES;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read> scores: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;
@group(0) @binding(6) var<storage, read_write> n_correct: array<f32>;

fn of_quad(own: f32, lane: u32) -> vec4<f32> { return vec4<f32>(own); }

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_TILES) {
        let output = idx - N_TILES;
        if (output < OUT_FEATURES) {
            var sum = 0.0;
            for (var n = 0u; n < BATCH; n += 1u) {
                sum += grad_output[n * OUT_FEATURES + output];
            }
            grad_bias[output] = sum;
        }
        if (HAS_SCORES && output == OUT_FEATURES) {
            var sums = vec2<f32>(0.0);
            for (var n = 0u; n < BATCH; n += 1u) {
                sums += vec2<f32>(scores[n], scores[BATCH + n]);
            }
            loss[0] = sums.x / f32(BATCH);
            n_correct[0] = sums.y;
        }
        return;
    }
    let lane = idx % SHARED;
    let row = (idx / TILE_COLUMNS) * ROWS;
    // Past the last column, the last one is computed and stored again.
    let first = (idx % TILE_COLUMNS) * 4u;
    let columns = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(IN_FEATURES - 1u));

    var sums: array<vec4<f32>, ROWS>;
    for (var n = 0u; n < BATCH; n += 1u) {
        let at = columns + n * IN_FEATURES;
        let inputs = vec4<f32>(input[at.x], input[at.y], input[at.z], input[at.w]);
        var grads: array<f32, SHARED * PIECES>;
        for (var p = 0u; p < PIECES; p += 1u) { // unrolled
            let own = grad_output[n * OUT_FEATURES + min(row + SHARED * p + lane, OUT_FEATURES - 1u)];
            let all = of_quad(own, lane);
            for (var k = 0u; k < SHARED; k += 1u) { // unrolled
                grads[SHARED * p + k] = all[k];
            }
        }
        for (var k = 0u; k < ROWS; k += 1u) { // unrolled
            sums[k] += grads[k] * inputs;
        }
    }
    var finished = sums;
    for (var k = 0u; k < ROWS; k += 1u) { // unrolled if UNROLLS_STORES
        let tile = finished[k];
        // Past the last row likewise.
        let start = min(row + k, OUT_FEATURES - 1u) * IN_FEATURES;
        grad_weight[start + columns.x] = tile.x;
        grad_weight[start + columns.y] = tile.y;
        grad_weight[start + columns.z] = tile.z;
        grad_weight[start + columns.w] = tile.w;
    }
}
