// The gradients of conv_block with respect to its weight and bias, its input, or both at once, where the convolution's stride
// and dilation are 1 and pooling halves the map (2×2, stride 2, no padding).
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// choice       as grad_output: which cell of the convolution's map pooling took
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]; without OF_WEIGHT it is never read, and anything may be bound
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]; likewise without OF_INPUT
// grad_weight  as the weight; without OF_WEIGHT it is never written
// grad_bias    [OUT_CHANNELS]; without OF_WEIGHT or HAS_BIAS it is never written
// grad_input   as the input; without OF_INPUT it is never written
//
// SHARED invocations, one, or the four of a quad, work for neighbouring input channels: each of the gradient's numbers is loaded
// by one of them.
//
// The first workgroups compute the weight's gradient, each the taps of four neighbouring output channels and SHARED input
// channels: of each of these, LANES / SHARED invocations sum their shares of the rows of all images. BY_LANES, these are then
// added through the workgroup's memory; BY_QUADS, the workgroup is a quad, and needs no memory, nor barriers, for which a GPU
// that is a program keeps a stack for every invocation. The inputs that the four cells of a pooling window see are in registers
// for all taps and channels, and slide along the row with it. These workgroups are numbered as [GROUPS, BLOCKS, IN_BLOCKS].
//
// The other INPUT_GROUPS workgroups compute the input's gradient, in tiles: COLUMNS neighbouring squares of two by two numbers
// of TILE_CHANNELS neighbouring channels. The part of the map that all of these see stays in registers; numbers are summed
// one by one, as conv_block_halving sums its cells. Each invocation takes every so many tiles: with barriers, twenty times fewer
// invocations are a third faster in SwiftShader. The tiles are numbered as [BATCH, GROUPS, TILE_BLOCKS, TILE_ROWS, TILE_COLUMNS,
// SHARED].
//
// Without UNROLLS_STORES the loops that store are loops, of copies, as an array in registers cannot be indexed by a variable: a
// store is much code to a GPU that is a program.

const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_W: u32 = 5;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const PADDING_H: u32 = 1;
const PADDING_W: u32 = 1;
const OF_WEIGHT: bool = true;
const BY_LANES: bool = true;
const BY_QUADS: bool = true;
const OF_INPUT: bool = true;
const HAS_BIAS: bool = true;
const UNROLLS_STORES: bool = true;
const LANES: u32 = 64;
const SHARED: u32 = 1;
// How many output channels' gradients an invocation loads: 4 / SHARED.
const PIECES: u32 = 4;
// Whether invocations swap these; and whether a quad's sums are added at last: BY_QUADS, where SHARED is 4, or 1.
const SWAPS: bool = true;
const ADDS: bool = true;
// What a window sees of the input: KERNEL_H + 1, and KERNEL_W + 1.
const SEEN_H: u32 = 4;
const SEEN_W: u32 = 4;
// How many of these columns the window before has seen too.
const SEEN_AGAIN: u32 = 2;
const COLUMNS: u32 = 2;
const TILE_CHANNELS: u32 = 4;
const INPUT_GROUPS: u32 = 1;
// The windows that a tile sees begin with this one, counted from the tile's own position; it may wrap around below 0.
const FIRST_H: u32 = 4294967295;
const FIRST_W: u32 = 4294967295;
// How far into that window the first cell is that is seen: 0 or 1.
const SHIFT_H: u32 = 1;
const SHIFT_W: u32 = 1;
const WINDOWS_H: u32 = 3;
// In so many pieces of SHARED windows.
const WINDOW_PIECES: u32 = 4;
// The rows of cells in these windows, twice as many.
const CELLS_H: u32 = 6;
// The numbers of a tile in a row: 2 · COLUMNS; and the rows of cells that they meet: KERNEL_H + 1.
const TILE_W: u32 = 4;
const MET_H: u32 = 4;
// A row of taps is so many vectors of so many numbers, those past the last tap 0.
alias Piece = vec3<f32>;
const PIECE: u32 = 3;
const ROW_PIECES: u32 = 1;

const CHANNELS = 4u;
const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const KERNEL = KERNEL_H * KERNEL_W;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const BLOCKS = (GROUP_OUT + CHANNELS - 1u) / CHANNELS;
const IN_BLOCKS = (GROUP_IN + SHARED - 1u) / SHARED;
const WEIGHT_GROUPS = u32(OF_WEIGHT) * (GROUPS * BLOCKS * IN_BLOCKS);
// Of one invocation: the taps of a channel, and its bias behind them; and those of all channels.
const CHANNEL_SUMS = KERNEL + 1u;
const N_SUMS = CHANNELS * CHANNEL_SUMS;
const CELLS_W = 2u * SHARED * WINDOW_PIECES;
const TILE_BLOCKS = (GROUP_IN + SHARED * TILE_CHANNELS - 1u) / (SHARED * TILE_CHANNELS);
const TILE_ROWS = (IN_H + 1u) / 2u;
const TILE_COLUMNS = (IN_W + 2u * COLUMNS - 1u) / (2u * COLUMNS);
const N_TILES = BATCH * GROUPS * TILE_BLOCKS * TILE_ROWS * TILE_COLUMNS;
const GRID_ROW = 65535u;

// What is always bound has its length in its type, which is cheaper to keep within than a length that is asked for.
@group(0) @binding(0) var<storage, read> grad_output: array<f32, BATCH * OUT_CHANNELS * OUT_PLANE>;
@group(0) @binding(1) var<storage, read> choice: array<u32, BATCH * OUT_CHANNELS * OUT_PLANE>;
@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<array<f32, KERNEL>>;
@group(0) @binding(4) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> grad_input: array<f32>;

// All sums of a lane, then those of the next.
var<workgroup> shares: array<f32, LANES * N_SUMS>;

fn of_quad(own: f32, lane: u32) -> vec4<f32> { return vec4<f32>(own); }

// A number of the input, or 0 outside it: reading past a buffer's end gives some number, which is harmless.
fn input_at(plane: u32, y: u32, x: u32) -> f32 {
    return select(0.0, input[plane + y * IN_W + x], (y < IN_H) & (x < IN_W));
}

fn of_weight(idx: u32, lane: u32) { // if OF_WEIGHT
    let part = lane % SHARED;
    let own_c = (idx % IN_BLOCKS) * SHARED + part;
    // Past the group's last channel, the last one is computed again and not stored, here and below.
    let c = min(own_c, GROUP_IN - 1u);
    let group = idx / (IN_BLOCKS * BLOCKS);
    let first = group * GROUP_OUT + ((idx / IN_BLOCKS) % BLOCKS) * CHANNELS;
    let last = (group + 1u) * GROUP_OUT;

    var sums: array<array<f32, KERNEL>, CHANNELS>;
    var biases: array<f32, PIECES>;
    for (var out_row = lane / SHARED; out_row < BATCH * OUT_H; out_row += LANES / SHARED) {
        let n = out_row / OUT_H;
        let out_y = out_row % OUT_H;
        // Outside the input positions wrap around to a huge number: one comparison serves both ends.
        let top = 2u * out_y - PADDING_H;
        let plane = (n * IN_CHANNELS + group * GROUP_IN + c) * IN_PLANE;
        var planes: array<u32, PIECES>;
        for (var p = 0u; p < PIECES; p += 1u) { // unrolled
            let o = min(first + SHARED * p + part, last - 1u);
            planes[p] = (n * OUT_CHANNELS + o) * OUT_PLANE + out_y * OUT_W;
        }
        // What the window at hand sees. Its last two columns are new, the others the one before it has seen too.
        var inputs: array<array<f32, SEEN_W>, SEEN_H>;
        for (var i = 0u; i < SEEN_H; i += 1u) { // unrolled
            for (var j = 0u; j < SEEN_AGAIN; j += 1u) { // unrolled
                inputs[i][j + 2u] = input_at(plane, top + i, j - PADDING_W);
            }
        }
        for (var out_x = 0u; out_x < OUT_W; out_x += 1u) {
            let cell = 2u * (out_y * CONV_W + out_x);
            // Of each channel the gradients of the window's four cells, of which pooling lets one through.
            var grads: array<vec4<f32>, CHANNELS>;
            for (var p = 0u; p < PIECES; p += 1u) { // unrolled
                let grad = grad_output[planes[p] + out_x];
                let place = vec4<u32>(choice[planes[p] + out_x] - cell);
                let chosen = place == vec4<u32>(0u, 1u, CONV_W, CONV_W + 1u);
                let own = select(vec4<f32>(0.0), vec4<f32>(grad), chosen);
                biases[p] += select(0.0, grad, any(chosen));
                grads[p] = own;
                if (SWAPS) { // if SWAPS
                    // In each invocation another order: grads[o] is of the channel o ^ part.
                    grads[1] = quadSwapX(own);
                    grads[2] = quadSwapY(own);
                    grads[3] = quadSwapDiagonal(own);
                }
            }
            let left = 2u * out_x + SEEN_AGAIN - PADDING_W;
            for (var i = 0u; i < SEEN_H; i += 1u) { // unrolled
                for (var j = 0u; j < SEEN_AGAIN; j += 1u) { // unrolled
                    inputs[i][j] = inputs[i][j + 2u];
                }
                inputs[i][SEEN_AGAIN] = input_at(plane, top + i, left);
                inputs[i][SEEN_AGAIN + 1u] = input_at(plane, top + i, left + 1u);
            }
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    let upper = vec2<f32>(inputs[i][j], inputs[i][j + 1u]);
                    let lower = vec2<f32>(inputs[i + 1u][j], inputs[i + 1u][j + 1u]);
                    for (var o = 0u; o < 4u; o += 1u) { // unrolled
                        sums[o][i * KERNEL_W + j] += dot(grads[o], vec4<f32>(upper, lower));
                    }
                }
            }
        }
    }

    var finished = sums;
    if (BY_LANES) { // if BY_LANES
        var finished_biases = biases;
        for (var o = 0u; o < 4u; o += 1u) { // unrolled if UNROLLS_STORES
            let own = lane * N_SUMS + o * CHANNEL_SUMS;
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled if UNROLLS_STORES
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled if UNROLLS_STORES
                    shares[own + i * KERNEL_W + j] = finished[o][i * KERNEL_W + j];
                }
            }
            shares[own + KERNEL] = finished_biases[o];
        }
        workgroupBarrier();
        for (var own = lane; own < N_SUMS; own += LANES) {
            var sum = 0.0;
            for (var k = 0u; k < LANES; k += 1u) {
                sum += shares[k * N_SUMS + own];
            }
            let channel = first + own / CHANNEL_SUMS;
            let tap = own % CHANNEL_SUMS;
            if (channel >= last) {
                continue;
            }
            if (tap < KERNEL) {
                grad_weight[(channel * GROUP_IN + c) * KERNEL + tap] = sum;
            } else if (HAS_BIAS && c == 0u) {
                grad_bias[channel] = sum;
            }
        }
    }
    if (BY_QUADS) { // if BY_QUADS
        let is_stored = (own_c < GROUP_IN) & (lane / SHARED == 0u);
        for (var o = 0u; o < 4u; o += 1u) { // unrolled if UNROLLS_STORES
            let channel = first + (o ^ part);
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled if UNROLLS_STORES
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled if UNROLLS_STORES
                    var sum = finished[o][i * KERNEL_W + j];
                    if (ADDS) { // if ADDS
                        let pair = sum + quadSwapX(sum);
                        sum = pair + quadSwapY(pair);
                    }
                    if (is_stored & (channel < last)) {
                        grad_weight[(channel * GROUP_IN + c) * KERNEL + i * KERNEL_W + j] = sum;
                    }
                }
            }
        }
        for (var p = 0u; p < PIECES; p += 1u) { // unrolled
            let channel = first + SHARED * p + part;
            var sum = biases[p];
            if (ADDS) { // if ADDS
                let pair = sum + quadSwapX(sum);
                sum = pair + quadSwapY(pair);
            }
            if (HAS_BIAS & (idx % IN_BLOCKS == 0u) & (lane / SHARED == 0u) & (channel < last)) {
                grad_bias[channel] = sum;
            }
        }
    }
}

fn of_input(idx: u32, lane: u32) { // if OF_INPUT
    let tile_x = (idx % TILE_COLUMNS) * COLUMNS;
    let tile_y = (idx / TILE_COLUMNS) % TILE_ROWS;
    let block = (idx / (TILE_COLUMNS * TILE_ROWS)) % TILE_BLOCKS;
    let group = (idx / (TILE_COLUMNS * TILE_ROWS * TILE_BLOCKS)) % GROUPS;
    let n = idx / (TILE_COLUMNS * TILE_ROWS * TILE_BLOCKS * GROUPS);
    let first = (block * SHARED + lane) * TILE_CHANNELS;

    var sums: array<array<array<f32, TILE_W>, 2>, TILE_CHANNELS>;
    for (var o = group * GROUP_OUT; o < (group + 1u) * GROUP_OUT; o += 1u) {
        let plane = (n * OUT_CHANNELS + o) * OUT_PLANE;
        // The gradient of the convolution's map, of which pooling lets one number through per window.
        var grads: array<array<f32, CELLS_W>, CELLS_H>;
        for (var i = 0u; i < WINDOWS_H; i += 1u) { // unrolled
            for (var j = 0u; j < WINDOW_PIECES; j += 1u) { // unrolled
                // Above the map windows wrap around to a huge number: one comparison serves both ends.
                let y = tile_y + FIRST_H + i;
                let x = tile_x + FIRST_W + SHARED * j + lane;
                let inside = (y < OUT_H) & (x < OUT_W);
                let at = plane + y * OUT_W + x;
                let grad = select(0.0, grad_output[at], inside);
                let place = vec4<u32>(choice[at] - 2u * (y * CONV_W + x));
                let chosen = place == vec4<u32>(0u, 1u, CONV_W, CONV_W + 1u);
                let own = select(vec4<f32>(0.0), vec4<f32>(grad), chosen);
                for (var cell = 0u; cell < 4u; cell += 1u) { // unrolled
                    let all = of_quad(own[cell], lane);
                    for (var k = 0u; k < SHARED; k += 1u) { // unrolled
                        grads[2u * i + cell / 2u][2u * (SHARED * j + k) + cell % 2u] = all[k];
                    }
                }
            }
        }
        // What the tile's numbers of each row meet of each row of cells.
        var rows: array<array<array<Piece, ROW_PIECES>, TILE_W>, MET_H>;
        for (var i = 0u; i < MET_H; i += 1u) { // unrolled
            for (var x = 0u; x < TILE_W; x += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    rows[i][x][j / PIECE][j % PIECE] = grads[SHIFT_H + i][SHIFT_W + x + j];
                }
            }
        }
        for (var c = 0u; c < TILE_CHANNELS; c += 1u) { // unrolled
            // Past the group's last channel, the last one is computed again and not stored.
            let numbers = weight[o * GROUP_IN + min(first + c, GROUP_IN - 1u)];
            // From the last tap to the first: tap by tap the map moves the other way.
            var taps: array<array<Piece, ROW_PIECES>, KERNEL_H>;
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    taps[i][j / PIECE][j % PIECE] = numbers[KERNEL - 1u - (i * KERNEL_W + j)];
                }
            }
            for (var y = 0u; y < 2u; y += 1u) { // unrolled
                for (var x = 0u; x < TILE_W; x += 1u) { // unrolled
                    for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                        for (var k = 0u; k < ROW_PIECES; k += 1u) { // unrolled
                            sums[c][y][x] += dot(rows[y + i][x][k], taps[i][k]);
                        }
                    }
                }
            }
        }
    }
    var finished = sums;
    for (var c = 0u; c < TILE_CHANNELS; c += 1u) { // unrolled if UNROLLS_STORES
        if (first + c < GROUP_IN) {
            let plane = ((n * IN_CHANNELS + group * GROUP_IN + first + c) * IN_H + 2u * tile_y) * IN_W + 2u * tile_x;
            for (var y = 0u; y < 2u; y += 1u) { // unrolled if UNROLLS_STORES
                for (var x = 0u; x < TILE_W; x += 1u) { // unrolled if UNROLLS_STORES
                    if ((2u * tile_y + y < IN_H) & (2u * tile_x + x < IN_W)) {
                        grad_input[plane + y * IN_W + x] = finished[c][y][x];
                    }
                }
            }
        }
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx < WEIGHT_GROUPS) { // if OF_WEIGHT
        of_weight(idx, lane);
    }
    if (idx >= WEIGHT_GROUPS) { // if OF_INPUT
        let first = ((idx - WEIGHT_GROUPS) * LANES + lane) / SHARED;
        for (var tile = first; tile < N_TILES; tile += INPUT_GROUPS * LANES / SHARED) {
            of_input(tile, lane % SHARED);
        }
    }
}
