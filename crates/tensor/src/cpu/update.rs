//! The optimisers' steps.

use crate::update::{Hyper, Update};

pub(crate) fn run(
    kernel: Update,
    gradients: &[f32],
    hyper: &[f32],
    parameters: &mut [f32],
    states: &mut [Vec<f32>],
) {
    let hyper: Hyper = *bytemuck::from_bytes(bytemuck::cast_slice(hyper));
    match kernel {
        Update::Sgd { nesterov } => sgd(nesterov, gradients, hyper, parameters, &mut states[0]),
        Update::Adam => {
            let [mean, square, ..] = states else { unreachable!("Adam has two states") };
            adam(gradients, hyper, parameters, mean, square);
        }
    }
}

fn sgd(nesterov: bool, gradients: &[f32], hyper: Hyper, parameters: &mut [f32], velocity: &mut [f32]) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradients).zip(velocity) {
        let g = g + hyper.weight_decay * *p;
        *v = hyper.beta1 * *v + g;
        let direction = if nesterov { g + hyper.beta1 * *v } else { *v };
        *p -= hyper.learning_rate * direction;
    }
}

fn adam(gradients: &[f32], hyper: Hyper, parameters: &mut [f32], mean: &mut [f32], square: &mut [f32]) {
    let step = hyper.learning_rate / hyper.bias_correction1;
    for (((p, &g), m), v) in parameters.iter_mut().zip(gradients).zip(mean).zip(square) {
        let g = g + hyper.weight_decay * *p;
        *m = hyper.beta1 * *m + (1.0 - hyper.beta1) * g;
        *v = hyper.beta2 * *v + (1.0 - hyper.beta2) * g * g;
        *p -= step * *m / (v.sqrt() / hyper.bias_correction2_sqrt + hyper.eps);
    }
}
