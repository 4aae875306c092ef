// Two-dimensional cross-correlation, what deep learning calls convolution.
//
// input   [BATCH, IN_CHANNELS, IN_H, IN_W]
// weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// bias    [OUT_CHANNELS]; without HAS_BIAS it is never read, and anything may be bound
// output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
//
// One invocation computes one position of four neighbouring output channels of one group, so that every input number is
// loaded once for four products. Invocations are numbered as [BATCH, GROUPS, BLOCKS, OUT_H, OUT_W].

const WORKGROUP_SIZE: u32 = 64;
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
const HAS_BIAS: bool = true;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + 3u) / 4u;
const FILTER = GROUP_IN * KERNEL_H * KERNEL_W;
const OUT_PLANE = OUT_H * OUT_W;
const N_INVOCATIONS = BATCH * GROUPS * BLOCKS * OUT_PLANE;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_INVOCATIONS) {
        return;
    }
    let x = idx % OUT_W;
    let y = (idx / OUT_W) % OUT_H;
    let block = (idx / OUT_PLANE) % (GROUPS * BLOCKS);
    let n = idx / (OUT_PLANE * GROUPS * BLOCKS);
    let group = block / BLOCKS;

    // Past the group's last channel, the last one is computed again and not stored.
    let in_group = min((block % BLOCKS) * 4u + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_OUT - 1u));
    let channels = group * GROUP_OUT + in_group;
    let filters = channels * FILTER;

    var sum = vec4<f32>(0.0);
    if (HAS_BIAS) {
        sum = vec4<f32>(bias[channels.x], bias[channels.y], bias[channels.z], bias[channels.w]);
    }
    for (var c = 0u; c < GROUP_IN; c += 1u) {
        let plane = (n * IN_CHANNELS + group * GROUP_IN + c) * (IN_H * IN_W);
        for (var i = 0u; i < KERNEL_H; i += 1u) {
            // Above the input this wraps around to a huge number: one comparison serves both ends.
            let in_y = y * STRIDE_H + i * DILATION_H - PADDING_H;
            if (in_y >= IN_H) {
                continue;
            }
            for (var j = 0u; j < KERNEL_W; j += 1u) {
                let in_x = x * STRIDE_W + j * DILATION_W - PADDING_W;
                if (in_x >= IN_W) {
                    continue;
                }
                let taps = filters + ((c * KERNEL_H + i) * KERNEL_W + j);
                let weights = vec4<f32>(weight[taps.x], weight[taps.y], weight[taps.z], weight[taps.w]);
                sum += input[plane + in_y * IN_W + in_x] * weights;
            }
        }
    }

    let first = (n * OUT_CHANNELS + channels.x) * OUT_PLANE + y * OUT_W + x;
    let n_channels = GROUP_OUT - in_group.x;
    output[first] = sum.x;
    if (n_channels > 1u) {
        output[first + OUT_PLANE] = sum.y;
    }
    if (n_channels > 2u) {
        output[first + 2u * OUT_PLANE] = sum.z;
    }
    if (n_channels > 3u) {
        output[first + 3u * OUT_PLANE] = sum.w;
    }
}
