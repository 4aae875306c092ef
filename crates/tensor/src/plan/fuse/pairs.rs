//! An affine map and its gradients; the cross-entropy with its gradient and the count of right answers.

use super::{Found, Replacement, Source, Uses};
use crate::graph::{Graph, NodeId};
use crate::ops::{Binary, CrossEntropy, Linear, LinearCrossEntropy, LinearGradWeight, MatMul, Op};

/// What a node starts together with others.
pub(super) fn find(graph: &Graph, uses: &Uses, id: NodeId) -> Option<Found> {
    match &graph.node(id).op {
        Op::MatMul(MatMul { transpose_a: false, transpose_b: true }) => {
            classifier(graph, uses, id).or_else(|| linear(graph, uses, id))
        }
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

/// A linear layer of few classes, the cross-entropy of its output, and all their gradients.
fn classifier(graph: &Graph, uses: &Uses, product: NodeId) -> Option<Found> {
    let &[logits] = uses.inner(product)? else { return None };
    linear(graph, uses, product)?;
    let [_, n_classes] = graph.shape(logits)[..] else { return None };
    let mut readers = uses.inner(logits)?.iter().copied();
    let logs = readers.find(|&reader| matches!(graph.node(reader).op, Op::LogSoftmax(_)))?;
    let found = cross_entropy(graph, uses, logs)?;
    let output = |wanted: usize| {
        found.iter().find_map(|(id, replacement)| match replacement {
            Replacement::Further { output_idx, .. } if *output_idx == wanted => Some(*id),
            _ => None,
        })
    };
    let loss = found.iter().find(|(_, replacement)| matches!(replacement, Replacement::By(..)))?.0;
    let (n_correct, grad) = (output(1)?, output(2)?);
    // The logits are written down for nobody.
    let inner = uses.all(logits).iter().all(|&reader| reader == logs || reader == n_correct);
    if !inner || n_classes > LinearCrossEntropy::MOST_CLASSES {
        return None;
    }
    let (input, weight) = (graph.node(product).inputs[0], graph.node(product).inputs[1]);
    let (mut grad_input, mut grad_weight) = (None, None);
    for &reader in uses.inner(grad)? {
        let node = graph.node(reader);
        match node.op {
            Op::MatMul(MatMul { transpose_a: false, transpose_b: false })
                if node.inputs == [grad, weight] =>
            {
                grad_input = Some(reader);
            }
            Op::MatMul(MatMul { transpose_a: true, transpose_b: false }) if node.inputs == [grad, input] => {
                grad_weight = Some(reader);
            }
            Op::SumTo(_) => {}
            _ => return None,
        }
    }
    let (grad_input, grad_weight) = (grad_input?, grad_weight?);
    let bias_of = linear_grad(graph, uses, grad_weight)?.pop()?;
    if uses.all(grad).len() != 3 {
        return None;
    }
    let bias = graph.node(logits).inputs[1];
    let target = graph.node(loss).inputs[1];
    let scores = Source::Further { of: grad, output_idx: 2 };
    let dropped = [product, logits, logs].into_iter().chain(graph.node(grad).inputs[1..].iter().copied());
    let mut found: Found = dropped.map(|id| (id, Replacement::Dropped)).collect();
    let weight_sources = sources(&[input, grad]).into_iter().chain([scores]).collect();
    found.extend([
        (grad, Replacement::By(LinearCrossEntropy.into(), sources(&[input, weight, bias, target]))),
        (grad_input, Replacement::Further { of: grad, output_idx: 1 }),
        (grad_weight, Replacement::By(LinearGradWeight.into(), weight_sources)),
        bias_of,
        (loss, Replacement::Further { of: grad_weight, output_idx: 2 }),
        (n_correct, Replacement::Further { of: grad_weight, output_idx: 3 }),
    ]);
    Some(found)
}
