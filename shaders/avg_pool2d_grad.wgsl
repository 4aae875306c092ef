// The gradient of avg_pool2d: each window's gradient, shared equally by its cells.
//
// grad_output  [PLANES, OUT_H, OUT_W], where PLANES is batch times channels
// grad_input   [PLANES, IN_H, IN_W]
//
// One invocation computes one cell of grad_input from every window that holds it; invocations are numbered as
// grad_input.

const WORKGROUP_SIZE: u32 = 64;
const PLANES: u32 = 1;
const IN_H: u32 = 4;
const IN_W: u32 = 4;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;
const KERNEL_H: u32 = 2;
const KERNEL_W: u32 = 2;
const STRIDE_H: u32 = 2;
const STRIDE_W: u32 = 2;
const PADDING_H: u32 = 0;
const PADDING_W: u32 = 0;
const DILATION_H: u32 = 1;
const DILATION_W: u32 = 1;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> grad_output: array<f32>;
@group(0) @binding(1) var<storage, read_write> grad_input: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= PLANES * IN_H * IN_W) {
        return;
    }
    let x = idx % IN_W;
    let y = (idx / IN_W) % IN_H;
    let plane = idx / (IN_H * IN_W);

    // The taps are walked backwards, so that the windows come in reading order.
    var sum = 0.0;
    for (var i = KERNEL_H; i > 0u; i -= 1u) {
        // The window whose tap lies on this row, where there is one: above the output this wraps around to a huge
        // number, and between two windows it is not a multiple of the stride.
        let from_y = y + PADDING_H - (i - 1u) * DILATION_H;
        let out_y = from_y / STRIDE_H;
        if (out_y >= OUT_H || out_y * STRIDE_H != from_y) {
            continue;
        }
        for (var j = KERNEL_W; j > 0u; j -= 1u) {
            let from_x = x + PADDING_W - (j - 1u) * DILATION_W;
            let out_x = from_x / STRIDE_W;
            if (out_x >= OUT_W || out_x * STRIDE_W != from_x) {
                continue;
            }
            sum += grad_output[(plane * OUT_H + out_y) * OUT_W + out_x];
        }
    }
    grad_input[idx] = sum / f32(KERNEL_H * KERNEL_W);
}
