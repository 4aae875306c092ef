// Stochastic gradient descent with momentum, over all parameters at once:
// g ← scale·g + weight_decay·p + l1·sign(p); v ← momentum·v + (1 − dampening)·g;
// p ← p − lr·v, or p − lr·(g + momentum·v) with NESTEROV. beta1 is the momentum, beta2 the dampening.
//
// gradients   [N_ELEMENTS]
// hyper       what may change from step to step
// scale       one number, the factor of the gradients
// parameters  [N_ELEMENTS], updated in place; gaps between parameters hold zeros and keep them
// velocity  [N_ELEMENTS], updated in place
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const NESTEROV: bool = false;

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
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let p = parameters[idx];
    let g = scale[0] * gradients[idx] + hyper.weight_decay * p + hyper.l1 * sign(p);
    let v = hyper.beta1 * velocity[idx] + (1.0 - hyper.beta2) * g;
    velocity[idx] = v;
    parameters[idx] = p - hyper.learning_rate * select(v, g + hyper.beta1 * v, NESTEROV);
}
