// A function of each element by itself.
//
// input, output  [N_ELEMENTS]
//
// One invocation computes one element.
//
// WGSL's exp and tanh may be a few units off in the last place, and may overflow inside: their arguments are kept where
// nothing does, beyond which the results no longer change in 32 bits.

const WORKGROUP_SIZE: u32 = 64;
const N_ELEMENTS: u32 = 1;
// 0 is ReLU, 1 LeakyReLU, 2 the sigmoid, 3 the hyperbolic tangent, 4 ELU, 5 GELU, 6 GELU by the hyperbolic tangent.
const KIND: u32 = 0;
// LeakyReLU's negative slope, or ELU's alpha.
const ARGUMENT: f32 = 0.01;

const GRID_ROW = 65535u * WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

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
    let x = input[idx];
    if (KIND == 0u) {
        // A comparison, not max(x, 0): a NaN stays one.
        output[idx] = select(x, 0.0, x < 0.0);
    } else if (KIND == 1u) {
        output[idx] = select(x, ARGUMENT * x, x < 0.0);
    } else if (KIND == 2u) {
        output[idx] = 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
    } else if (KIND == 3u) {
        output[idx] = tanh(clamp(x, -15.0, 15.0));
    } else if (KIND == 4u) {
        // Near zero the difference of two numbers near 1 would lose its digits.
        let left = min(x, 0.0);
        let small = left * (1.0 + left * (0.5 + left / 6.0));
        output[idx] = select(x, ARGUMENT * select(exp(left) - 1.0, small, left > -0.02), x <= 0.0);
    } else {
        // Far to the left nothing is left, however large x is.
        output[idx] = select(x, -8.0, x < -8.0) * below(x);
    }
}
