// The gradients of conv_rows with respect to its weight and bias.
//
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// gate         as grad_output: conv_rows' output, whose positive numbers let gradients through; without GATED it is never
//              read, and anything may be bound
// grad_weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// grad_bias    [OUT_CHANNELS]; without HAS_BIAS it is never written
//
// The four invocations of a quad take an input channel each, and all taps of four neighbouring output channels. Each loads
// the gradients of one of these and shares them. They go through all images, COLUMNS outputs of a row at a time, whose inputs
// and gradients stay in registers. The products with a tap are one of vectors, in ROW_PIECES. Quads are numbered as [GROUPS,
// BLOCKS of output channels, PIECES of input channels].

const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 4;
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
const GATED: bool = true;
const HAS_BIAS: bool = true;
// The invocations of a quad.
const SHARED: u32 = 4;
const COLUMNS: u32 = 3;
// Whether a row is more than COLUMNS outputs. Where it is not, columns are known when this is compiled.
const SPLITS_ROWS: bool = false;
// What COLUMNS outputs see of a row of the input.
const SEEN_W: u32 = 5;
// COLUMNS outputs are so many vectors of so many numbers, those past the last 0.
alias Piece = vec3<f32>;
const PIECE: u32 = 3;
const ROW_PIECES: u32 = 1;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + SHARED - 1u) / SHARED;
const PIECES = (GROUP_IN + SHARED - 1u) / SHARED;
const TILE_COLUMNS = (OUT_W + COLUMNS - 1u) / COLUMNS;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<array<f32, KERNEL_H * KERNEL_W>>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;

fn of_quad(own: f32, lane: u32) -> vec4<f32> { return vec4<f32>(own); }

// The gradient that passes the gate.
fn arriving(at: u32) -> f32 {
    if (GATED) {
        return select(0.0, grad_output[at], gate[at] > 0.0);
    }
    return grad_output[at];
}

@compute @workgroup_size(SHARED)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= GROUPS * BLOCKS * PIECES) {
        return;
    }
    let group = idx / (BLOCKS * PIECES);
    let first = ((idx / PIECES) % BLOCKS) * SHARED;
    // Past the group's last channels, the last ones are computed again.
    let in_channel = min((idx % PIECES) * SHARED + lane, GROUP_IN - 1u);
    let own_channel = group * GROUP_OUT + min(first + lane, GROUP_OUT - 1u);

    var sums: array<array<array<f32, KERNEL_W>, KERNEL_H>, SHARED>;
    var bias = 0.0;
    for (var tile = 0u; tile < BATCH * OUT_H * TILE_COLUMNS; tile += 1u) {
        var out_x = 0u;
        if (SPLITS_ROWS) { // if SPLITS_ROWS
            out_x = (tile % TILE_COLUMNS) * COLUMNS;
        }
        let out_y = (tile / TILE_COLUMNS) % OUT_H;
        let n = tile / (TILE_COLUMNS * OUT_H);
        let out_row = ((n * OUT_CHANNELS + own_channel) * OUT_H + out_y) * OUT_W;
        var grads = array<array<Piece, ROW_PIECES>, SHARED>();
        for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
            // Reading past a buffer's end gives some number, which is harmless.
            let own = select(0.0, arriving(out_row + out_x + x), out_x + x < OUT_W);
            bias += own;
            let all = of_quad(own, lane);
            for (var o = 0u; o < SHARED; o += 1u) { // unrolled
                grads[o][x / PIECE][x % PIECE] = all[o];
            }
        }
        // Above the input rows wrap around to a huge number: one comparison serves both ends; so do columns.
        let top = out_y * STRIDE_H - PADDING_H;
        let left = out_x * STRIDE_W - PADDING_W;
        let plane = (n * IN_CHANNELS + group * GROUP_IN + in_channel) * (IN_H * IN_W);
        for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
            var inputs: array<f32, SEEN_W>;
            for (var j = 0u; j < SEEN_W; j += 1u) { // unrolled
                let loaded = input[plane + (top + i) * IN_W + left + j];
                inputs[j] = select(0.0, loaded, (top + i < IN_H) & (left + j < IN_W));
            }
            for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                var seen = array<Piece, ROW_PIECES>();
                for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
                    seen[x / PIECE][x % PIECE] = inputs[x * STRIDE_W + j];
                }
                for (var o = 0u; o < SHARED; o += 1u) { // unrolled
                    for (var k = 0u; k < ROW_PIECES; k += 1u) { // unrolled
                        sums[o][i][j] += dot(seen[k], grads[o][k]);
                    }
                }
            }
        }
    }

    for (var o = 0u; o < SHARED; o += 1u) {
        let channel = group * GROUP_OUT + min(first + o, GROUP_OUT - 1u);
        for (var i = 0u; i < KERNEL_H; i += 1u) {
            for (var j = 0u; j < KERNEL_W; j += 1u) {
                grad_weight[channel * GROUP_IN + in_channel][i * KERNEL_W + j] = sums[o][i][j];
            }
        }
    }
    if (HAS_BIAS) {
        grad_bias[own_channel] = bias;
    }
}
