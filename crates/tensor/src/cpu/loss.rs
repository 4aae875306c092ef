//! The loss, its gradient, and the count of right answers.

use super::kernels::{Read, Write};
use super::softmax;

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
    let [batch, n_classes] = logits.dims();
    count_correct(logits, target, count.data);
    softmax::log_softmax(logits, grad.data);
    let target: &[u32] = bytemuck::cast_slice(target);
    let share = 1.0 / batch as f32;
    let mut sum = 0.0;
    for (row, &target) in grad.data.chunks_exact_mut(n_classes).zip(target) {
        // A target outside the classes is nobody's, as for `nll_loss`.
        sum += row.get(target as usize).copied().unwrap_or(f32::NAN);
        for (class, cell) in row.iter_mut().enumerate() {
            *cell = share * (cell.exp() - f32::from(u8::from(class == target as usize)));
        }
    }
    out[0] = -sum / batch as f32;
}

/// The gradient of the mean cross-entropy by the logits; the scores are each row's cross-entropy, and then 1 for each row
/// that is right.
pub(super) fn score(logits: Read<'_>, target: &[f32], grad: &mut [f32], scores: &mut [f32]) {
    let [batch, n_classes] = logits.dims();
    softmax::log_softmax(logits, grad);
    let target: &[u32] = bytemuck::cast_slice(target);
    let share = 1.0 / batch as f32;
    let (losses, right) = scores.split_at_mut(batch);
    let rows = grad.chunks_exact_mut(n_classes).zip(logits.data.chunks_exact(n_classes));
    for (((row, logits), &target), (loss, right)) in rows.zip(target).zip(losses.iter_mut().zip(right)) {
        *right = f32::from(u8::from(first_largest(logits) == target as usize));
        // A target outside the classes is nobody's, as for `nll_loss`.
        *loss = -row.get(target as usize).copied().unwrap_or(f32::NAN);
        for (class, cell) in row.iter_mut().enumerate() {
            *cell = share * (cell.exp() - f32::from(u8::from(class == target as usize)));
        }
    }
}

fn first_largest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, idx| if row[idx] > row[best] { idx } else { best })
}
