// The gradient of conv2d with respect to its input.
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// One invocation computes four positions of four neighbouring input channels of one group, so that eight loads serve
// sixteen products: it gathers from every output that the positions contributed to. Its positions lie a quarter of all
// positions apart: neighbouring invocations then load neighbouring numbers. Invocations are numbered as
// [GROUPS, BLOCKS, a quarter of the positions].

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
const OUT_PLANE = OUT_H * OUT_W;
const N_POSITIONS = BATCH * IN_PLANE;
const QUARTER = (N_POSITIONS + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

fn store(channel: u32, positions: vec4<u32>, sums: vec4<f32>) {
    let images = (positions / IN_PLANE) * (IN_CHANNELS * IN_PLANE);
    let cells = images + channel * IN_PLANE + positions % IN_PLANE;
    grad_input[cells.x] = sums.x;
    if (positions.y < N_POSITIONS) {
        grad_input[cells.y] = sums.y;
    }
    if (positions.z < N_POSITIONS) {
        grad_input[cells.z] = sums.z;
    }
    if (positions.w < N_POSITIONS) {
        grad_input[cells.w] = sums.w;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= GROUPS * BLOCKS * QUARTER) {
        return;
    }
    let group = idx / (BLOCKS * QUARTER);
    let first = ((idx / QUARTER) % BLOCKS) * 4u;
    // Past the group's last channel, the last one is computed again and not stored.
    let in_group = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_IN - 1u));

    // Likewise past the last position.
    let positions = idx % QUARTER + vec4<u32>(0u, 1u, 2u, 3u) * QUARTER;
    let inside_positions = min(positions, vec4<u32>(N_POSITIONS - 1u));
    let x = inside_positions % IN_W;
    let y = (inside_positions / IN_W) % IN_H;
    let images = (inside_positions / IN_PLANE) * (OUT_CHANNELS * OUT_PLANE) + group * (GROUP_OUT * OUT_PLANE);

    var sums_0 = vec4<f32>(0.0);
    var sums_1 = vec4<f32>(0.0);
    var sums_2 = vec4<f32>(0.0);
    var sums_3 = vec4<f32>(0.0);
    for (var i = 0u; i < KERNEL_H; i += 1u) {
        // The output's row whose tap i lies on this row, where there is one: above the output this wraps around to a
        // huge number, and between two windows it is not a multiple of the stride.
        let from_y = y + PADDING_H - i * DILATION_H;
        let out_y = from_y / STRIDE_H;
        let inside_y = (out_y < vec4<u32>(OUT_H)) & (out_y * STRIDE_H == from_y);
        for (var j = 0u; j < KERNEL_W; j += 1u) {
            let from_x = x + PADDING_W - j * DILATION_W;
            let out_x = from_x / STRIDE_W;
            let inside = inside_y & (out_x < vec4<u32>(OUT_W)) & (out_x * STRIDE_W == from_x);
            if (!any(inside)) {
                continue;
            }
            let starts = select(vec4<u32>(0u), images + out_y * OUT_W + out_x, inside);
            for (var o = 0u; o < GROUP_OUT; o += 1u) {
                let cells = starts + o * OUT_PLANE;
                let loaded =
                    vec4<f32>(grad_output[cells.x], grad_output[cells.y], grad_output[cells.z], grad_output[cells.w]);
                let grads = select(vec4<f32>(0.0), loaded, inside);
                let taps = ((group * GROUP_OUT + o) * GROUP_IN + in_group) * N_TAPS + (i * KERNEL_W + j);
                sums_0 += grads * weight[taps.x];
                sums_1 += grads * weight[taps.y];
                sums_2 += grads * weight[taps.z];
                sums_3 += grads * weight[taps.w];
            }
        }
    }

    let channel = group * GROUP_IN + first;
    store(channel, positions, sums_0);
    if (first + 1u < GROUP_IN) {
        store(channel + 1u, positions, sums_1);
    }
    if (first + 2u < GROUP_IN) {
        store(channel + 2u, positions, sums_2);
    }
    if (first + 3u < GROUP_IN) {
        store(channel + 3u, positions, sums_3);
    }
}
