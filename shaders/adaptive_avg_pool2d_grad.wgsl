// The gradient of adaptive_avg_pool2d: each window's gradient, shared equally by its cells.
//
// grad_output  [PLANES, OUT_H, OUT_W], where PLANES is batch times channels
// grad_input   [PLANES, IN_H, IN_W]
//
// One invocation computes one cell of grad_input from every window that holds it; invocations are numbered as
// grad_input.

const WORKGROUP_SIZE: u32 = 64;
const PLANES: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;

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

    // Cell y lies in window i where ⌊i·IN_H/OUT_H⌋ ≤ y < ⌈(i+1)·IN_H/OUT_H⌉: the windows from ⌊y·OUT_H/IN_H⌋ to before
    // ⌈(y+1)·OUT_H/IN_H⌉.
    let top = y * OUT_H / IN_H;
    let bottom = ((y + 1u) * OUT_H + IN_H - 1u) / IN_H;
    let left = x * OUT_W / IN_W;
    let right = ((x + 1u) * OUT_W + IN_W - 1u) / IN_W;

    var sum = 0.0;
    for (var i = top; i < bottom; i += 1u) {
        let height = ((i + 1u) * IN_H + OUT_H - 1u) / OUT_H - i * IN_H / OUT_H;
        for (var j = left; j < right; j += 1u) {
            let width = ((j + 1u) * IN_W + OUT_W - 1u) / OUT_W - j * IN_W / OUT_W;
            sum += grad_output[(plane * OUT_H + i) * OUT_W + j] / f32(height * width);
        }
    }
    grad_input[idx] = sum;
}
