// The gradient of conv_block with respect to its input.
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// gate         as grad_output: conv_block's choice with POOLED, else its output, whose positive numbers let gradients
//              through; where neither POOLED nor GATED is true it is never read, and anything may be bound
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// Positions a stride apart meet the same taps, of several strides' phases each only some. One invocation computes four
// positions of one phase, a quarter of the phase's positions apart, of four neighbouring input channels of one group.
// Invocations are numbered as [GROUPS, BLOCKS, PHASES, a quarter of a phase's positions].

const WORKGROUP_SIZE: u32 = 64;
const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_H: u32 = 3;
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
const POOL_H: u32 = 2;
const POOL_W: u32 = 2;
const POOL_STRIDE_H: u32 = 2;
const POOL_STRIDE_W: u32 = 2;
const POOL_PADDING_H: u32 = 0;
const POOL_PADDING_W: u32 = 0;
const POOLED: bool = true;
const GATED: bool = true;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_IN + 3u) / 4u;
const KERNEL = KERNEL_H * KERNEL_W;
const FILTER = GROUP_IN * KERNEL;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const PHASES = STRIDE_H * STRIDE_W;
// Positions of one phase in an image, where the image holds a whole number of strides; those beyond it are not stored.
const PHASE_H = (IN_H + STRIDE_H - 1u) / STRIDE_H;
const PHASE_W = (IN_W + STRIDE_W - 1u) / STRIDE_W;
const N_POSITIONS = BATCH * PHASE_H * PHASE_W;
const QUARTER = (N_POSITIONS + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<f32>;

// The gradient that arrives at a cell of the pooled convolution's map; `plane` is where its output's map begins.
fn through_pooling(plane: u32, y: u32, x: u32) -> f32 {
    let cell = y * CONV_W + x;
    var sum = 0.0;
    // The windows that the cell lies in, from the last to the first in each direction.
    let last_y = (y + POOL_PADDING_H) / POOL_STRIDE_H;
    let last_x = (x + POOL_PADDING_W) / POOL_STRIDE_W;
    for (var up = 0u; up * POOL_STRIDE_H < POOL_H; up += 1u) {
        let out_y = last_y - up;
        if (out_y >= OUT_H || y + POOL_PADDING_H - out_y * POOL_STRIDE_H >= POOL_H) {
            continue;
        }
        for (var back = 0u; back * POOL_STRIDE_W < POOL_W; back += 1u) {
            let out_x = last_x - back;
            if (out_x >= OUT_W || x + POOL_PADDING_W - out_x * POOL_STRIDE_W >= POOL_W) {
                continue;
            }
            let at = plane + out_y * OUT_W + out_x;
            sum += select(0.0, grad_output[at], gate[at] == cell);
        }
    }
    return sum;
}

// What arrives at four cells of the convolution's map; nothing does outside it.
fn arriving(planes: vec4<u32>, y: vec4<u32>, x: vec4<u32>, inside: vec4<bool>) -> vec4<f32> {
    if (POOLED) {
        let sums = vec4<f32>(
            through_pooling(planes.x, y.x, x.x),
            through_pooling(planes.y, y.y, x.y),
            through_pooling(planes.z, y.z, x.z),
            through_pooling(planes.w, y.w, x.w),
        );
        return select(vec4<f32>(0.0), sums, inside);
    }
    let at = select(vec4<u32>(0u), planes + y * OUT_W + x, inside);
    let grads = vec4<f32>(grad_output[at.x], grad_output[at.y], grad_output[at.z], grad_output[at.w]);
    if (!GATED) {
        return select(vec4<f32>(0.0), grads, inside);
    }
    let gates = vec4<u32>(gate[at.x], gate[at.y], gate[at.z], gate[at.w]);
    return select(vec4<f32>(0.0), grads, inside & (bitcast<vec4<f32>>(gates) > vec4<f32>(0.0)));
}

fn store_one(channel: u32, n: u32, y: u32, x: u32, number: f32) {
    if (n < BATCH && y < IN_H && x < IN_W) {
        grad_input[(n * IN_CHANNELS + channel) * IN_PLANE + y * IN_W + x] = number;
    }
}

fn store(channel: u32, n: vec4<u32>, y: vec4<u32>, x: vec4<u32>, sums: vec4<f32>) {
    store_one(channel, n.x, y.x, x.x, sums.x);
    store_one(channel, n.y, y.y, x.y, sums.y);
    store_one(channel, n.z, y.z, x.z, sums.z);
    store_one(channel, n.w, y.w, x.w, sums.w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= GROUPS * BLOCKS * PHASES * QUARTER) {
        return;
    }
    let group = idx / (BLOCKS * PHASES * QUARTER);
    let first = ((idx / (PHASES * QUARTER)) % BLOCKS) * 4u;
    let phase = (idx / QUARTER) % PHASES;
    let phase_y = phase / STRIDE_W;
    let phase_x = phase % STRIDE_W;
    // Past the group's last channel, the last one is computed again and not stored.
    let channels = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_IN - 1u)) * KERNEL;
    let positions = idx % QUARTER + vec4<u32>(0u, 1u, 2u, 3u) * QUARTER;
    let n = positions / (PHASE_H * PHASE_W);
    let y = (positions / PHASE_W) % PHASE_H * STRIDE_H + phase_y;
    let x = positions % PHASE_W * STRIDE_W + phase_x;
    // Past the last position, the last image is looked at again.
    let images = (min(n, vec4<u32>(BATCH - 1u)) * OUT_CHANNELS + group * GROUP_OUT) * OUT_PLANE;

    var sums_0 = vec4<f32>(0.0);
    var sums_1 = vec4<f32>(0.0);
    var sums_2 = vec4<f32>(0.0);
    var sums_3 = vec4<f32>(0.0);
    for (var i = 0u; i < KERNEL_H; i += 1u) {
        if ((phase_y + PADDING_H + i * (STRIDE_H - DILATION_H % STRIDE_H)) % STRIDE_H != 0u) {
            continue;
        }
        // Above the map this wraps around to a huge number, which stays one when it is divided.
        let conv_y = (y + PADDING_H - i * DILATION_H) / STRIDE_H;
        for (var j = 0u; j < KERNEL_W; j += 1u) {
            if ((phase_x + PADDING_W + j * (STRIDE_W - DILATION_W % STRIDE_W)) % STRIDE_W != 0u) {
                continue;
            }
            let conv_x = (x + PADDING_W - j * DILATION_W) / STRIDE_W;
            let inside = (conv_y < vec4<u32>(CONV_H)) & (conv_x < vec4<u32>(CONV_W));
            if (!any(inside)) {
                continue;
            }
            for (var o = 0u; o < GROUP_OUT; o += 1u) {
                let grads = arriving(images + o * OUT_PLANE, conv_y, conv_x, inside);
                let taps = channels + ((group * GROUP_OUT + o) * FILTER + i * KERNEL_W + j);
                sums_0 += grads * weight[taps.x];
                sums_1 += grads * weight[taps.y];
                sums_2 += grads * weight[taps.z];
                sums_3 += grads * weight[taps.w];
            }
        }
    }

    let channel = group * GROUP_IN + first;
    store(channel, n, y, x, sums_0);
    if (first + 1u < GROUP_IN) {
        store(channel + 1u, n, y, x, sums_1);
    }
    if (first + 2u < GROUP_IN) {
        store(channel + 2u, n, y, x, sums_2);
    }
    if (first + 3u < GROUP_IN) {
        store(channel + 3u, n, y, x, sums_3);
    }
}
