// conv_block_grad_weight where the kernel is 3×3, its stride and dilation are 1, and pooling halves the map (2×2, stride
// 2, no padding).
//
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// choice       as grad_output: which cell of the convolution's map pooling took
// grad_weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, 3, 3]
// grad_bias    [OUT_CHANNELS]; without HAS_BIAS it is never written
//
// A workgroup computes one input channel's taps of four neighbouring output channels of one group: each invocation sums
// its share of the rows of all images, then the shares are added in a fixed order. The four by four inputs that the
// four cells of a pooling window see stay in registers for all taps and channels. Workgroups are numbered as [GROUPS,
// BLOCKS, IN_CHANNELS / GROUPS].

const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_W: u32 = 3;
const OUT_H: u32 = 1;
const OUT_W: u32 = 1;
const GROUPS: u32 = 1;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
const HAS_BIAS: bool = true;

const LANES = 64u;
const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + 3u) / 4u;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read> choice: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;

// One channel's taps, row by row, and its bias.
struct Sums {
    upper: vec3<f32>,
    middle: vec3<f32>,
    lower: vec3<f32>,
    bias: f32,
}

// Four channels of ten sums by LANES.
var<workgroup> shares: array<f32, 2560>;

// A row of four inputs. Outside the input positions wrap around to a huge number: one comparison serves both ends.
fn row(plane: u32, y: u32, x: u32) -> vec4<f32> {
    let columns = x + vec4<u32>(0u, 1u, 2u, 3u);
    let inside = (columns < vec4<u32>(IN_W)) & vec4<bool>(y < IN_H);
    let cells = select(vec4<u32>(0u), plane + y * IN_W + columns, inside);
    let loaded = vec4<f32>(input[cells.x], input[cells.y], input[cells.z], input[cells.w]);
    return select(vec4<f32>(0.0), loaded, inside);
}

// The products of the gradient that arrives at one of a window's four cells with the inputs that the taps see there.
fn add(sums: ptr<function, Sums>, inputs: mat4x4<f32>, at: u32, cell: u32) {
    let chosen = choice[at];
    let cells = vec4<u32>(cell, cell + 1u, cell + CONV_W, cell + CONV_W + 1u);
    let grads = select(vec4<f32>(0.0), vec4<f32>(grad_output[at]), cells == vec4<u32>(chosen));
    // Of the rows by one gradient each, the columns that tap 0, 1 and 2 see.
    let r0 = inputs[0];
    let r1 = inputs[1];
    let r2 = inputs[2];
    let r3 = inputs[3];
    (*sums).upper += r0.xyz * grads.x + r0.yzw * grads.y + r1.xyz * grads.z + r1.yzw * grads.w;
    (*sums).middle += r1.xyz * grads.x + r1.yzw * grads.y + r2.xyz * grads.z + r2.yzw * grads.w;
    (*sums).lower += r2.xyz * grads.x + r2.yzw * grads.y + r3.xyz * grads.z + r3.yzw * grads.w;
    (*sums).bias += grads.x + grads.y + grads.z + grads.w;
}

fn share(lane: u32, channel: u32, sums: Sums) {
    let first = (channel * 10u) * LANES + lane;
    shares[first] = sums.upper.x;
    shares[first + LANES] = sums.upper.y;
    shares[first + 2u * LANES] = sums.upper.z;
    shares[first + 3u * LANES] = sums.middle.x;
    shares[first + 4u * LANES] = sums.middle.y;
    shares[first + 5u * LANES] = sums.middle.z;
    shares[first + 6u * LANES] = sums.lower.x;
    shares[first + 7u * LANES] = sums.lower.y;
    shares[first + 8u * LANES] = sums.lower.z;
    shares[first + 9u * LANES] = sums.bias;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // A grid's last row may have more workgroups than there is work.
    let idx = min(id.y * GRID_ROW + id.x, GROUPS * BLOCKS * GROUP_IN - 1u);
    let c = idx % GROUP_IN;
    let group = idx / (GROUP_IN * BLOCKS);
    let first = group * GROUP_OUT + ((idx / GROUP_IN) % BLOCKS) * 4u;
    let last = (group + 1u) * GROUP_OUT;
    // Past the group's last channel, the last one is computed again and not stored.
    let channels = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(last - 1u));

    var sums_0: Sums;
    var sums_1: Sums;
    var sums_2: Sums;
    var sums_3: Sums;
    for (var out_row = lane; out_row < BATCH * OUT_H; out_row += LANES) {
        let n = out_row / OUT_H;
        let out_y = out_row % OUT_H;
        let plane = (n * IN_CHANNELS + group * GROUP_IN + c) * IN_PLANE;
        let rows = (n * OUT_CHANNELS + channels) * OUT_PLANE + out_y * OUT_W;
        let y = 2u * out_y - PADDING_H;
        for (var out_x = 0u; out_x < OUT_W; out_x += 1u) {
            let x = 2u * out_x - PADDING_W;
            let inputs = mat4x4<f32>(row(plane, y, x), row(plane, y + 1u, x), row(plane, y + 2u, x), row(plane, y + 3u, x));
            let cell = 2u * (out_y * CONV_W + out_x);
            add(&sums_0, inputs, rows.x + out_x, cell);
            add(&sums_1, inputs, rows.y + out_x, cell);
            add(&sums_2, inputs, rows.z + out_x, cell);
            add(&sums_3, inputs, rows.w + out_x, cell);
        }
    }
    share(lane, 0u, sums_0);
    share(lane, 1u, sums_1);
    share(lane, 2u, sums_2);
    share(lane, 3u, sums_3);
    workgroupBarrier();

    let channel = first + lane / 10u;
    let tap = lane % 10u;
    if (lane >= 40u || channel >= last) {
        return;
    }
    var sum = 0.0;
    for (var k = 0u; k < LANES; k += 1u) {
        sum += shares[lane * LANES + k];
    }
    if (tap < 9u) {
        grad_weight[(channel * GROUP_IN + c) * 9u + tap] = sum;
    } else if (HAS_BIAS && c == 0u) {
        grad_bias[channel] = sum;
    }
}
