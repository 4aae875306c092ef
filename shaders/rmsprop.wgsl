// RMSprop, over all parameters at once:
// g ← scale·g + weight_decay·p + l1·sign(p); v ← α·v + (1−α)·g²; m ← α·m + (1−α)·g;
// b ← momentum·b + g / (√v + eps), or with CENTERED v − m² in place of v; p ← p − lr·b. beta1 is the momentum, beta2 is α.
//
// gradients   [N_ELEMENTS]
// hyper       what may change from step to step
// scale       one number, the factor of the gradients
// parameters  [N_ELEMENTS], updated in place; gaps between parameters hold zeros and keep them
// square_mean, velocity, gradient_mean  [N_ELEMENTS], updated in place
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
const CENTERED: bool = false;

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
@group(0) @binding(4) var<storage, read_write> square_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(6) var<storage, read_write> gradient_mean: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let p = parameters[idx];
    let g = scale[0] * gradients[idx] + hyper.weight_decay * p + hyper.l1 * sign(p);
    let v = hyper.beta2 * square_mean[idx] + (1.0 - hyper.beta2) * g * g;
    let m = hyper.beta2 * gradient_mean[idx] + (1.0 - hyper.beta2) * g;
    square_mean[idx] = v;
    gradient_mean[idx] = m;
    // Rounding may make a variance negative.
    let square = select(v, max(v - m * m, 0.0), CENTERED);
    let b = hyper.beta1 * velocity[idx] + g / (sqrt(square) + hyper.eps);
    velocity[idx] = b;
    parameters[idx] = p - hyper.learning_rate * b;
}
