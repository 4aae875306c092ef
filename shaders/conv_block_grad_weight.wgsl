// The gradients of conv_block with respect to its weight and bias.
//
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// gate         as grad_output: with GATE 1 conv_block's choice; with GATE 2 its output, whose positive numbers let gradients
//              through; with GATE 0 it is never read, and anything may be bound
// grad_weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// grad_bias    [OUT_CHANNELS]; without HAS_BIAS it is never written
//
// LANES invocations compute four neighbouring taps of four neighbouring output channels of one group: each sums its
// share of the rows of all images, then the shares are added in a fixed order, so that results are the same every time.
// Pooling lets one gradient through per window, wherever in the window that is: there are only as many products as
// outputs. The taps of all input channels are numbered in one go, as they lie in memory. Tiles are numbered as [GROUPS,
// BLOCKS, TAP_BLOCKS], and a workgroup holds 64 / LANES of them.

// 1, 8 or 64: enough to occupy a GPU, or 1 where there are tiles enough, because adding shares needs barriers.
const LANES: u32 = 8;
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
const STRIDE_H: u32 = 1;
const STRIDE_W: u32 = 1;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
const DILATION_H: u32 = 1;
const DILATION_W: u32 = 1;
const GATE: u32 = 1;
const HAS_BIAS: bool = true;

const NO_CHOICE = 0xffffffffu;
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
@group(0) @binding(2) var<storage, read> gate: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;

// Four taps, for each of four channels, and the channels' biases.
struct Sums {
    channel_0: vec4<f32>,
    channel_1: vec4<f32>,
    channel_2: vec4<f32>,
    channel_3: vec4<f32>,
    biases: vec4<f32>,
}

// Where the taps of a tile meet the input.
struct Taps {
    left: vec4<u32>,
    top: vec4<u32>,
    planes: vec4<u32>,
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
        (*sums).biases += share.biases;
    }
}

fn store(channel: u32, first_tap: u32, sums: vec4<f32>, bias: f32) {
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
    if (HAS_BIAS && first_tap == 0u) {
        grad_bias[channel] = bias;
    }
}

// What the taps see of image n where the convolution is at [y, x].
fn seen(taps: Taps, n: u32, y: u32, x: u32) -> vec4<f32> {
    // Above the input this wraps around to a huge number: one comparison serves both ends.
    let in_y = taps.top + y * STRIDE_H - PADDING_H;
    let in_x = taps.left + x * STRIDE_W - PADDING_W;
    let inside = (in_y < vec4<u32>(IN_H)) & (in_x < vec4<u32>(IN_W));
    let cells = select(vec4<u32>(0u), n * (IN_CHANNELS * IN_PLANE) + taps.planes + in_y * IN_W + in_x, inside);
    let loaded = vec4<f32>(input[cells.x], input[cells.y], input[cells.z], input[cells.w]);
    return select(vec4<f32>(0.0), loaded, inside);
}

// The gradient that passes the gate.
fn arriving(at: u32) -> f32 {
    let grad = grad_output[at];
    if (GATE == 2u) {
        return select(0.0, grad, bitcast<f32>(gate[at]) > 0.0);
    }
    if (GATE == 1u) {
        return select(0.0, grad, gate[at] != NO_CHOICE);
    }
    return grad;
}

// What the taps see where pooling took output `at` from.
fn seen_by_choice(taps: Taps, n: u32, at: u32) -> vec4<f32> {
    let chosen = gate[at];
    let cell = select(chosen, 0u, chosen == NO_CHOICE);
    return seen(taps, n, cell / CONV_W, cell % CONV_W);
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
    let numbers = min(first_tap + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(FILTER - 1u));
    let taps = Taps(
        (numbers % KERNEL_W) * DILATION_W,
        ((numbers / KERNEL_W) % KERNEL_H) * DILATION_H,
        (group * GROUP_IN + numbers / (KERNEL_H * KERNEL_W)) * IN_PLANE,
    );

    var sums: Sums;
    for (var row = lane; row < BATCH * OUT_H; row += LANES) {
        let y = row % OUT_H;
        let n = row / OUT_H;
        let out_rows = (n * OUT_CHANNELS + channels) * OUT_PLANE + y * OUT_W;
        for (var x = 0u; x < OUT_W; x += 1u) {
            let at = out_rows + x;
            let grads = vec4<f32>(arriving(at.x), arriving(at.y), arriving(at.z), arriving(at.w));
            sums.biases += grads;
            if (GATE == 1u) {
                sums.channel_0 += seen_by_choice(taps, n, at.x) * grads.x;
                sums.channel_1 += seen_by_choice(taps, n, at.y) * grads.y;
                sums.channel_2 += seen_by_choice(taps, n, at.z) * grads.z;
                sums.channel_3 += seen_by_choice(taps, n, at.w) * grads.w;
            } else {
                let inputs = seen(taps, n, y, x);
                sums.channel_0 += inputs * grads.x;
                sums.channel_1 += inputs * grads.y;
                sums.channel_2 += inputs * grads.z;
                sums.channel_3 += inputs * grads.w;
            }
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
        store(channel, first_tap, sums.channel_0, sums.biases.x);
        if (first + 1u < GROUP_OUT) {
            store(channel + 1u, first_tap, sums.channel_1, sums.biases.y);
        }
        if (first + 2u < GROUP_OUT) {
            store(channel + 2u, first_tap, sums.channel_2, sums.biases.z);
        }
        if (first + 3u < GROUP_OUT) {
            store(channel + 3u, first_tap, sums.channel_3, sums.biases.w);
        }
    }
}
