// The gradient of conv_rows with respect to its input.
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// gate         as grad_output: conv_rows' output, whose positive numbers let gradients through; without GATED it is never
//              read, and anything may be bound
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// The input falls into pieces of STRIDE_H by STRIDE_W cells. Pieces meet the gradients around them, all in the same way: each
// tap is met by one cell of each piece. One invocation computes COLUMNS neighbouring pieces of four neighbouring input
// channels of one group, the others of its quad the same of the next rows of pieces, be they of the next image: each loads a
// quarter of the taps. Quads are numbered as [GROUPS, BLOCKS, TILE_COLUMNS, four rows of all images].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 4;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const OUT_H: u32 = 3;
const OUT_W: u32 = 3;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const STRIDE_H: u32 = 1;
const STRIDE_W: u32 = 1;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
// The invocations of a quad.
const SHARED: u32 = 4;
const COLUMNS: u32 = 5;
// Whether a row is more than COLUMNS pieces. Where it is not, columns are known when this is compiled.
const SPLITS_ROWS: bool = false;
const GATED: bool = true;
// So many gradients before the map's first is the first that piece 0 meets.
const BEFORE_H: u32 = 2;
const BEFORE_W: u32 = 2;
// The gradients that COLUMNS pieces meet.
const SEEN_H: u32 = 3;
const SEEN_W: u32 = 7;
// The cells in a row of COLUMNS pieces.
const CELLS_W: u32 = 5;
// The taps of a row that a cell meets, KERNEL_W / STRIDE_W rounded up, are so many vectors of so many numbers, those past the
// last tap 0.
alias Piece = vec3<f32>;
const PIECE: u32 = 3;
const ROW_PIECES: u32 = 1;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_IN + SHARED - 1u) / SHARED;
const KERNEL = KERNEL_H * KERNEL_W;
const PIECES_H = (IN_H + STRIDE_H - 1u) / STRIDE_H;
const PIECES_W = (IN_W + STRIDE_W - 1u) / STRIDE_W;
const TILE_COLUMNS = (PIECES_W + COLUMNS - 1u) / COLUMNS;
const N_ROWS = BATCH * PIECES_H;
const ROW_QUADS = (N_ROWS + SHARED - 1u) / SHARED;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<array<f32, KERNEL>>;
@group(0) @binding(2) var<storage, read> gate: array<f32>;
// A length in a type is cheaper to keep within than one that is asked for.
@group(0) @binding(3) var<storage, read_write> grad_input: array<f32, BATCH * IN_CHANNELS * IN_H * IN_W>;

fn of_quad(own: f32, lane: u32) -> vec4<f32> { return vec4<f32>(own); }

// The gradient that passes the gate.
fn arriving(at: u32) -> f32 {
    if (GATED) {
        return select(0.0, grad_output[at], gate[at] > 0.0);
    }
    return grad_output[at];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x % SHARED;
    let idx = (id.y * GRID_ROW + id.x) / SHARED;
    if (idx >= GROUPS * BLOCKS * TILE_COLUMNS * ROW_QUADS) {
        return;
    }
    // Past the last row and the group's last channel, the last ones are computed again, and whoever computes the same stores
    // the same.
    let row = min((idx % ROW_QUADS) * SHARED + lane, N_ROWS - 1u);
    let n = row / PIECES_H;
    let piece_y = row % PIECES_H;
    var piece_x = 0u;
    if (SPLITS_ROWS) { // if SPLITS_ROWS
        piece_x = ((idx / ROW_QUADS) % TILE_COLUMNS) * COLUMNS;
    }
    let block = (idx / (ROW_QUADS * TILE_COLUMNS)) % BLOCKS;
    let group = idx / (ROW_QUADS * TILE_COLUMNS * BLOCKS);
    let first = block * SHARED;
    // Above the map rows wrap around to a huge number: one comparison serves both ends; so do columns.
    let top = piece_y - BEFORE_H;
    let left = piece_x - BEFORE_W;

    var sums: array<array<array<f32, CELLS_W>, STRIDE_H>, SHARED>;
    for (var o = group * GROUP_OUT; o < (group + 1u) * GROUP_OUT; o += 1u) {
        let plane = (n * OUT_CHANNELS + o) * (OUT_H * OUT_W);
        var grads: array<array<f32, SEEN_W>, SEEN_H>;
        for (var i = 0u; i < SEEN_H; i += 1u) { // unrolled
            for (var j = 0u; j < SEEN_W; j += 1u) { // unrolled
                let at = plane + (top + i) * OUT_W + left + j;
                // Reading past a buffer's end gives some number, which is harmless.
                grads[i][j] = select(0.0, arriving(at), (top + i < OUT_H) & (left + j < OUT_W));
            }
        }
        let taps = weight[o * GROUP_IN + min(first + lane, GROUP_IN - 1u)];
        for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
            // Which row of a piece's cells meets this row of taps, and which gradients these cells meet by it.
            let cell_y = (i + (PADDING_H / STRIDE_H + 1u) * STRIDE_H - PADDING_H) % STRIDE_H;
            let met_y = (cell_y + PADDING_H + BEFORE_H * STRIDE_H - i) / STRIDE_H;
            var row_taps = array<array<array<Piece, ROW_PIECES>, STRIDE_W>, SHARED>();
            var met = array<array<array<Piece, ROW_PIECES>, STRIDE_W>, COLUMNS>();
            for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                let cell_x = (j + (PADDING_W / STRIDE_W + 1u) * STRIDE_W - PADDING_W) % STRIDE_W;
                let met_x = (cell_x + PADDING_W + BEFORE_W * STRIDE_W - j) / STRIDE_W;
                let place = j / STRIDE_W;
                let all = of_quad(taps[i * KERNEL_W + j], lane);
                for (var c = 0u; c < SHARED; c += 1u) { // unrolled
                    row_taps[c][cell_x][place / PIECE][place % PIECE] = all[c];
                }
                for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
                    met[x][cell_x][place / PIECE][place % PIECE] = grads[met_y][x + met_x];
                }
            }
            for (var c = 0u; c < SHARED; c += 1u) { // unrolled
                for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
                    for (var j = 0u; j < STRIDE_W; j += 1u) { // unrolled
                        for (var p = 0u; p < ROW_PIECES; p += 1u) { // unrolled
                            sums[c][cell_y][x * STRIDE_W + j] += dot(met[x][j][p], row_taps[c][j][p]);
                        }
                    }
                }
            }
        }
    }
    for (var c = 0u; c < SHARED; c += 1u) {
        let channel = group * GROUP_IN + min(first + c, GROUP_IN - 1u);
        for (var i = 0u; i < STRIDE_H; i += 1u) {
            let y = piece_y * STRIDE_H + i;
            for (var j = 0u; j < CELLS_W; j += 1u) {
                let x = piece_x * STRIDE_W + j;
                if (y < IN_H && x < IN_W) {
                    grad_input[((n * IN_CHANNELS + channel) * IN_H + y) * IN_W + x] = sums[c][i][j];
                }
            }
        }
    }
}
