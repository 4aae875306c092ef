// The gradient of conv2d with respect to its input.
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// One invocation computes one position of four neighbouring input channels of one group: it gathers from every output
// that the position contributed to. Invocations are numbered as [BATCH, GROUPS, BLOCKS, IN_H, IN_W].

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

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_IN + 3u) / 4u;
const N_TAPS = KERNEL_H * KERNEL_W;
const IN_PLANE = IN_H * IN_W;
const N_INVOCATIONS = BATCH * GROUPS * BLOCKS * IN_PLANE;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_INVOCATIONS) {
        return;
    }
    let x = idx % IN_W;
    let y = (idx / IN_W) % IN_H;
    let block = (idx / IN_PLANE) % (GROUPS * BLOCKS);
    let n = idx / (IN_PLANE * GROUPS * BLOCKS);
    let group = block / BLOCKS;

    // Past the group's last channel, the last one is computed again and not stored.
    let in_group = min((block % BLOCKS) * 4u + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_IN - 1u));

    var sum = vec4<f32>(0.0);
    for (var i = 0u; i < KERNEL_H; i += 1u) {
        // The output's row whose tap i lies on this row, where there is one: above the output this wraps around to a
        // huge number, and between two windows it is not a multiple of the stride.
        let from_y = y + PADDING_H - i * DILATION_H;
        let out_y = from_y / STRIDE_H;
        if (out_y >= OUT_H || out_y * STRIDE_H != from_y) {
            continue;
        }
        for (var j = 0u; j < KERNEL_W; j += 1u) {
            let from_x = x + PADDING_W - j * DILATION_W;
            let out_x = from_x / STRIDE_W;
            if (out_x >= OUT_W || out_x * STRIDE_W != from_x) {
                continue;
            }
            for (var o = 0u; o < GROUP_OUT; o += 1u) {
                let channel = group * GROUP_OUT + o;
                let taps = (channel * GROUP_IN + in_group) * N_TAPS + (i * KERNEL_W + j);
                let weights = vec4<f32>(weight[taps.x], weight[taps.y], weight[taps.z], weight[taps.w]);
                sum += grad_output[((n * OUT_CHANNELS + channel) * OUT_H + out_y) * OUT_W + out_x] * weights;
            }
        }
    }

    let first = (n * IN_CHANNELS + group * GROUP_IN + in_group.x) * IN_PLANE + y * IN_W + x;
    let n_channels = GROUP_IN - in_group.x;
    grad_input[first] = sum.x;
    if (n_channels > 1u) {
        grad_input[first + IN_PLANE] = sum.y;
    }
    if (n_channels > 2u) {
        grad_input[first + 2u * IN_PLANE] = sum.z;
    }
    if (n_channels > 3u) {
        grad_input[first + 3u * IN_PLANE] = sum.w;
    }
}
