//! An affine map and its gradients; the cross-entropy with its gradient and the count of right answers.

use super::{Found, Replacement, Source, Uses};
use crate::graph::{Graph, NodeId};
use crate::ops::{Binary, CrossEntropy, Linear, LinearGradWeight, MatMul, Op};

/// What a node starts together with others.
pub(super) fn find(graph: &Graph, uses: &Uses, id: NodeId) -> Option<Found> {
    match &graph.node(id).op {
        Op::MatMul(MatMul { transpose_a: false, transpose_b: true }) => linear(graph, uses, id),
        Op::MatMul(MatMul { transpose_a: true, transpose_b: false }) => linear_grad(graph, uses, id),
        Op::LogSoftmax(_) => cross_entropy(graph, uses, id),
        _ => None,
    }
}

fn sources(inputs: &[NodeId]) -> Vec<Source> {
    inputs.iter().map(|&input| Source::Node(input)).collect()
}

/// A product with a transposed weight, and a bias added to each row.
fn linear(graph: &Graph, uses: &Uses, product: NodeId) -> Option<Found> {
    let &[sum] = uses.inner(product)? else { return None };
    let node = graph.node(sum);
    let &[left, bias] = node.inputs.as_slice() else { return None };
    let [_, out_features] = graph.shape(product)[..] else { return None };
    let fits = node.op == Op::Binary(Binary::Add) && left == product && graph.shape(bias) == [out_features];
    let inputs = [&graph.node(product).inputs[..], &[bias]].concat();
    fits.then(|| {
        vec![(product, Replacement::Dropped), (sum, Replacement::By(Linear.into(), sources(&inputs)))]
    })
}

/// The gradients of a linear layer's weight, `gᵀ · x`, and of its bias, the sum of `g`'s rows.
fn linear_grad(graph: &Graph, uses: &Uses, product: NodeId) -> Option<Found> {
    let &[grad, input] = graph.node(product).inputs.as_slice() else { return None };
    let [_, out_features] = graph.shape(grad)[..] else { return None };
    let bias = uses.all(grad).iter().copied().find(|&reader| {
        let Op::SumTo(sum) = &graph.node(reader).op else { return false };
        sum.shape == [out_features]
    })?;
    Some(vec![
        (product, Replacement::By(LinearGradWeight.into(), sources(&[input, grad]))),
        (bias, Replacement::Further { of: product, output_idx: 1 }),
    ])
}

/// `LogSoftmax` and `NllLoss`, their gradients from a loss whose own gradient is 1, and `CountCorrect`.
fn cross_entropy(graph: &Graph, uses: &Uses, logs: NodeId) -> Option<Found> {
    let logits = graph.node(logs).inputs[0];
    let (mut loss, mut grad) = (None, None);
    for &reader in uses.inner(logs)? {
        let slot = match &graph.node(reader).op {
            Op::NllLoss(_) => &mut loss,
            Op::LogSoftmaxGrad(_) => &mut grad,
            _ => return None,
        };
        if slot.replace(reader).is_some() {
            return None;
        }
    }
    let (loss, grad) = (loss?, grad?);
    let target = graph.node(loss).inputs[1];
    let of_logs = graph.node(grad).inputs[1];
    let Op::NllLossGrad(_) = graph.node(of_logs).op else { return None };
    let &[grad_target, one] = graph.node(of_logs).inputs.as_slice() else { return None };
    let simple = target == grad_target && graph.node(one).op == Op::Constant(1.0);
    if !simple || uses.inner(of_logs)? != [grad] {
        return None;
    }
    let mut found = vec![
        (logs, Replacement::Dropped),
        (of_logs, Replacement::Dropped),
        (loss, Replacement::By(CrossEntropy.into(), sources(&[logits, target]))),
        (grad, Replacement::Further { of: loss, output_idx: 2 }),
    ];
    let count = uses.all(target).iter().copied().find(|&reader| {
        let node = graph.node(reader);
        matches!(node.op, Op::CountCorrect(_)) && node.inputs == [logits, target]
    })?;
    found.push((count, Replacement::Further { of: loss, output_idx: 1 }));
    Some(found)
}
