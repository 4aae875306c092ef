// conv_block where the convolution's stride and dilation are 1 and pooling halves the map (2×2, stride 2, no padding).
//
// input   [BATCH, IN_CHANNELS, IN_H, IN_W]
// weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// bias    [OUT_CHANNELS]; without HAS_BIAS it is never read, and anything may be bound
// output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// choice  as the output; see conv_block; without HAS_CHOICE it is never written
//
// One invocation computes four rows by four columns of the convolution's map, which become two by two outputs, of eight
// neighbouring output channels of one group. From tap to tap along a row the inputs move by one column, so that four
// loads and eight weights serve 128 products: eight times fewer loads than conv_block's, which is what a GPU that is a
// program on the CPU spends its time with. Invocations are numbered as [BATCH, GROUPS, BLOCKS, TILE_ROWS, TILE_COLUMNS].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_W: u32 = 3;
const OUT_H: u32 = 1;
const OUT_W: u32 = 1;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
const RELU: bool = true;
const HAS_BIAS: bool = true;
const HAS_CHOICE: bool = true;

const NO_CHOICE = 0xffffffffu;
const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + 7u) / 8u;
const KERNEL = KERNEL_H * KERNEL_W;
const FILTER = GROUP_IN * KERNEL;
const IN_PLANE = IN_H * IN_W;
const TILE_ROWS = (OUT_H + 1u) / 2u;
const TILE_COLUMNS = (OUT_W + 1u) / 2u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read_write> choice: array<u32>;

// Compilers may assume that no number is NaN, so the bits are asked.
fn exceeds(a: f32, b: f32) -> bool {
    return b > a || (bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u;
}

// The largest of a window of two rows whose first cell is [y, x].
fn store_one(plane: u32, y: u32, x: u32, upper: vec2<f32>, lower: vec2<f32>) {
    if (y / 2u >= OUT_H || x / 2u >= OUT_W) {
        return;
    }
    var largest = upper.x;
    var cell = y * CONV_W + x;
    if (exceeds(largest, upper.y)) {
        largest = upper.y;
        cell = y * CONV_W + x + 1u;
    }
    if (exceeds(largest, lower.x)) {
        largest = lower.x;
        cell = (y + 1u) * CONV_W + x;
    }
    if (exceeds(largest, lower.y)) {
        largest = lower.y;
        cell = (y + 1u) * CONV_W + x + 1u;
    }
    let at = plane + (y / 2u) * OUT_W + x / 2u;
    output[at] = select(largest, 0.0, RELU && largest < 0.0);
    if (HAS_CHOICE) {
        choice[at] = select(cell, NO_CHOICE, RELU && !(largest > 0.0));
    }
}

fn store(n: u32, channel: u32, last: u32, y: u32, x: u32, sums: mat4x4<f32>) {
    if (channel >= last) {
        return;
    }
    var offset = 0.0;
    if (HAS_BIAS) {
        offset = bias[channel];
    }
    let rows = sums + mat4x4<f32>(vec4<f32>(offset), vec4<f32>(offset), vec4<f32>(offset), vec4<f32>(offset));
    let plane = (n * OUT_CHANNELS + channel) * (OUT_H * OUT_W);
    store_one(plane, y, x, rows[0].xy, rows[1].xy);
    store_one(plane, y, x + 2u, rows[0].zw, rows[1].zw);
    store_one(plane, y + 2u, x, rows[2].xy, rows[3].xy);
    store_one(plane, y + 2u, x + 2u, rows[2].zw, rows[3].zw);
}

// The input at four rows of one column. Above the input rows wrap around to a huge number: one comparison serves both
// ends; so do columns.
fn column(rows: vec4<u32>, inside_rows: vec4<bool>, x: u32) -> vec4<f32> {
    let inside = inside_rows & vec4<bool>(x < IN_W);
    let cells = select(vec4<u32>(0u), rows + x, inside);
    let loaded = vec4<f32>(input[cells.x], input[cells.y], input[cells.z], input[cells.w]);
    return select(vec4<f32>(0.0), loaded, inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= BATCH * GROUPS * BLOCKS * TILE_ROWS * TILE_COLUMNS) {
        return;
    }
    let x = (idx % TILE_COLUMNS) * 4u;
    let y = ((idx / TILE_COLUMNS) % TILE_ROWS) * 4u;
    let block = (idx / (TILE_COLUMNS * TILE_ROWS)) % BLOCKS;
    let group = (idx / (TILE_COLUMNS * TILE_ROWS * BLOCKS)) % GROUPS;
    let n = idx / (TILE_COLUMNS * TILE_ROWS * BLOCKS * GROUPS);
    let first = group * GROUP_OUT + block * 8u;
    let last = (group + 1u) * GROUP_OUT;
    // Past the group's last channel, the last one is computed again and not stored.
    let filters_0 = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(last - 1u)) * FILTER;
    let filters_1 = min(first + vec4<u32>(4u, 5u, 6u, 7u), vec4<u32>(last - 1u)) * FILTER;

    // Of each channel, four columns of four rows.
    var sums_0: mat4x4<f32>;
    var sums_1: mat4x4<f32>;
    var sums_2: mat4x4<f32>;
    var sums_3: mat4x4<f32>;
    var sums_4: mat4x4<f32>;
    var sums_5: mat4x4<f32>;
    var sums_6: mat4x4<f32>;
    var sums_7: mat4x4<f32>;
    for (var c = 0u; c < GROUP_IN; c += 1u) {
        let plane = (n * IN_CHANNELS + group * GROUP_IN + c) * IN_PLANE;
        for (var i = 0u; i < KERNEL_H; i += 1u) {
            let in_y = y + vec4<u32>(0u, 1u, 2u, 3u) + i - PADDING_H;
            let inside = in_y < vec4<u32>(IN_H);
            let rows = plane + in_y * IN_W;
            let left = x - PADDING_W;
            var inputs = mat4x4<f32>(
                vec4<f32>(0.0),
                column(rows, inside, left),
                column(rows, inside, left + 1u),
                column(rows, inside, left + 2u),
            );
            for (var j = 0u; j < KERNEL_W; j += 1u) {
                inputs = mat4x4<f32>(inputs[1], inputs[2], inputs[3], column(rows, inside, left + 3u + j));
                let tap = (c * KERNEL_H + i) * KERNEL_W + j;
                sums_0 += inputs * weight[filters_0.x + tap];
                sums_1 += inputs * weight[filters_0.y + tap];
                sums_2 += inputs * weight[filters_0.z + tap];
                sums_3 += inputs * weight[filters_0.w + tap];
                sums_4 += inputs * weight[filters_1.x + tap];
                sums_5 += inputs * weight[filters_1.y + tap];
                sums_6 += inputs * weight[filters_1.z + tap];
                sums_7 += inputs * weight[filters_1.w + tap];
            }
        }
    }
    store(n, first, last, y, x, transpose(sums_0));
    store(n, first + 1u, last, y, x, transpose(sums_1));
    store(n, first + 2u, last, y, x, transpose(sums_2));
    store(n, first + 3u, last, y, x, transpose(sums_3));
    store(n, first + 4u, last, y, x, transpose(sums_4));
    store(n, first + 5u, last, y, x, transpose(sums_5));
    store(n, first + 6u, last, y, x, transpose(sums_6));
    store(n, first + 7u, last, y, x, transpose(sums_7));
}
