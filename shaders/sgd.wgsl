// Stochastic gradient descent with momentum, over all parameters at once:
// g ← g + weight_decay·p; v ← momentum·v + g; p ← p − lr·v, or p − lr·(g + momentum·v) with NESTEROV.
//
// gradients             [N_ELEMENTS]
// hyper                 what may change from step to step; beta1 is the momentum
// parameters, velocity  [N_ELEMENTS], updated in place; gaps between parameters hold zeros and keep them
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const NESTEROV: bool = false;

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
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let p = parameters[idx];
    let g = gradients[idx] + hyper.weight_decay * p;
    let v = hyper.beta1 * velocity[idx] + g;
    velocity[idx] = v;
    parameters[idx] = p - hyper.learning_rate * select(v, g + hyper.beta1 * v, NESTEROV);
}
