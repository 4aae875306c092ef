// The gradient of max_pool2d: each window's gradient goes to the first of its largest numbers, in reading order.
//
// input        [PLANES, IN_H, IN_W], where PLANES is batch times channels
// grad_output  [PLANES, OUT_H, OUT_W]
// grad_input   [PLANES, IN_H, IN_W]
//
// One invocation computes one cell of grad_input: it looks at every window that holds the cell, finds that window's
// winner again, and adds the gradient where it is this cell. So no two invocations write the same cell, and the order
// of the sum is fixed. Invocations are numbered as grad_input.

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

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

// Compilers may assume that no number is NaN, so the bits are asked.
fn is_nan(number: f32) -> bool {
    return (bitcast<u32>(number) & 0x7fffffffu) > 0x7f800000u;
}

// Where in the input the window of output (y, x) has its first maximum.
fn winner(plane: u32, y: u32, x: u32) -> u32 {
    var found = false;
    var best = 0.0;
    var best_idx = 0u;
    for (var i = 0u; i < KERNEL_H; i += 1u) {
        let in_y = y * STRIDE_H + i * DILATION_H - PADDING_H;
        if (in_y >= IN_H) {
            continue;
        }
        for (var j = 0u; j < KERNEL_W; j += 1u) {
            let in_x = x * STRIDE_W + j * DILATION_W - PADDING_W;
            if (in_x >= IN_W) {
                continue;
            }
            let idx = (plane * IN_H + in_y) * IN_W + in_x;
            let number = input[idx];
            if (!found || number > best || is_nan(number)) {
                found = true;
                best = number;
                best_idx = idx;
            }
        }
    }
    return best_idx;
}

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
            if (winner(plane, out_y, out_x) == idx) {
                sum += grad_output[(plane * OUT_H + out_y) * OUT_W + out_x];
            }
        }
    }
    grad_input[idx] = sum;
}
