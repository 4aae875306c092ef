// The mean of windows placed so that the output has a given size: window i of n covers the cells from ⌊i·size/n⌋ to
// before ⌈(i+1)·size/n⌉.
//
// input   [PLANES, IN_H, IN_W], where PLANES is batch times channels
// output  [PLANES, OUT_H, OUT_W]
//
// One invocation computes one output; invocations are numbered as the output.

const WORKGROUP_SIZE: u32 = 64;
const PLANES: u32 = 1;
const IN_H: u32 = 5;
const IN_W: u32 = 5;
const OUT_H: u32 = 2;
const OUT_W: u32 = 2;

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
    let plane = idx / (OUT_H * OUT_W);
    let top = y * IN_H / OUT_H;
    let bottom = ((y + 1u) * IN_H + OUT_H - 1u) / OUT_H;
    let left = x * IN_W / OUT_W;
    let right = ((x + 1u) * IN_W + OUT_W - 1u) / OUT_W;

    var sum = 0.0;
    for (var in_y = top; in_y < bottom; in_y += 1u) {
        for (var in_x = left; in_x < right; in_x += 1u) {
            sum += input[(plane * IN_H + in_y) * IN_W + in_x];
        }
    }
    output[idx] = sum / f32((bottom - top) * (right - left));
}
