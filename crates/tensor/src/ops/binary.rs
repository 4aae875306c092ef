use super::{Operation, SumTo, check_dtype, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Arithmetic on two tensors element by element, with PyTorch's
/// [broadcasting](https://docs.pytorch.org/docs/stable/notes/broadcasting.html): shapes are aligned at the right, and a
/// size of 1 is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a − b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
}

/// The shape to which two shapes broadcast, or `None` where they do not.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], dim: usize| {
        (dim + shape.len()).checked_sub(rank).map_or(1, |position| shape[position])
    };
    (0..rank)
        .map(|dim| match (size(a, dim), size(b, dim)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// For each dimension of `to`, how far apart neighbours lie in a contiguous tensor of `shape`: 0 where it is repeated.
pub fn broadcast_strides(shape: &[usize], to: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; to.len()];
    let mut step = 1;
    for (position, &size) in shape.iter().enumerate().rev() {
        if size != 1 {
            strides[position + to.len() - shape.len()] = step;
        }
        step *= size;
    }
    strides
}

/// The shape rule of everything that takes two tensors element by element.
pub(super) fn broadcast_values(operation: &'static str, inputs: &[&Value]) -> Result<Value, TensorError> {
    let [a, b] = take(operation, inputs)?;
    check_dtype(operation, inputs, 0, DType::F32)?;
    check_dtype(operation, inputs, 1, DType::F32)?;
    let shape = broadcast(&a.shape, &b.shape);
    shape.map(Value::f32).ok_or_else(|| TensorError::Broadcast {
        operation,
        a: a.shape.clone(),
        b: b.shape.clone(),
    })
}

impl Operation for Binary {
    fn name(&self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        broadcast_values(self.name(), inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (a, b) = (inputs[0], inputs[1]);
        let mut grads = vec![None; 2];
        if wanted[0] {
            let grad = match self {
                Self::Add | Self::Sub => grad_output,
                Self::Mul => graph.apply(Self::Mul, &[grad_output, b])?,
                Self::Div => graph.apply(Self::Div, &[grad_output, b])?,
            };
            grads[0] = Some(sum_to_shape_of(graph, grad, a)?);
        }
        if wanted[1] {
            let grad = match self {
                Self::Add => grad_output,
                Self::Sub => negated(graph, grad_output)?,
                Self::Mul => graph.apply(Self::Mul, &[grad_output, a])?,
                Self::Div => {
                    // d(a/b)/db = −(a/b)/b
                    let quotient = graph.apply(Self::Div, &[node, b])?;
                    let product = graph.apply(Self::Mul, &[grad_output, quotient])?;
                    negated(graph, product)?
                }
            };
            grads[1] = Some(sum_to_shape_of(graph, grad, b)?);
        }
        Ok(grads)
    }
}

fn negated(graph: &mut Graph, node: NodeId) -> Result<NodeId, TensorError> {
    let minus_one = graph.constant(-1.0, &[]);
    graph.apply(Binary::Mul, &[node, minus_one])
}

/// Undoes broadcasting: sums a gradient to the shape of what it is the gradient of.
pub(super) fn sum_to_shape_of(graph: &mut Graph, grad: NodeId, of: NodeId) -> Result<NodeId, TensorError> {
    let shape = graph.shape(of).to_vec();
    if graph.shape(grad) == shape { Ok(grad) } else { graph.apply(SumTo { shape }, &[grad]) }
}
