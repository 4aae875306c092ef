// conv_block where the convolution's stride and dilation are 1 and pooling halves the map (2×2, stride 2, no padding).
//
// input   [BATCH, IN_CHANNELS, IN_H, IN_W]
// weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// bias    [OUT_CHANNELS]; without HAS_BIAS it is never read, and anything may be bound
// output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// choice  as the output; see conv_block; without HAS_CHOICE it is never written
//
// One invocation computes COLUMNS neighbouring outputs, which are windows of two by two cells of the convolution's map, of
// CHANNELS neighbouring output channels of one group. The inputs that all of these see stay in registers, which needs
// loops that are written out: a load costs a GPU that is a program on the CPU as much as some twenty products. Such a GPU is
// as fast as it reads its instructions, so cells are summed one by one, each over all taps: a sum then stays in a register, as
// four in a vector would not. A row of taps is one product of vectors, in ROW_PIECES, which is compiled sooner than single
// taps.
// SHARED invocations, one, or the four of a quad, compute the same outputs of neighbouring channels: each of the inputs is
// loaded by one of them. Invocations are numbered as [BATCH, GROUPS, BLOCKS, OUT_H, TILE_COLUMNS, SHARED].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_W: u32 = 5;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;
const GROUPS: u32 = 1;
// IN_CHANNELS / GROUPS.
const GROUP_IN: u32 = 1;
const ONE_CHANNEL: bool = true;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const PADDING_H: u32 = 1;
const PADDING_W: u32 = 1;
const RELU: bool = true;
const HAS_BIAS: bool = true;
const HAS_CHOICE: bool = true;
const COLUMNS: u32 = 2;
const CHANNELS: u32 = 4;
const SHARED: u32 = 1;
// What the windows see of the input: KERNEL_H + 1, and KERNEL_W + 2 · COLUMNS − 1 in so many pieces of SHARED numbers.
const SEEN_H: u32 = 4;
const SEEN_PIECES: u32 = 6;
// The cells of the convolution's map in a row of windows: 2 · COLUMNS.
const CELLS_W: u32 = 4;
// A row of taps is so many vectors of so many numbers, those past the last tap 0.
alias Piece = vec3<f32>;
const PIECE: u32 = 3;
const ROW_PIECES: u32 = 1;

const NO_CHOICE = 0xffffffffu;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + SHARED * CHANNELS - 1u) / (SHARED * CHANNELS);
const KERNEL = KERNEL_H * KERNEL_W;
const IN_PLANE = IN_H * IN_W;
const TILE_COLUMNS = (OUT_W + COLUMNS - 1u) / COLUMNS;
const N_OUTPUTS = BATCH * OUT_CHANNELS * OUT_H * OUT_W;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<array<f32, KERNEL>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
// A length in a type is cheaper to keep within than one that is asked for.
@group(0) @binding(3) var<storage, read_write> output: array<f32, N_OUTPUTS>;
@group(0) @binding(4) var<storage, read_write> choice: array<u32, 1u + u32(HAS_CHOICE) * (N_OUTPUTS - 1u)>;

fn of_quad(own: f32, lane: u32) -> vec4<f32> { return vec4<f32>(own); }

// Compilers may assume that no number is NaN, so the bits are asked.
fn exceeds(a: f32, b: f32) -> bool {
    return (b > a) | ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u);
}

// The largest of a window's four cells, row by row, the first of which is `first` in the map.
fn store(at: u32, first: u32, cells: vec4<f32>) {
    var largest = cells.x;
    var cell = first;
    let second = exceeds(largest, cells.y);
    largest = select(largest, cells.y, second);
    cell = select(cell, first + 1u, second);
    let third = exceeds(largest, cells.z);
    largest = select(largest, cells.z, third);
    cell = select(cell, first + CONV_W, third);
    let fourth = exceeds(largest, cells.w);
    largest = select(largest, cells.w, fourth);
    cell = select(cell, first + CONV_W + 1u, fourth);
    output[at] = select(largest, 0.0, RELU & (largest < 0.0));
    if (HAS_CHOICE) { // if HAS_CHOICE
        choice[at] = select(cell, NO_CHOICE, RELU & !(largest > 0.0));
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x % SHARED;
    let idx = (id.y * GRID_ROW + id.x) / SHARED;
    if (idx >= BATCH * GROUPS * BLOCKS * OUT_H * TILE_COLUMNS) {
        return;
    }
    // A row's last tile begins early enough to be whole: what two tiles compute, both store, and it is the same.
    let out_x = min((idx % TILE_COLUMNS) * COLUMNS, OUT_W - COLUMNS);
    let out_y = (idx / TILE_COLUMNS) % OUT_H;
    let block = (idx / (TILE_COLUMNS * OUT_H)) % BLOCKS;
    let group = (idx / (TILE_COLUMNS * OUT_H * BLOCKS)) % GROUPS;
    let n = idx / (TILE_COLUMNS * OUT_H * BLOCKS * GROUPS);
    let first = group * GROUP_OUT + (block * SHARED + lane) * CHANNELS;
    let last = (group + 1u) * GROUP_OUT;
    // Above the input rows wrap around to a huge number: one comparison serves both ends; so do columns.
    let top = 2u * out_y - PADDING_H;
    let left = 2u * out_x - PADDING_W;

    var sums: array<array<array<f32, CELLS_W>, 2>, CHANNELS>;
    // One channel is no loop: in SwiftShader all sums would pass from one turn to the next, a third of such a kernel's time.
    for (var c = 0u; c < GROUP_IN; c += 1u) { // unrolled if ONE_CHANNEL
        let plane = (n * IN_CHANNELS + group * GROUP_IN + c) * IN_PLANE;
        var inputs: array<array<f32, SHARED * SEEN_PIECES>, SEEN_H>;
        for (var i = 0u; i < SEEN_H; i += 1u) { // unrolled
            for (var j = 0u; j < SEEN_PIECES; j += 1u) { // unrolled
                let x = left + SHARED * j + lane;
                // Reading past a buffer's end gives some number, which is harmless.
                let loaded = input[plane + (top + i) * IN_W + x];
                let own = select(0.0, loaded, (top + i < IN_H) & (x < IN_W));
                let all = of_quad(own, lane);
                for (var k = 0u; k < SHARED; k += 1u) { // unrolled
                    inputs[i][SHARED * j + k] = all[k];
                }
            }
        }
        // What the cells of each row meet of each row of the input.
        var rows: array<array<array<Piece, ROW_PIECES>, CELLS_W>, SEEN_H>;
        for (var i = 0u; i < SEEN_H; i += 1u) { // unrolled
            for (var x = 0u; x < CELLS_W; x += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    rows[i][x][j / PIECE][j % PIECE] = inputs[i][x + j];
                }
            }
        }
        for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
            // Past the group's last channel, the last one is computed and stored again.
            let numbers = weight[min(first + o, last - 1u) * GROUP_IN + c];
            var taps: array<array<Piece, ROW_PIECES>, KERNEL_H>;
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    taps[i][j / PIECE][j % PIECE] = numbers[i * KERNEL_W + j];
                }
            }
            for (var y = 0u; y < 2u; y += 1u) { // unrolled
                for (var x = 0u; x < CELLS_W; x += 1u) { // unrolled
                    for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                        for (var k = 0u; k < ROW_PIECES; k += 1u) { // unrolled
                            sums[o][y][x] += dot(rows[y + i][x][k], taps[i][k]);
                        }
                    }
                }
            }
        }
    }
    for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
        let channel = min(first + o, last - 1u);
        var offset = 0.0;
        if (HAS_BIAS) { // if HAS_BIAS
            offset = bias[channel];
        }
        let row = ((n * OUT_CHANNELS + channel) * OUT_H + out_y) * OUT_W + out_x;
        for (var x = 0u; x < COLUMNS; x += 1u) { // unrolled
            let upper = vec2<f32>(sums[o][0][2u * x], sums[o][0][2u * x + 1u]);
            let lower = vec2<f32>(sums[o][1][2u * x], sums[o][1][2u * x + 1u]);
            store(row + x, 2u * (out_y * CONV_W + out_x + x), vec4<f32>(upper, lower) + offset);
        }
    }
}
