//! Functions of each element by itself, and their gradients.

use crate::ops::Activation;

pub(super) fn forward(activation: Activation, input: &[f32], out: &mut [f32]) {
    match activation {
        // A NaN stays one, so that divergence is seen.
        Activation::Relu => map(input, out, |x| if x < 0.0 { 0.0 } else { x }),
        Activation::LeakyRelu { negative_slope } => {
            map(input, out, |x| if x > 0.0 { x } else { negative_slope * x });
        }
        Activation::Sigmoid => map(input, out, |x| 1.0 / (1.0 + (-x).exp())),
        Activation::Tanh => map(input, out, f32::tanh),
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
    }
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
