//! The loss, its gradient, and the count of right answers.

use super::kernels::{Read, Write};
use super::softmax;
use crate::ops::ElementLoss;

pub(super) fn nll_loss(log_probabilities: Read<'_>, target: &[f32], out: &mut [f32]) {
    let [batch, n_classes] = log_probabilities.dims();
    let target: &[u32] = bytemuck::cast_slice(target);
    let rows = log_probabilities.data.chunks_exact(n_classes);
    // A target outside the classes is nobody's: it makes the loss NaN instead of reading another row.
    let sum: f32 = rows.zip(target).map(|(row, &t)| row.get(t as usize).copied().unwrap_or(f32::NAN)).sum();
    out[0] = -sum / batch as f32;
}

pub(super) fn nll_loss_grad(n_classes: usize, target: &[f32], grad_output: &[f32], out: &mut [f32]) {
    let target: &[u32] = bytemuck::cast_slice(target);
    let share = -grad_output[0] / target.len() as f32;
    out.fill(0.0);
    for (row, &target) in out.chunks_exact_mut(n_classes).zip(target) {
        if let Some(cell) = row.get_mut(target as usize) {
            *cell = share;
        }
    }
}

pub(super) fn one_hot(n_classes: usize, labels: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (row, &label) in out.chunks_exact_mut(n_classes.max(1)).zip(bytemuck::cast_slice::<_, u32>(labels)) {
        if let Some(cell) = row.get_mut(label as usize) {
            *cell = 1.0;
        }
    }
}

/// Summed in 64 bits.
pub(super) fn element_loss(kind: ElementLoss, input: &[f32], target: &[f32], out: &mut [f32]) {
    let of = |x: f32, t: f32| {
        let distance = (x - t).abs();
        match kind {
            ElementLoss::Mse => distance * distance,
            ElementLoss::L1 => distance,
            ElementLoss::SmoothL1 if distance < 1.0 => 0.5 * distance * distance,
            ElementLoss::SmoothL1 => distance - 0.5,
            ElementLoss::BceWithLogits => x.max(0.0) - x * t + (-x.abs()).exp().ln_1p(),
        }
    };
    let sum: f64 = input.iter().zip(target).map(|(&x, &t)| f64::from(of(x, t))).sum();
    out[0] = (sum / input.len() as f64) as f32;
}

pub(super) fn element_loss_grad(
    kind: ElementLoss,
    input: &[f32],
    target: &[f32],
    grad_output: f32,
    out: &mut [f32],
) {
    let share = grad_output / input.len() as f32;
    for ((out, &x), &t) in out.iter_mut().zip(input).zip(target) {
        let difference = x - t;
        let slope = match kind {
            ElementLoss::Mse => 2.0 * difference,
            ElementLoss::L1 if difference == 0.0 => 0.0,
            ElementLoss::L1 => difference.signum(),
            ElementLoss::SmoothL1 => difference.clamp(-1.0, 1.0),
            ElementLoss::BceWithLogits => {
                // The logistic function, from the side on which exp cannot overflow.
                let small = (-x.abs()).exp();
                (if x >= 0.0 { 1.0 } else { small }) / (1.0 + small) - t
            }
        };
        *out = slope * share;
    }
}

pub(super) fn count_correct(logits: Read<'_>, target: &[f32], out: &mut [f32]) {
    let [_, n_classes] = logits.dims();
    let target: &[u32] = bytemuck::cast_slice(target);
    let rows = logits.data.chunks_exact(n_classes);
    let n_correct = rows.zip(target).filter(|(row, target)| first_largest(row) == **target as usize).count();
    out[0] = n_correct as f32;
}

/// The mean cross-entropy; of `further`, the count of right answers and the gradient of the mean by the logits.
pub(super) fn cross_entropy(logits: Read<'_>, target: &[f32], out: &mut [f32], further: &mut [Write<'_>]) {
    let [count, grad] = further else { unreachable!("both are computed, or the operations are not fused") };
    let [batch, _] = logits.dims();
    let (mut sum, mut n_correct) = (0.0, 0.0);
    each_score(logits, target, grad.data, |_, loss, right| {
        sum += loss;
        n_correct += right;
    });
    out[0] = sum / batch as f32;
    count.data[0] = n_correct;
}

/// The gradient of the mean cross-entropy by the logits; the scores are each row's cross-entropy, and then 1 for each row
/// that is right.
pub(super) fn score(logits: Read<'_>, target: &[f32], grad: &mut [f32], scores: &mut [f32]) {
    let [batch, _] = logits.dims();
    each_score(logits, target, grad, |row, loss, right| {
        scores[row] = loss;
        scores[batch + row] = right;
    });
}

/// Calls `visit(row, cross-entropy, 1 where it is right, else 0)` for each row of logits, and writes the gradient of the
/// mean cross-entropy by them.
fn each_score(logits: Read<'_>, target: &[f32], grad: &mut [f32], mut visit: impl FnMut(usize, f32, f32)) {
    let [batch, n_classes] = logits.dims();
    softmax::log_softmax(logits, grad);
    let target: &[u32] = bytemuck::cast_slice(target);
    let share = 1.0 / batch as f32;
    let rows = grad.chunks_exact_mut(n_classes).zip(logits.data.chunks_exact(n_classes));
    for (row_idx, ((row, logits), &target)) in rows.zip(target).enumerate() {
        let is_right = first_largest(logits) == target as usize;
        // A target outside the classes is nobody's, as for `nll_loss`.
        let loss = -row.get(target as usize).copied().unwrap_or(f32::NAN);
        visit(row_idx, loss, f32::from(u8::from(is_right)));
        for (class, cell) in row.iter_mut().enumerate() {
            *cell = share * (cell.exp() - f32::from(u8::from(class == target as usize)));
        }
    }
}

fn first_largest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, idx| if row[idx] > row[best] { idx } else { best })
}
