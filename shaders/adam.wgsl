// Adam, over all parameters at once:
// g ← g + weight_decay·p; m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²; p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + eps).
//
// gradients             [N_ELEMENTS]
// hyper                 what may change from step to step
// parameters            [N_ELEMENTS], updated in place; gaps between parameters hold zeros and keep them
// first_moment, second_moment  [N_ELEMENTS], updated in place
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

struct Hyper {
    learning_rate: f32,
    weight_decay: f32,
    beta1: f32,
    beta2: f32,
    eps: f32,
    bias_correction1: f32,
    bias_correction2_sqrt: f32,
    padding: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> hyper: Hyper;
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(3) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(4) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let p = parameters[idx];
    let g = gradients[idx] + hyper.weight_decay * p;
    let m = hyper.beta1 * first_moment[idx] + (1.0 - hyper.beta1) * g;
    let v = hyper.beta2 * second_moment[idx] + (1.0 - hyper.beta2) * g * g;
    first_moment[idx] = m;
    second_moment[idx] = v;
    let step_size = hyper.learning_rate / hyper.bias_correction1;
    parameters[idx] = p - step_size * m / (sqrt(v) / hyper.bias_correction2_sqrt + hyper.eps);
}
