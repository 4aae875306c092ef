// Adam, over all parameters at once:
// g ← scale·g + weight_decay·p + l1·sign(p); m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²;
// p ← p − lr · m / (√v/√(1−β₂ᵗ) + eps), where lr is divided by 1−β₁ᵗ already.
// AdamW, with DECOUPLED: p ← p − weight_decay·p in place of the gradient's part; weight_decay is times the lr already.
//
// gradients   [N_ELEMENTS]
// hyper       what may change from step to step
// scale       one number, the factor of the gradients
// parameters  [N_ELEMENTS], updated in place; gaps between parameters hold zeros and keep them
// first_moment, second_moment  [N_ELEMENTS], updated in place
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const DECOUPLED: bool = false;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

struct Hyper {
    learning_rate: f32,
    weight_decay: f32,
    l1: f32,
    beta1: f32,
    beta2: f32,
    eps: f32,
    bias_correction2_sqrt: f32,
    max_norm: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> hyper: Hyper;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(5) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let p = parameters[idx];
    let decay = hyper.weight_decay * p;
    let g = scale[0] * gradients[idx] + select(decay, 0.0, DECOUPLED) + hyper.l1 * sign(p);
    let m = hyper.beta1 * first_moment[idx] + (1.0 - hyper.beta1) * g;
    let v = hyper.beta2 * second_moment[idx] + (1.0 - hyper.beta2) * g * g;
    first_moment[idx] = m;
    second_moment[idx] = v;
    let kept = p - select(0.0, decay, DECOUPLED);
    parameters[idx] = kept - hyper.learning_rate * m / (sqrt(v) / hyper.bias_correction2_sqrt + hyper.eps);
}
