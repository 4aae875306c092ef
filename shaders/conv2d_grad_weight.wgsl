// The gradient of conv2d with respect to its weight.
//
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// grad_weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
//
// LANES invocations compute four neighbouring taps of four neighbouring output channels of one group, so that eight
// loads serve sixteen products: each sums its share of the rows of all images, then the shares are added in a fixed
// order, so that results are the same every time. The taps of all input channels are numbered in one go, as they lie in
// memory. Tiles are numbered as [GROUPS, BLOCKS, TAP_BLOCKS], and a workgroup holds 64 / LANES of them.

// 1, 8 or 64: enough to occupy a GPU, or 1 where there are tiles enough, because adding shares needs barriers.
const LANES: u32 = 8;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
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
const DILATION_H: u32 = 1;
const DILATION_W: u32 = 1;

const WORKGROUP_SIZE = 64u;
const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + 3u) / 4u;
const FILTER = GROUP_IN * KERNEL_H * KERNEL_W;
const TAP_BLOCKS = (FILTER + 3u) / 4u;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const N_TILES = GROUPS * BLOCKS * TAP_BLOCKS;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_weight: array<f32>;

// Four taps, for each of four channels.
struct Sums {
    channel_0: vec4<f32>,
    channel_1: vec4<f32>,
    channel_2: vec4<f32>,
    channel_3: vec4<f32>,
}

var<workgroup> shares: array<Sums, 64>;

// Adds seven more shares, `step` apart, to one's own.
fn add_shares(sums: ptr<function, Sums>, own: u32, step: u32) {
    for (var k = 1u; k < 8u; k += 1u) {
        let share = shares[own + k * step];
        (*sums).channel_0 += share.channel_0;
        (*sums).channel_1 += share.channel_1;
        (*sums).channel_2 += share.channel_2;
        (*sums).channel_3 += share.channel_3;
    }
}

fn store(channel: u32, first_tap: u32, sums: vec4<f32>) {
    let first = channel * FILTER + first_tap;
    grad_weight[first] = sums.x;
    if (first_tap + 1u < FILTER) {
        grad_weight[first + 1u] = sums.y;
    }
    if (first_tap + 2u < FILTER) {
        grad_weight[first + 2u] = sums.z;
    }
    if (first_tap + 3u < FILTER) {
        grad_weight[first + 3u] = sums.w;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let tile = (id.y * GRID_ROW + id.x) * (WORKGROUP_SIZE / LANES) + local / LANES;
    let lane = local % LANES;
    // Past the last tile, the last one is computed again and not stored: everyone has to meet at the barriers.
    let idx = min(tile, N_TILES - 1u);
    let group = idx / (BLOCKS * TAP_BLOCKS);
    let first = ((idx / TAP_BLOCKS) % BLOCKS) * 4u;
    let first_tap = (idx % TAP_BLOCKS) * 4u;
    // Past the group's last channel and the filter's last tap, the last ones are computed again and not stored.
    let channels = group * GROUP_OUT + min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_OUT - 1u));
    let taps = min(first_tap + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(FILTER - 1u));
    let left = (taps % KERNEL_W) * DILATION_W;
    let top = ((taps / KERNEL_W) % KERNEL_H) * DILATION_H;
    let planes = (group * GROUP_IN + taps / (KERNEL_H * KERNEL_W)) * IN_PLANE;

    var sums: Sums;
    for (var row = lane; row < BATCH * OUT_H; row += LANES) {
        let y = row % OUT_H;
        let n = row / OUT_H;
        // Above the input this wraps around to a huge number: one comparison serves both ends.
        let in_y = top + y * STRIDE_H - PADDING_H;
        let inside_y = in_y < vec4<u32>(IN_H);
        let in_rows = n * (IN_CHANNELS * IN_PLANE) + planes + in_y * IN_W;
        let out_rows = (n * OUT_CHANNELS + channels) * OUT_PLANE + y * OUT_W;
        for (var x = 0u; x < OUT_W; x += 1u) {
            let in_x = left + x * STRIDE_W - PADDING_W;
            let inside = inside_y & (in_x < vec4<u32>(IN_W));
            let cells = select(vec4<u32>(0u), in_rows + in_x, inside);
            let loaded = vec4<f32>(input[cells.x], input[cells.y], input[cells.z], input[cells.w]);
            let inputs = select(vec4<f32>(0.0), loaded, inside);
            sums.channel_0 += inputs * grad_output[out_rows.x + x];
            sums.channel_1 += inputs * grad_output[out_rows.y + x];
            sums.channel_2 += inputs * grad_output[out_rows.z + x];
            sums.channel_3 += inputs * grad_output[out_rows.w + x];
        }
    }

    if (LANES == 64u) {
        shares[local] = sums;
        workgroupBarrier();
        if (lane % 8u == 0u) {
            add_shares(&sums, local, 1u);
        }
        workgroupBarrier();
    }
    if (LANES >= 8u) {
        shares[local] = sums;
        workgroupBarrier();
        if (lane == 0u) {
            add_shares(&sums, local, LANES / 8u);
        }
    }
    if (lane == 0u && tile < N_TILES) {
        let channel = group * GROUP_OUT + first;
        store(channel, first_tap, sums.channel_0);
        if (first + 1u < GROUP_OUT) {
            store(channel + 1u, first_tap, sums.channel_1);
        }
        if (first + 2u < GROUP_OUT) {
            store(channel + 2u, first_tap, sums.channel_2);
        }
        if (first + 3u < GROUP_OUT) {
            store(channel + 3u, first_tap, sums.channel_3);
        }
    }
}
