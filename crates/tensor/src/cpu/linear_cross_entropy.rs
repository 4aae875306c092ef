//! A linear layer and the cross-entropy of its output, backwards at once.

use super::gemm::{Matrix, gemm};
use super::kernels::{Read, Write};
use super::{Scratch, linear, loss};

/// `reads` are input, weight, bias and target, `further` the gradient of the input and the scores.
pub(super) fn run(
    reads: &[Read<'_>],
    grad_logits: &mut [f32],
    further: &mut [Write<'_>],
    scratch: &mut Scratch,
) {
    let &[input, weight, bias, target] = reads else { unreachable!("the shape rule has counted them") };
    let [grad_input, scores] = further else {
        unreachable!("all are computed, or the operations are not fused")
    };
    let [batch, in_features] = input.dims();
    let [n_classes, _] = weight.dims();
    let mut logits = std::mem::take(&mut scratch.logits);
    logits.resize(grad_logits.len(), 0.0);
    linear::forward(input, weight, bias.data, &mut logits, scratch);
    let shape = [batch, n_classes];
    loss::score(Read { data: &logits, shape: &shape }, target.data, grad_logits, scores.data);
    scratch.logits = logits;
    let (a, b) = (Matrix::new(grad_logits, n_classes, false), Matrix::new(weight.data, in_features, false));
    gemm([batch, in_features, n_classes], a, b, grad_input.data, false, &mut scratch.gemm);
}
