// conv_block_grad_input where the convolution's stride and dilation are 1 and pooling halves the map (2×2, stride 2, no
// padding).
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// choice       as grad_output: which cell of the convolution's map pooling took
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// One invocation computes four rows by four columns of eight neighbouring input channels of one group; as in
// conv_block_halving, four loads and eight weights serve 128 products. Invocations are numbered as [BATCH, GROUPS,
// BLOCKS, TILE_ROWS, TILE_COLUMNS].

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

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_IN + 7u) / 8u;
const KERNEL = KERNEL_H * KERNEL_W;
const FILTER = GROUP_IN * KERNEL;
const IN_PLANE = IN_H * IN_W;
const TILE_ROWS = (IN_H + 3u) / 4u;
const TILE_COLUMNS = (IN_W + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> choice: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<f32>;

// The gradient of four rows of one column of the convolution's map. Above the map rows wrap around to a huge number: one
// comparison serves both ends; so do columns.
fn column(plane: u32, y: vec4<u32>, x: u32) -> vec4<f32> {
    let inside = (y < vec4<u32>(2u * OUT_H)) & vec4<bool>(x < 2u * OUT_W);
    let at = select(vec4<u32>(0u), plane + (y / 2u) * OUT_W + x / 2u, inside);
    let grads = vec4<f32>(grad_output[at.x], grad_output[at.y], grad_output[at.z], grad_output[at.w]);
    let chosen = vec4<u32>(choice[at.x], choice[at.y], choice[at.z], choice[at.w]);
    return select(vec4<f32>(0.0), grads, inside & (chosen == y * CONV_W + x));
}

fn store_column(first: u32, y: u32, x: u32, numbers: vec4<f32>) {
    if (x >= IN_W) {
        return;
    }
    grad_input[first] = numbers.x;
    if (y + 1u < IN_H) {
        grad_input[first + IN_W] = numbers.y;
    }
    if (y + 2u < IN_H) {
        grad_input[first + 2u * IN_W] = numbers.z;
    }
    if (y + 3u < IN_H) {
        grad_input[first + 3u * IN_W] = numbers.w;
    }
}

fn store(n: u32, channel: u32, last: u32, y: u32, x: u32, sums: mat4x4<f32>) {
    if (channel >= last) {
        return;
    }
    let first = (n * IN_CHANNELS + channel) * IN_PLANE + y * IN_W + x;
    store_column(first, y, x, sums[0]);
    store_column(first + 1u, y, x + 1u, sums[1]);
    store_column(first + 2u, y, x + 2u, sums[2]);
    store_column(first + 3u, y, x + 3u, sums[3]);
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
    let first = block * 8u;
    // Past the group's last channel, the last one is computed again and not stored.
    let channels_0 = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_IN - 1u)) * KERNEL;
    let channels_1 = min(first + vec4<u32>(4u, 5u, 6u, 7u), vec4<u32>(GROUP_IN - 1u)) * KERNEL;

    // Of each channel, four columns of four rows.
    var sums_0: mat4x4<f32>;
    var sums_1: mat4x4<f32>;
    var sums_2: mat4x4<f32>;
    var sums_3: mat4x4<f32>;
    var sums_4: mat4x4<f32>;
    var sums_5: mat4x4<f32>;
    var sums_6: mat4x4<f32>;
    var sums_7: mat4x4<f32>;
    for (var o = group * GROUP_OUT; o < (group + 1u) * GROUP_OUT; o += 1u) {
        let plane = (n * OUT_CHANNELS + o) * (OUT_H * OUT_W);
        for (var i = 0u; i < KERNEL_H; i += 1u) {
            let rows = y + vec4<u32>(0u, 1u, 2u, 3u) + PADDING_H - i;
            // Tap j meets the map j columns further left, so the last tap comes first.
            let left = x + PADDING_W + 1u - KERNEL_W;
            var grads = mat4x4<f32>(
                vec4<f32>(0.0),
                column(plane, rows, left),
                column(plane, rows, left + 1u),
                column(plane, rows, left + 2u),
            );
            for (var j = 0u; j < KERNEL_W; j += 1u) {
                grads = mat4x4<f32>(grads[1], grads[2], grads[3], column(plane, rows, left + 3u + j));
                let tap = o * FILTER + i * KERNEL_W + (KERNEL_W - 1u - j);
                sums_0 += grads * weight[channels_0.x + tap];
                sums_1 += grads * weight[channels_0.y + tap];
                sums_2 += grads * weight[channels_0.z + tap];
                sums_3 += grads * weight[channels_0.w + tap];
                sums_4 += grads * weight[channels_1.x + tap];
                sums_5 += grads * weight[channels_1.y + tap];
                sums_6 += grads * weight[channels_1.z + tap];
                sums_7 += grads * weight[channels_1.w + tap];
            }
        }
    }
    let channel = group * GROUP_IN + first;
    let last = (group + 1u) * GROUP_IN;
    store(n, channel, last, y, x, sums_0);
    store(n, channel + 1u, last, y, x, sums_1);
    store(n, channel + 2u, last, y, x, sums_2);
    store(n, channel + 3u, last, y, x, sums_3);
    store(n, channel + 4u, last, y, x, sums_4);
    store(n, channel + 5u, last, y, x, sums_5);
    store(n, channel + 6u, last, y, x, sums_6);
    store(n, channel + 7u, last, y, x, sums_7);
}
