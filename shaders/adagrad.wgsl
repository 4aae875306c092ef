// Adagrad, over all parameters at once:
// g ← scale·g + weight_decay·p + l1·sign(p); s ← s + g²; p ← p − lr · g / (√s + eps).
// beta2 is what the sums start from, at the first step, and 0 afterwards.
//
// gradients   [N_ELEMENTS]
// hyper       what may change from step to step
// scale       one number, the factor of the gradients
// parameters  [N_ELEMENTS], updated in place; gaps between parameters hold zeros and keep them
// square_sum  [N_ELEMENTS], updated in place
//
// One invocation updates one number.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;

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
@group(0) @binding(4) var<storage, read_write> square_sum: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let p = parameters[idx];
    let g = scale[0] * gradients[idx] + hyper.weight_decay * p + hyper.l1 * sign(p);
    let s = square_sum[idx] + hyper.beta2 + g * g;
    square_sum[idx] = s;
    parameters[idx] = p - hyper.learning_rate * g / (sqrt(s) + hyper.eps);
}
