// Two-dimensional cross-correlation, what deep learning calls convolution.
//
// input   [BATCH, IN_CHANNELS, IN_H, IN_W]
// weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// bias    [OUT_CHANNELS]; without HAS_BIAS it is never read, and anything may be bound
// output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
//
// One invocation computes four positions of four neighbouring output channels of one group, so that eight loads serve
// sixteen products. Its positions lie a quarter of all positions apart: neighbouring invocations then load neighbouring
// numbers. Invocations are numbered as [GROUPS, BLOCKS, a quarter of the positions].

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
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const N_POSITIONS = BATCH * OUT_PLANE;
const QUARTER = (N_POSITIONS + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn store(channel: u32, positions: vec4<u32>, sums: vec4<f32>) {
    let images = (positions / OUT_PLANE) * (OUT_CHANNELS * OUT_PLANE);
    let cells = images + channel * OUT_PLANE + positions % OUT_PLANE;
    output[cells.x] = sums.x;
    if (positions.y < N_POSITIONS) {
        output[cells.y] = sums.y;
    }
    if (positions.z < N_POSITIONS) {
        output[cells.z] = sums.z;
    }
    if (positions.w < N_POSITIONS) {
        output[cells.w] = sums.w;
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
    let channels = group * GROUP_OUT + min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_OUT - 1u));
    let filters = channels * FILTER;

    // Likewise past the last position.
    let positions = idx % QUARTER + vec4<u32>(0u, 1u, 2u, 3u) * QUARTER;
    let inside_positions = min(positions, vec4<u32>(N_POSITIONS - 1u));
    let left = (inside_positions % OUT_W) * STRIDE_W;
    let top = ((inside_positions / OUT_W) % OUT_H) * STRIDE_H;
    let images = (inside_positions / OUT_PLANE) * (IN_CHANNELS * IN_PLANE) + group * (GROUP_IN * IN_PLANE);

    var sums_0 = vec4<f32>(0.0);
    var sums_1 = vec4<f32>(0.0);
    var sums_2 = vec4<f32>(0.0);
    var sums_3 = vec4<f32>(0.0);
    if (HAS_BIAS) {
        sums_0 += bias[channels.x];
        sums_1 += bias[channels.y];
        sums_2 += bias[channels.z];
        sums_3 += bias[channels.w];
    }
    for (var c = 0u; c < GROUP_IN; c += 1u) {
        for (var i = 0u; i < KERNEL_H; i += 1u) {
            // Above the input this wraps around to a huge number: one comparison serves both ends.
            let in_y = top + i * DILATION_H - PADDING_H;
            let rows = images + c * IN_PLANE + in_y * IN_W;
            for (var j = 0u; j < KERNEL_W; j += 1u) {
                let in_x = left + j * DILATION_W - PADDING_W;
                let inside = (in_y < vec4<u32>(IN_H)) & (in_x < vec4<u32>(IN_W));
                let cells = select(vec4<u32>(0u), rows + in_x, inside);
                let loaded = vec4<f32>(input[cells.x], input[cells.y], input[cells.z], input[cells.w]);
                let inputs = select(vec4<f32>(0.0), loaded, inside);
                let taps = filters + ((c * KERNEL_H + i) * KERNEL_W + j);
                sums_0 += inputs * weight[taps.x];
                sums_1 += inputs * weight[taps.y];
                sums_2 += inputs * weight[taps.z];
                sums_3 += inputs * weight[taps.w];
            }
        }
    }

    let channel = group * GROUP_OUT + first;
    store(channel, positions, sums_0);
    if (first + 1u < GROUP_OUT) {
        store(channel + 1u, positions, sums_1);
    }
    if (first + 2u < GROUP_OUT) {
        store(channel + 2u, positions, sums_2);
    }
    if (first + 3u < GROUP_OUT) {
        store(channel + 3u, positions, sums_3);
    }
}
