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
// One invocation computes a tile of ROWS outputs by four inputs over the whole batch; the first of each row sums the
// biases' gradients too. Invocations are numbered as the tiles, row by row.
//
// Without UNROLLS_STORES the loops that store are loops, of copies, as an array in registers cannot be indexed by a variable: a
// store is much code to a GPU that is a program.

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 4;
const IN_FEATURES: u32 = 4;
const OUT_FEATURES: u32 = 4;
const HAS_SCORES: bool = true;
const ROWS: u32 = 4;
const UNROLLS_STORES: bool = true;

const TILE_ROWS = (OUT_FEATURES + ROWS - 1u) / ROWS;
const TILE_COLUMNS = (IN_FEATURES + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read> scores: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;
@group(0) @binding(6) var<storage, read_write> n_correct: array<f32>;

fn store(row: u32, column: u32, sums: vec4<f32>, bias: f32) {
    if (row >= OUT_FEATURES) {
        return;
    }
    let first = row * IN_FEATURES + column;
    grad_weight[first] = sums.x;
    if (column + 1u < IN_FEATURES) {
        grad_weight[first + 1u] = sums.y;
    }
    if (column + 2u < IN_FEATURES) {
        grad_weight[first + 2u] = sums.z;
    }
    if (column + 3u < IN_FEATURES) {
        grad_weight[first + 3u] = sums.w;
    }
    if (column == 0u) {
        grad_bias[row] = bias;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (HAS_SCORES && idx == TILE_ROWS * TILE_COLUMNS) {
        var sums = vec2<f32>(0.0);
        for (var n = 0u; n < BATCH; n += 1u) {
            sums += vec2<f32>(scores[n], scores[BATCH + n]);
        }
        loss[0] = sums.x / f32(BATCH);
        n_correct[0] = sums.y;
    }
    if (idx >= TILE_ROWS * TILE_COLUMNS) {
        return;
    }
    let row = (idx / TILE_COLUMNS) * ROWS;
    let column = (idx % TILE_COLUMNS) * 4u;

    // Past the last row or column, the last one is computed again and not stored.
    let columns = min(column + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(IN_FEATURES - 1u));
    var sums: array<vec4<f32>, ROWS>;
    var biases: array<f32, ROWS>;
    for (var n = 0u; n < BATCH; n += 1u) {
        let at = columns + n * IN_FEATURES;
        let inputs = vec4<f32>(input[at.x], input[at.y], input[at.z], input[at.w]);
        for (var k = 0u; k < ROWS; k += 1u) { // unrolled
            let grad = grad_output[n * OUT_FEATURES + min(row + k, OUT_FEATURES - 1u)];
            biases[k] += grad;
            sums[k] += grad * inputs;
        }
    }
    var finished = sums;
    var finished_biases = biases;
    for (var k = 0u; k < ROWS; k += 1u) { // unrolled if UNROLLS_STORES
        store(row + k, column, finished[k], finished_biases[k]);
    }
}
