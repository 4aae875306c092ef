// conv_block_grad_weight where the convolution's stride and dilation are 1, and pooling halves the map (2×2, stride 2, no
// padding).
//
// input        [BATCH, IN_CHANNELS, IN_H, IN_W]
// grad_output  [BATCH, OUT_CHANNELS, OUT_H, OUT_W]
// choice       as grad_output: which cell of the convolution's map pooling took
// grad_weight  [OUT_CHANNELS, IN_CHANNELS / GROUPS, KERNEL_H, KERNEL_W]
// grad_bias    [OUT_CHANNELS]; without HAS_BIAS it is never written
//
// A workgroup computes the taps of CHANNELS neighbouring output channels by IN_BLOCK input channels of one group: each of
// its LANES invocations sums its share of the rows of all images, then the shares are added in a fixed order. The inputs
// that the four cells of a pooling window see stay in registers for all taps and channels. Workgroups are numbered as
// [GROUPS, BLOCKS, IN_BLOCKS].

const BATCH: u32 = 1;
const IN_CHANNELS: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_CHANNELS: u32 = 1;
const CONV_W: u32 = 5;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;
const GROUPS: u32 = 1;
const KERNEL_H: u32 = 3;
const KERNEL_W: u32 = 3;
const PADDING_H: u32 = 1;
const PADDING_W: u32 = 1;
const HAS_BIAS: bool = true;
const LANES: u32 = 64;
const CHANNELS: u32 = 4;
const IN_BLOCK: u32 = 1;
// What a window sees of the input: KERNEL_H + 1, and KERNEL_W + 1.
const SEEN_H: u32 = 4;
const SEEN_W: u32 = 4;

const GROUP_IN = IN_CHANNELS / GROUPS;
const GROUP_OUT = OUT_CHANNELS / GROUPS;
const BLOCKS = (GROUP_OUT + CHANNELS - 1u) / CHANNELS;
const IN_BLOCKS = (GROUP_IN + IN_BLOCK - 1u) / IN_BLOCK;
const KERNEL = KERNEL_H * KERNEL_W;
const IN_PLANE = IN_H * IN_W;
const OUT_PLANE = OUT_H * OUT_W;
// Of one channel: the taps, and its bias behind them.
const CHANNEL_SUMS = IN_BLOCK * KERNEL + 1u;
const N_SUMS = CHANNELS * CHANNEL_SUMS;
const GRID_ROW = 65535u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read> choice: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;

// All sums of a lane, then those of the next.
var<workgroup> shares: array<f32, LANES * N_SUMS>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // A grid's last row may have more workgroups than there is work.
    let idx = min(id.y * GRID_ROW + id.x, GROUPS * BLOCKS * IN_BLOCKS - 1u);
    let first_c = (idx % IN_BLOCKS) * IN_BLOCK;
    let group = idx / (IN_BLOCKS * BLOCKS);
    let first = group * GROUP_OUT + ((idx / IN_BLOCKS) % BLOCKS) * CHANNELS;
    let last = (group + 1u) * GROUP_OUT;

    var sums: array<array<array<f32, KERNEL>, IN_BLOCK>, CHANNELS>;
    var biases: array<f32, CHANNELS>;
    for (var out_row = lane; out_row < BATCH * OUT_H; out_row += LANES) {
        let n = out_row / OUT_H;
        let out_y = out_row % OUT_H;
        // Outside the input positions wrap around to a huge number: one comparison serves both ends.
        let top = 2u * out_y - PADDING_H;
        for (var out_x = 0u; out_x < OUT_W; out_x += 1u) {
            let left = 2u * out_x - PADDING_W;
            let cell = 2u * (out_y * CONV_W + out_x);
            // Of each channel the gradients of the window's four cells, of which pooling lets one through.
            var grads: array<vec4<f32>, CHANNELS>;
            for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
                // Past the group's last channel, the last one is computed again and not stored.
                let at = (n * OUT_CHANNELS + min(first + o, last - 1u)) * OUT_PLANE + out_y * OUT_W + out_x;
                let grad = grad_output[at];
                let place = vec4<u32>(choice[at] - cell);
                let chosen = place == vec4<u32>(0u, 1u, CONV_W, CONV_W + 1u);
                grads[o] = select(vec4<f32>(0.0), vec4<f32>(grad), chosen);
                biases[o] += select(0.0, grad, any(chosen));
            }
            for (var c = 0u; c < IN_BLOCK; c += 1u) { // unrolled
                let plane = (n * IN_CHANNELS + group * GROUP_IN + min(first_c + c, GROUP_IN - 1u)) * IN_PLANE;
                var inputs: array<array<f32, SEEN_W>, SEEN_H>;
                for (var i = 0u; i < SEEN_H; i += 1u) { // unrolled
                    for (var j = 0u; j < SEEN_W; j += 1u) { // unrolled
                        let inside = (top + i < IN_H) & (left + j < IN_W);
                        let loaded = input[select(0u, plane + (top + i) * IN_W + left + j, inside)];
                        inputs[i][j] = select(0.0, loaded, inside);
                    }
                }
                for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                    for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                        let seen = vec4<f32>(
                            inputs[i][j],
                            inputs[i][j + 1u],
                            inputs[i + 1u][j],
                            inputs[i + 1u][j + 1u],
                        );
                        for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
                            sums[o][c][i * KERNEL_W + j] += dot(grads[o], seen);
                        }
                    }
                }
            }
        }
    }

    for (var o = 0u; o < CHANNELS; o += 1u) { // unrolled
        let own = lane * N_SUMS + o * CHANNEL_SUMS;
        for (var c = 0u; c < IN_BLOCK; c += 1u) { // unrolled
            for (var i = 0u; i < KERNEL_H; i += 1u) { // unrolled
                for (var j = 0u; j < KERNEL_W; j += 1u) { // unrolled
                    shares[own + c * KERNEL + i * KERNEL_W + j] = sums[o][c][i * KERNEL_W + j];
                }
            }
        }
        shares[own + IN_BLOCK * KERNEL] = biases[o];
    }
    workgroupBarrier();
    for (var own = lane; own < N_SUMS; own += LANES) {
        var sum = 0.0;
        for (var k = 0u; k < LANES; k += 1u) {
            sum += shares[k * N_SUMS + own];
        }
        let channel = first + own / CHANNEL_SUMS;
        let tap = own % CHANNEL_SUMS;
        let c = first_c + tap / KERNEL;
        if (channel >= last) {
            continue;
        }
        if (tap == IN_BLOCK * KERNEL) {
            if (HAS_BIAS && first_c == 0u) {
                grad_bias[channel] = sum;
            }
        } else if (c < GROUP_IN) {
            grad_weight[(channel * GROUP_IN + c) * KERNEL + tap % KERNEL] = sum;
        }
    }
}
