// The gradient of an activation.
//
// reference    [N_ELEMENTS], the activation's output; for LeakyReLU, ELU and GELU its input
// grad_output  [N_ELEMENTS]
// grad_input   [N_ELEMENTS]
//
// One invocation computes one element.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
// 0 is ReLU, 1 LeakyReLU, 2 the sigmoid, 3 the hyperbolic tangent, 4 ELU, 5 GELU, 6 GELU by the hyperbolic tangent.
const KIND: u32 = 0;
// LeakyReLU's negative slope, or ELU's alpha.
const ARGUMENT: f32 = 0.01;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> reference: array<f32>;
@group(0) @binding(1) var<storage, read> grad_output: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<f32>;

// How probable it is that a standard normal number lies below x: (1 + erf(x / √2)) / 2 to 1.5·10⁻⁷, by formula 7.1.26 of
// Abramowitz and Stegun's "Handbook of Mathematical Functions"; in GELU's approximation (1 + tanh(…)) / 2. Beyond ±8 and
// ±15 nothing changes any more in 32 bits.
fn below(x: f32) -> f32 {
    if (KIND == 6u) {
        let near = clamp(x, -8.0, 8.0);
        return 0.5 + 0.5 * tanh(clamp(0.79788456 * (near + 0.044715 * near * near * near), -15.0, 15.0));
    }
    let z = min(abs(x), 8.0) * 0.70710678;
    let t = 1.0 / (1.0 + 0.3275911 * z);
    let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    let tail = 0.5 * series * exp(-z * z);
    return select(1.0 - tail, tail, x < 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let idx = id.y * GRID_ROW + id.x;
    if (idx >= N_ELEMENTS) {
        return;
    }
    let y = reference[idx];
    let grad = grad_output[idx];
    if (KIND == 0u) {
        grad_input[idx] = select(0.0, grad, y > 0.0);
    } else if (KIND == 1u) {
        grad_input[idx] = select(ARGUMENT * grad, grad, y > 0.0);
    } else if (KIND == 2u) {
        grad_input[idx] = grad * y * (1.0 - y);
    } else if (KIND == 3u) {
        grad_input[idx] = grad * (1.0 - y * y);
    } else if (KIND == 4u) {
        grad_input[idx] = select(ARGUMENT * exp(min(y, 0.0)) * grad, grad, y > 0.0);
    } else if (KIND == 5u) {
        // Φ(x) + x · φ(x), with the normal distribution's density φ.
        let near = clamp(y, -15.0, 15.0);
        grad_input[idx] = grad * (below(y) + near * 0.39894228 * exp(-0.5 * near * near));
    } else {
        let near = clamp(y, -8.0, 8.0);
        let p = below(y);
        grad_input[idx] = grad * (p + near * 1.5957691 * (1.0 + 0.134145 * near * near) * p * (1.0 - p));
    }
}
