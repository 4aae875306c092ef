// conv_block without pooling, which is a convolution alone where RELU is false, of dilation 1, by quads of invocations that
// share loads.
//
// input   [BATCH, IN_CHANNELS, IN_H, IN_W]
// weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// bias    [OUT_CHANNELS]; without HAS_BIAS it is never read, and anything may be bound
// output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
//
// One invocation computes COLUMNS neighbouring outputs of 4 · CHANNELS neighbouring output channels of one group, the others
// of its quad the same of the next rows, be they of the next image: each loads a quarter of the taps. What the outputs see of
// a row of the input stays in registers, where all channels' taps meet it: a load costs a GPU that is a program on the CPU as
// much as some twenty products. A row of taps is one product of vectors, in ROW_PIECES. Quads are numbered as [GROUPS, BLOCKS,
// TILE_COLUMNS, four rows of all images].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 4;
const OUT_H: u32 = 3;
const OUT_W: u32 = 3;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const STRIDE_H: u32 = 1;
const STRIDE_W: u32 = 1;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
const RELU: bool = true;
const HAS_BIAS: bool = true;
// The invocations of a quad.
const SHARED: u32 = 4;
const COLUMNS: u32 = 3;
// Whether a row is more than COLUMNS outputs. Where it is not, columns are known when this is compiled.
const SPLITS_ROWS: bool = false;
const CHANNELS: u32 = 1;
// What COLUMNS outputs see of a row of the input.
const SEEN_W: u32 = 5;
// A row of taps is so many vectors of so many numbers, those past the last tap 0.
alias Piece = vec3<f32>;
const PIECE: u32 = 3;
const ROW_PIECES: u32 = 1;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + SHARED * CHANNELS - 1u) / (SHARED * CHANNELS);
const KERNEL = KERNEL_H * KERNEL_W;
const TILE_COLUMNS = (OUT_W + COLUMNS - 1u) / COLUMNS;
const N_ROWS = BATCH * OUT_H;
const ROW_QUADS = (N_ROWS + SHARED - 1u) / SHARED;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<array<f32, KERNEL>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
// A length in a type is cheaper to keep within than one that is asked for.
@group(0) @binding(3) var<storage, read_write> output: array<f32, BATCH * OUT_CHANNELS * OUT_H * OUT_W>;

fn of_quad(own: f32, lane: u32) -> vec4<f32> { return vec4<f32>(own); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x % SHARED;
    let idx = (id.y * GRID_ROW + id.x) / SHARED;
    if (idx >= GROUPS * BLOCKS * TILE_COLUMNS * ROW_QUADS) {
        return;
    }
    // Past the last row and the group's last channel, the last ones are computed again. A row's last tile begins early enough
    // to be whole. Whoever computes the same stores the same.
    let row = min((idx % ROW_QUADS) * SHARED + lane, N_ROWS - 1u);
    let n = row / OUT_H;
    let out_y = row % OUT_H;
    var out_x = 0u;
    if (SPLITS_ROWS) { // if SPLITS_ROWS
        out_x = min(((idx / ROW_QUADS) % TILE_COLUMNS) * COLUMNS, OUT_W - COLUMNS);
    }
    let block = (idx / (ROW_QUADS * TILE_COLUMNS)) % BLOCKS;
    let group = idx / (ROW_QUADS * TILE_COLUMNS * BLOCKS);
    let first = group * GROUP_OUT + block * (SHARED * CHANNELS);
    let last = (group + 1u) * GROUP_OUT - 1u;
    // Above the input rows wrap around to a huge number: one comparison serves both ends; so do columns.
    let top = out_y * STRIDE_H - PADDING_H;
    let left = out_x * STRIDE_W - PADDING_W;

    var sums: array<array<array<f32, COLUMNS>, SHARED>, CHANNELS>;
    for (var c = 0u; c < GROUP_IN; c += 1u) {
        var taps = array<array<array<array<Piece, ROW_PIECES>, KERNEL_H>, SHARED>, CHANNELS>();
        for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
            let numbers = weight[min(first + SHARED * o + lane, last) * GROUP_IN + c];
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    let all = of_quad(numbers[i * KERNEL_W + j], lane);
                    for (var k = 0u; k < SHARED; k += 1u) { // unrolled
                        taps[o][k][i][j / PIECE][j % PIECE] = all[k];
                    }
                }
            }
        }
        let plane = (n * IN_CHANNELS + group * GROUP_IN + c) * (IN_H * IN_W);
        for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
            var inputs: array<f32, SEEN_W>;
            for (var j = 0u; j < SEEN_W; j += 1u) { // unrolled
                // Reading past a buffer's end gives some number, which is harmless.
                let loaded = input[plane + (top + i) * IN_W + left + j];
                inputs[j] = select(0.0, loaded, (top + i < IN_H) & (left + j < IN_W));
            }
            for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
                var seen = array<Piece, ROW_PIECES>();
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    seen[j / PIECE][j % PIECE] = inputs[x * STRIDE_W + j];
                }
                for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
                    for (var k = 0u; k < SHARED; k += 1u) { // unrolled
                        for (var p = 0u; p < ROW_PIECES; p += 1u) { // unrolled
                            sums[o][k][x] += dot(seen[p], taps[o][k][i][p]);
                        }
                    }
                }
            }
        }
    }
    for (var o = 0u; o < CHANNELS; o += 1u) {
        for (var k = 0u; k < SHARED; k += 1u) {
            let channel = min(first + SHARED * o + k, last);
            var offset = 0.0;
            if (HAS_BIAS) { // if HAS_BIAS
                offset = bias[channel];
            }
            let at = ((n * OUT_CHANNELS + channel) * OUT_H + out_y) * OUT_W + out_x;
            for (var x = 0u; x < COLUMNS; x += 1u) {
                let number = sums[o][k][x] + offset;
                output[at + x] = select(number, 0.0, RELU & (number < 0.0));
            }
        }
    }
}
