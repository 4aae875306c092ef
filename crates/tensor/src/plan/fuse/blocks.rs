//! Convolution, ReLU and max-pooling, forwards and backwards.

use super::{Found, Replacement, Source, Uses};
use crate::graph::{Graph, NodeId};
use crate::ops::{
    Activation, Conv2d, Conv2dGradInput, ConvBlock, ConvBlockGradInput, ConvBlockGradWeight, Op,
};

/// The block that starts at a convolution, with its gradients; or the gradients of a convolution that stands alone.
pub(super) fn find(graph: &Graph, uses: &Uses, id: NodeId) -> Option<Found> {
    match &graph.node(id).op {
        Op::Conv2d(conv) => {
            let first = next(graph, uses, id)?;
            let second = next(graph, uses, first).filter(|&second| {
                // ReLU then pooling, or pooling then ReLU.
                std::mem::discriminant(&graph.node(first).op)
                    != std::mem::discriminant(&graph.node(second).op)
            });
            let longer = second.and_then(|second| block(graph, uses, *conv, &[id, first, second]));
            longer.or_else(|| block(graph, uses, *conv, &[id, first]))
        }
        Op::Conv2dGradWeight(grad) => {
            let [input, upstream] = graph.node(id).inputs[..] else { return None };
            let bias = uses.all(upstream).iter().copied().find(|&reader| is_bias_grad(graph, reader))?;
            let block = ConvBlock { conv: grad.conv, relu: false, pool: None };
            Some(grad_weight(block, id, Some(bias), [input, upstream], None))
        }
        _ => None,
    }
}

/// The ReLU or pooling that follows a node, where nothing else goes on from there.
fn next(graph: &Graph, uses: &Uses, id: NodeId) -> Option<NodeId> {
    let mut following = None;
    for &reader in uses.inner(id)? {
        match &graph.node(reader).op {
            Op::Activation(Activation::Relu) | Op::MaxPool2d(_) if following.is_none() => {
                following = Some(reader);
            }
            _ if goes_back(graph, reader, id) => {}
            _ => return None,
        }
    }
    following
}

/// Whether `reader` takes a gradient back through what `id` is the reference of.
fn goes_back(graph: &Graph, reader: NodeId, id: NodeId) -> bool {
    let node = graph.node(reader);
    let reference = node.inputs[0] == id && node.inputs[1..] != [id];
    match &node.op {
        Op::MaxPool2dGrad(_) => reference,
        Op::ActivationGrad(grad) => reference && grad.activation == Activation::Relu,
        _ => false,
    }
}

/// A chain of a convolution and what follows it, as one block; and its gradients likewise.
fn block(graph: &Graph, uses: &Uses, conv: Conv2d, chain: &[NodeId]) -> Option<Found> {
    let (&start, &last) = (chain.first()?, chain.last()?);
    let mut block = ConvBlock { conv, relu: false, pool: None };
    // What takes gradients back through the chain, in the chain's order.
    let mut back: Vec<NodeId> = Vec::new();
    for pair in chain.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        let reference = match &graph.node(after).op {
            Op::MaxPool2d(pool) => {
                block.pool = Some(pool.window);
                before
            }
            _ => {
                block.relu = true;
                after
            }
        };
        let is_pool = reference == before;
        let mut grads = uses.all(reference).iter().copied().filter(|&reader| {
            goes_back(graph, reader, reference)
                && matches!(graph.node(reader).op, Op::MaxPool2dGrad(_)) == is_pool
        });
        back.extend(grads.next());
        if grads.next().is_some() {
            return None;
        }
    }
    let inputs = graph.node(start).inputs.iter().map(|&input| Source::Node(input)).collect();
    let mut found: Found = chain.iter().map(|&id| (id, Replacement::Dropped)).collect();
    found.pop();
    found.push((last, Replacement::By(block.into(), inputs)));
    if back.is_empty() {
        return Some(found);
    }
    if back.len() + 1 != chain.len() {
        return None;
    }
    // Each reads the gradient that the one after it gives, and nobody else does.
    for pair in back.windows(2) {
        if uses.inner(pair[1])? != [pair[0]] || graph.node(pair[0]).inputs[1] != pair[1] {
            return None;
        }
    }
    let upstream = graph.node(*back.last()?).inputs[1];
    let gate = match block.pool {
        Some(_) => Source::Further { of: last, output_idx: 1 },
        None => Source::Node(last),
    };
    let of_conv = back[0];
    found.extend(back.iter().map(|&id| (id, Replacement::Dropped)));
    found.extend(gradients(graph, uses, block, start, of_conv, upstream, gate)?);
    Some(found)
}

/// The gradients of a block's input, weight and bias, where `of_conv` is that of the convolution's own output.
fn gradients(
    graph: &Graph,
    uses: &Uses,
    block: ConvBlock,
    conv: NodeId,
    of_conv: NodeId,
    upstream: NodeId,
    gate: Source,
) -> Option<Found> {
    let operands = &graph.node(conv).inputs;
    let (input, weight) = (operands[0], operands[1]);
    let (mut found, mut of_weight, mut of_bias) = (Found::new(), None, None);
    for &reader in uses.inner(of_conv)? {
        let node = graph.node(reader);
        match &node.op {
            Op::Conv2dGradInput(Conv2dGradInput { conv, input_size })
                if *conv == block.conv && node.inputs == [of_conv, weight] =>
            {
                let op = ConvBlockGradInput { block, input_size: *input_size };
                let sources = vec![Source::Node(upstream), Source::Node(weight), gate];
                found.push((reader, Replacement::By(op.into(), sources)));
            }
            Op::Conv2dGradWeight(grad)
                if grad.conv == block.conv && node.inputs == [input, of_conv] && of_weight.is_none() =>
            {
                of_weight = Some(reader);
            }
            _ if is_bias_grad(graph, reader) && of_bias.is_none() => of_bias = Some(reader),
            _ => return None,
        }
    }
    match (of_weight, of_bias) {
        (Some(weight), bias) => {
            found.extend(grad_weight(block, weight, bias, [input, upstream], Some(gate)));
        }
        (None, None) => {}
        // The bias's gradient comes only together with the weight's.
        (None, Some(_)) => return None,
    }
    Some(found)
}

fn grad_weight(
    block: ConvBlock,
    weight: NodeId,
    bias: Option<NodeId>,
    inputs: [NodeId; 2],
    gate: Option<Source>,
) -> Found {
    let sources = inputs.into_iter().map(Source::Node).chain(gate).collect();
    let mut found = vec![(weight, Replacement::By(ConvBlockGradWeight { block }.into(), sources))];
    found.extend(bias.map(|bias| (bias, Replacement::Further { of: weight, output_idx: 1 })));
    found
}

/// Whether a node sums a gradient of maps over everything but the channels.
fn is_bias_grad(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let Op::SumTo(sum) = &node.op else { return false };
    let [_, channels, _, _] = graph.shape(node.inputs[0])[..] else { return false };
    sum.shape == [1, channels, 1, 1]
}
