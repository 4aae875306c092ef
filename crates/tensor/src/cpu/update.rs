//! The optimisers' steps, and the clipping of gradients before them.

use crate::update::{Hyper, Update};

/// `scale` is the factor that cuts the gradients to their greatest norm.
pub(crate) fn run(
    kernel: Update,
    gradients: &[f32],
    hyper: &[f32],
    scale: f32,
    parameters: &mut [f32],
    states: &mut [Vec<f32>],
) {
    let hyper = read(hyper);
    let decay = if kernel == Update::AdamW { 0.0 } else { hyper.weight_decay };
    // Apart, so that the usual case stays free of signs.
    if hyper.l1 == 0.0 {
        step(kernel, hyper, |g, p| scale * g + decay * p, gradients, parameters, states);
    } else {
        let penalised = |g, p| scale * g + decay * p + hyper.l1 * sign(p);
        step(kernel, hyper, penalised, gradients, parameters, states);
    }
}

/// −1, 0 or 1.
fn sign(p: f32) -> f32 {
    if p == 0.0 { 0.0 } else { p.signum() }
}

fn step(
    kernel: Update,
    hyper: Hyper,
    penalised: impl Fn(f32, f32) -> f32,
    gradients: &[f32],
    parameters: &mut [f32],
    states: &mut [Vec<f32>],
) {
    let Hyper { learning_rate, weight_decay, beta1, beta2, eps, bias_correction2_sqrt, .. } = hyper;
    let pairs = parameters.iter_mut().zip(gradients);
    match (kernel, states) {
        (Update::Sgd { nesterov }, [velocity, ..]) => {
            for ((p, &g), v) in pairs.zip(velocity) {
                let g = penalised(g, *p);
                *v = beta1 * *v + (1.0 - beta2) * g;
                let direction = if nesterov { g + beta1 * *v } else { *v };
                *p -= learning_rate * direction;
            }
        }
        (Update::Adam | Update::AdamW, [mean, square, ..]) => {
            let shrink = if kernel == Update::AdamW { weight_decay } else { 0.0 };
            for (((p, &g), m), v) in pairs.zip(mean).zip(square) {
                let g = penalised(g, *p);
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                *p -= shrink * *p;
                *p -= learning_rate * *m / (v.sqrt() / bias_correction2_sqrt + eps);
            }
        }
        (Update::RMSprop { centered }, [square, velocity, mean, ..]) => {
            for ((((p, &g), v), b), m) in pairs.zip(square).zip(velocity).zip(mean) {
                let g = penalised(g, *p);
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                *m = beta2 * *m + (1.0 - beta2) * g;
                // Rounding may make a variance negative.
                let square = if centered { (*v - *m * *m).max(0.0) } else { *v };
                *b = beta1 * *b + g / (square.sqrt() + eps);
                *p -= learning_rate * *b;
            }
        }
        (Update::Adagrad, [sum, ..]) => {
            for ((p, &g), s) in pairs.zip(sum) {
                let g = penalised(g, *p);
                *s += beta2 + g * g;
                *p -= learning_rate * g / (s.sqrt() + eps);
            }
        }
        (_, states) => unreachable!("{kernel:?} has {} states, not {}", kernel.n_states(), states.len()),
    }
}

/// Sums of squares, each over its share of the numbers.
pub(super) fn grad_norm(chunk: usize, gradients: &[f32], out: &mut [f32]) {
    for (out, chunk) in out.iter_mut().zip(gradients.chunks(chunk)) {
        *out = chunk.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>() as f32;
    }
}

/// The factor that cuts gradients of these sums of squares to the greatest norm; 1 where they are short enough.
pub(super) fn clip_coefficient(squares: &[f32], hyper: &[f32], out: &mut [f32]) {
    let norm = squares.iter().map(|&square| f64::from(square)).sum::<f64>().sqrt() as f32;
    let coefficient = read(hyper).max_norm / (norm + 1e-6);
    // Not `min`, which would hide a NaN.
    out[0] = if coefficient > 1.0 { 1.0 } else { coefficient };
}

fn read(hyper: &[f32]) -> Hyper {
    *bytemuck::from_bytes(bytemuck::cast_slice(hyper))
}
