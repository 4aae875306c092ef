// The gradient of conv_block with respect to its input.
//
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// weight       [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// gate         as grad_output: conv_block's choice with POOLED, else its output, whose positive numbers let gradients
//              through
// grad_input   [BATCH, IN_CHANNELS, IN_H, IN_W]
//
// One invocation computes four positions, a quarter of all positions apart, of four neighbouring input channels of one
// group. Invocations are numbered as [GROUPS, BLOCKS, a quarter of the positions].

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

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_IN + 3u) / 4u;
const KERNEL = KERNEL_H * KERNEL_W;
const FILTER = GROUP_IN * KERNEL;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
const N_POSITIONS = BATCH * IN_PLANE;
const QUARTER = (N_POSITIONS + 3u) / 4u;
const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<f32>;

// The gradient that arrives at a cell of the convolution's map; `plane` is where its output's map begins.
fn arriving(plane: u32, y: u32, x: u32) -> f32 {
    if (!POOLED) {
        let at = plane + y * OUT_W + x;
        return select(0.0, grad_output[at], bitcast<f32>(gate[at]) > 0.0);
    }
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

// What arrives along tap [i, j] at an input's cell.
fn along_tap(plane: u32, in_y: u32, in_x: u32, i: u32, j: u32) -> f32 {
    // Above the map this wraps around to a huge number, no matter that it is divided then.
    let y = in_y + PADDING_H - i * DILATION_H;
    let x = in_x + PADDING_W - j * DILATION_W;
    let before = in_y + PADDING_H < i * DILATION_H || in_x + PADDING_W < j * DILATION_W;
    if (before || y % STRIDE_H != 0u || x % STRIDE_W != 0u || y / STRIDE_H >= CONV_H || x / STRIDE_W >= CONV_W) {
        return 0.0;
    }
    return arriving(plane, y / STRIDE_H, x / STRIDE_W);
}

fn store_one(channel: u32, position: u32, number: f32) {
    if (position < N_POSITIONS) {
        grad_input[((position / IN_PLANE) * IN_CHANNELS + channel) * IN_PLANE + position % IN_PLANE] = number;
    }
}

fn store(channel: u32, positions: vec4<u32>, sums: vec4<f32>) {
    store_one(channel, positions.x, sums.x);
    store_one(channel, positions.y, sums.y);
    store_one(channel, positions.z, sums.z);
    store_one(channel, positions.w, sums.w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= GROUPS * BLOCKS * QUARTER) {
        return;
    }
    let group = idx / (BLOCKS * QUARTER);
    let first = ((idx / QUARTER) % BLOCKS) * 4u;
    // Past the group's last channel and the last position, the last ones are computed again and not stored.
    let channels = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_IN - 1u)) * KERNEL;
    let positions = idx % QUARTER + vec4<u32>(0u, 1u, 2u, 3u) * QUARTER;
    let inside_positions = min(positions, vec4<u32>(N_POSITIONS - 1u));
    let x = inside_positions % IN_W;
    let y = (inside_positions / IN_W) % IN_H;
    let images = (inside_positions / IN_PLANE) * (OUT_CHANNELS * OUT_PLANE);

    var sums_0 = vec4<f32>(0.0);
    var sums_1 = vec4<f32>(0.0);
    var sums_2 = vec4<f32>(0.0);
    var sums_3 = vec4<f32>(0.0);
    for (var o = group * GROUP_OUT; o < (group + 1u) * GROUP_OUT; o += 1u) {
        let planes = images + o * OUT_PLANE;
        for (var i = 0u; i < KERNEL_H; i += 1u) {
            for (var j = 0u; j < KERNEL_W; j += 1u) {
                let grads = vec4<f32>(
                    along_tap(planes.x, y.x, x.x, i, j),
                    along_tap(planes.y, y.y, x.y, i, j),
                    along_tap(planes.z, y.z, x.z, i, j),
                    along_tap(planes.w, y.w, x.w, i, j),
                );
                let taps = channels + (o * FILTER + i * KERNEL_W + j);
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
