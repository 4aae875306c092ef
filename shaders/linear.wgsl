// An affine map of features.
//
// input   [BATCH, IN_FEATURES]
// weight  [OUT_FEATURES, IN_FEATURES]
// bias    [OUT_FEATURES]
// output  [BATCH, OUT_FEATURES]
//
// One invocation computes a tile of four rows by four columns, so that eight loads serve sixteen products. Invocations
// are numbered as the tiles, row by row.

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 4;
const IN_FEATURES: u32 = 4;
const OUT_FEATURES: u32 = 4;

const TILE_ROWS = (BATCH + 3u) / 4u;
const TILE_COLUMNS = (OUT_FEATURES + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn store(row: u32, column: u32, sums: vec4<f32>) {
    if (row >= BATCH) {
        return;
    }
    let first = row * OUT_FEATURES + column;
    output[first] = sums.x;
    if (column + 1u < OUT_FEATURES) {
        output[first + 1u] = sums.y;
    }
    if (column + 2u < OUT_FEATURES) {
        output[first + 2u] = sums.z;
    }
    if (column + 3u < OUT_FEATURES) {
        output[first + 3u] = sums.w;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= TILE_ROWS * TILE_COLUMNS) {
        return;
    }
    let row = (idx / TILE_COLUMNS) * 4u;
    let column = (idx % TILE_COLUMNS) * 4u;

    // Past the last row or column, the last one is computed again and not stored.
    let rows = min(row + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(BATCH - 1u)) * IN_FEATURES;
    let columns = min(column + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(OUT_FEATURES - 1u));
    let biases = vec4<f32>(bias[columns.x], bias[columns.y], bias[columns.z], bias[columns.w]);
    var sums_0 = biases;
    var sums_1 = biases;
    var sums_2 = biases;
    var sums_3 = biases;
    for (var k = 0u; k < IN_FEATURES; k += 1u) {
        let at = columns * IN_FEATURES + k;
        let weights = vec4<f32>(weight[at.x], weight[at.y], weight[at.z], weight[at.w]);
        sums_0 += input[rows.x + k] * weights;
        sums_1 += input[rows.y + k] * weights;
        sums_2 += input[rows.z + k] * weights;
        sums_3 += input[rows.w + k] * weights;
    }
    store(row, column, sums_0);
    store(row + 1u, column, sums_1);
    store(row + 2u, column, sums_2);
    store(row + 3u, column, sums_3);
}
