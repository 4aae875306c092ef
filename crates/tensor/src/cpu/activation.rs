//! Functions of each element by itself, and their gradients.

use std::f32::consts::FRAC_1_SQRT_2;

use crate::ops::{Activation, CUBIC, DENSITY, SCALE};

pub(super) fn forward(activation: Activation, input: &[f32], out: &mut [f32]) {
    match activation {
        // A NaN stays one, so that divergence is seen.
        Activation::Relu => map(input, out, |x| if x < 0.0 { 0.0 } else { x }),
        Activation::LeakyRelu { negative_slope } => {
            map(input, out, |x| if x > 0.0 { x } else { negative_slope * x });
        }
        Activation::Sigmoid => map(input, out, |x| 1.0 / (1.0 + (-x).exp())),
        Activation::Tanh => map(input, out, f32::tanh),
        Activation::Elu { alpha } => map(input, out, |x| if x > 0.0 { x } else { alpha * x.exp_m1() }),
        Activation::Gelu { tanh } => map(input, out, |x| x * below(tanh, x)),
    }
}

pub(super) fn backward(activation: Activation, reference: &[f32], grad_output: &[f32], out: &mut [f32]) {
    match activation {
        Activation::Relu => zip(reference, grad_output, out, |y, g| if y > 0.0 { g } else { 0.0 }),
        Activation::LeakyRelu { negative_slope } => {
            zip(reference, grad_output, out, |x, g| if x > 0.0 { g } else { negative_slope * g });
        }
        Activation::Sigmoid => zip(reference, grad_output, out, |y, g| g * y * (1.0 - y)),
        Activation::Tanh => zip(reference, grad_output, out, |y, g| g * (1.0 - y * y)),
        Activation::Elu { alpha } => {
            zip(reference, grad_output, out, |x, g| if x > 0.0 { g } else { g * alpha * x.exp() });
        }
        Activation::Gelu { tanh: false } => {
            zip(reference, grad_output, out, |x, g| {
                // Φ(x) + x · φ(x)
                g * (below(false, x) + x * DENSITY * (-0.5 * x * x).exp())
            });
        }
        Activation::Gelu { tanh: true } => {
            zip(reference, grad_output, out, |x, g| {
                // Beyond ±8 the slope is 0 or 1, but the square may overflow.
                let (below, near) = (below(true, x), x.clamp(-8.0, 8.0));
                let slope = 2.0 * SCALE * (1.0 + 3.0 * CUBIC * near * near) * below * (1.0 - below);
                g * (below + near * slope)
            });
        }
    }
}

/// How probable it is that a standard normal number lies below `x`; approximately, with `tanh`.
fn below(tanh: bool, x: f32) -> f32 {
    let inner = if tanh { (SCALE * (x + CUBIC * x * x * x)).tanh() } else { libm::erff(x * FRAC_1_SQRT_2) };
    0.5 * (1.0 + inner)
}

#[inline(always)]
pub(super) fn map(input: &[f32], out: &mut [f32], function: impl Fn(f32) -> f32) {
    for (out, &x) in out.iter_mut().zip(input) {
        *out = function(x);
    }
}

#[inline(always)]
fn zip(a: &[f32], b: &[f32], out: &mut [f32], function: impl Fn(f32, f32) -> f32) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = function(a, b);
    }
}
