// The gradient of conv2d with respect to its weight.
//
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// grad_weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
//
// One workgroup computes one tap of four neighbouring output channels of one group: each invocation sums its share of
// the rows of all images, then the shares are added in a fixed order, so that results are the same every time.
// Workgroups are numbered as [GROUPS, BLOCKS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W].

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
const OUT_PLANE = OUT_H * OUT_W;
const N_WORKGROUPS = GROUPS * BLOCKS * FILTER;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_weight: array<f32>;

var<workgroup> shares: array<vec4<f32>, 64>;
var<workgroup> eighths: array<vec4<f32>, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_WORKGROUPS) {
        return;
    }
    let j = idx % KERNEL_W;
    let i = (idx / KERNEL_W) % KERNEL_H;
    let c = (idx / (KERNEL_H * KERNEL_W)) % GROUP_IN;
    let block = idx / FILTER;
    let group = block / BLOCKS;

    // Past the group's last channel, the last one is computed again and not stored.
    let in_group = min((block % BLOCKS) * 4u + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(GROUP_OUT - 1u));
    let channels = group * GROUP_OUT + in_group;

    var sum = vec4<f32>(0.0);
    for (var row = lane; row < BATCH * OUT_H; row += WORKGROUP_SIZE) {
        let y = row % OUT_H;
        let n = row / OUT_H;
        // Above the input this wraps around to a huge number: one comparison serves both ends.
        let in_y = y * STRIDE_H + i * DILATION_H - PADDING_H;
        if (in_y >= IN_H) {
            continue;
        }
        let in_row = ((n * IN_CHANNELS + group * GROUP_IN + c) * IN_H + in_y) * IN_W;
        let out_rows = (n * OUT_CHANNELS + channels) * OUT_PLANE + y * OUT_W;
        for (var x = 0u; x < OUT_W; x += 1u) {
            let in_x = x * STRIDE_W + j * DILATION_W - PADDING_W;
            if (in_x >= IN_W) {
                continue;
            }
            let cells = out_rows + x;
            let grads = vec4<f32>(grad_output[cells.x], grad_output[cells.y], grad_output[cells.z], grad_output[cells.w]);
            sum += input[in_row + in_x] * grads;
        }
    }

    // Two levels of eight: halving needs three times the barriers, which are dear on software adapters.
    shares[lane] = sum;
    workgroupBarrier();
    if (lane < 8u) {
        var share = shares[lane * 8u];
        for (var k = 1u; k < 8u; k += 1u) {
            share += shares[lane * 8u + k];
        }
        eighths[lane] = share;
    }
    workgroupBarrier();
    if (lane == 0u) {
        sum = eighths[0];
        for (var k = 1u; k < 8u; k += 1u) {
            sum += eighths[k];
        }
        let first = channels.x * FILTER + idx % FILTER;
        let n_channels = GROUP_OUT - in_group.x;
        grad_weight[first] = sum.x;
        if (n_channels > 1u) {
            grad_weight[first + FILTER] = sum.y;
        }
        if (n_channels > 2u) {
            grad_weight[first + 2u * FILTER] = sum.z;
        }
        if (n_channels > 3u) {
            grad_weight[first + 3u * FILTER] = sum.w;
        }
    }
}
