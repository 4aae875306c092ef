// The matrix product of a and b, either of them transposed first.
//
// a       [M, K], or [K, M] with TRANSPOSE_A
// b       [K, N], or [N, K] with TRANSPOSE_B
// output  [M, N]
//
// One invocation computes a tile of four rows by four columns, so that eight loads serve sixteen products. Invocations
// are numbered as the tiles, row by row.

const WORKGROUP_SIZE: u32 = 64;
const M: u32 = 4;
const N: u32 = 4;
const K: u32 = 4;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;

const TILE_ROWS = (M + 3u) / 4u;
const TILE_COLUMNS = (N + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

// From one inner position to the next, and from one row of a or column of b to the next.
const A_STEP = select(1u, M, TRANSPOSE_A);
const A_ROW = select(K, 1u, TRANSPOSE_A);
const B_STEP = select(N, 1u, TRANSPOSE_B);
const B_COLUMN = select(1u, K, TRANSPOSE_B);

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

fn store(row: u32, column: u32, sums: vec4<f32>) {
    if (row >= M) {
        return;
    }
    let first = row * N + column;
    output[first] = sums.x;
    if (column + 1u < N) {
        output[first + 1u] = sums.y;
    }
    if (column + 2u < N) {
        output[first + 2u] = sums.z;
    }
    if (column + 3u < N) {
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
    let rows = min(row + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(M - 1u)) * A_ROW;
    let columns = min(column + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(N - 1u)) * B_COLUMN;
    var sums_0 = vec4<f32>(0.0);
    var sums_1 = vec4<f32>(0.0);
    var sums_2 = vec4<f32>(0.0);
    var sums_3 = vec4<f32>(0.0);
    for (var k = 0u; k < K; k += 1u) {
        let at_a = rows + k * A_STEP;
        let at_b = columns + k * B_STEP;
        let b_row = vec4<f32>(b[at_b.x], b[at_b.y], b[at_b.z], b[at_b.w]);
        sums_0 += a[at_a.x] * b_row;
        sums_1 += a[at_a.y] * b_row;
        sums_2 += a[at_a.z] * b_row;
        sums_3 += a[at_a.w] * b_row;
    }
    store(row, column, sums_0);
    store(row + 1u, column, sums_1);
    store(row + 2u, column, sums_2);
    store(row + 3u, column, sums_3);
}
