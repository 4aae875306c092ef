//! An affine map of features, and its gradients with respect to weight and bias.

use super::Scratch;
use super::gemm::{Matrix, gemm};
use super::kernels::{Read, Write};

pub(super) fn forward(
    input: Read<'_>,
    weight: Read<'_>,
    bias: &[f32],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let [batch, in_features] = input.dims();
    for row in out.chunks_exact_mut(bias.len()) {
        row.copy_from_slice(bias);
    }
    let (a, b) = (Matrix::new(input.data, in_features, false), Matrix::new(weight.data, in_features, true));
    gemm([batch, bias.len(), in_features], a, b, out, true, &mut scratch.gemm);
}

/// `further[0]` is the bias's gradient, where it is wanted; with scores, the loss and the count of right answers follow.
pub(super) fn grad_weight(
    input: Read<'_>,
    grad_output: Read<'_>,
    scores: Option<Read<'_>>,
    out: &mut [f32],
    further: &mut [Write<'_>],
    scratch: &mut Scratch,
) {
    let ([batch, in_features], [_, out_features]) = (input.dims(), grad_output.dims());
    let a = Matrix::new(grad_output.data, out_features, true);
    let b = Matrix::new(input.data, in_features, false);
    gemm([out_features, in_features, batch], a, b, out, false, &mut scratch.gemm);
    if let [bias, ..] = further {
        bias.data.fill(0.0);
        for row in grad_output.data.chunks_exact(out_features) {
            for (sum, grad) in bias.data.iter_mut().zip(row) {
                *sum += grad;
            }
        }
    }
    if let (Some(scores), [_, loss, n_correct]) = (scores, further) {
        let (losses, right) = scores.data.split_at(batch);
        loss.data[0] = losses.iter().sum::<f32>() / batch as f32;
        n_correct.data[0] = right.iter().sum();
    }
}
