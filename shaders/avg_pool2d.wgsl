// The mean of each window, padding zeros counted.
//
// input   [PLANES, IN_H, IN_W], where PLANES is batch times channels
// output  [PLANES, OUT_H, OUT_W]
//
// One invocation computes one output; invocations are numbered as the output.

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
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= PLANES * OUT_H * OUT_W) {
        return;
    }
    let x = idx % OUT_W;
    let y = (idx / OUT_W) % OUT_H;
    let plane = (idx / (OUT_H * OUT_W)) * (IN_H * IN_W);

    var sum = 0.0;
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
            sum += input[plane + in_y * IN_W + in_x];
        }
    }
    output[idx] = sum / f32(KERNEL_H * KERNEL_W);
}
