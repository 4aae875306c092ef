use super::{Operation, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Elements picked one by one along a dimension, for `dim = 1`: `output[i, j] = input[i, index[i, j]]`
/// ([`torch.gather`](https://docs.pytorch.org/docs/stable/generated/torch.gather.html)).
///
/// # Shapes
/// input: any; index: of as many dimensions, no larger in those other than `dim`, of unsigned integers; output: as the
/// index. An index outside the input gives NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// The dimension picked along.
    pub dim: usize,
}

/// The gradient of [`Gather`]: zeros of `shape`, and each element of the source added where the index says.
///
/// # Shapes
/// index and source: the same; output: `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScatterAdd {
    /// The dimension along which the index counts.
    pub dim: usize,
    /// The output's shape.
    pub shape: Vec<usize>,
}

/// A copy of the input with elements replaced, for `dim = 1`: `output[i, index[i, j]] = source[i, j]`
/// ([`torch.scatter`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html)). Where an index comes
/// twice, the last source stays, and the gradient is right only for indices that come once.
///
/// # Shapes
/// input: any; index: as in [`Gather`]; source: as the index; output: as the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scatter {
    /// The dimension along which the index counts.
    pub dim: usize,
}

fn check(
    operation: &'static str,
    inputs: &[&Value],
    into: &[usize],
    index_idx: usize,
    dim: usize,
) -> Result<(), TensorError> {
    check_dtype(operation, inputs, index_idx, DType::U32)?;
    let index = &inputs[index_idx].shape;
    let fits = |(position, (size, of)): (usize, (&usize, &usize))| position == dim || size <= of;
    if dim < into.len() && index.len() == into.len() && index.iter().zip(into).enumerate().all(fits) {
        Ok(())
    } else {
        let expected = format!("an index of {} dimensions, no larger except in dimension {dim}", into.len());
        Err(mismatch(operation, expected, inputs))
    }
}

impl Operation for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, index] = take(self.name(), inputs)?;
        check(self.name(), inputs, &input.shape, 1, self.dim)?;
        Ok(Value { shape: index.shape.clone(), dtype: input.dtype })
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let shape = graph.shape(inputs[0]).to_vec();
        let grad = graph.apply(ScatterAdd { dim: self.dim, shape }, &[inputs[1], grad_output])?;
        Ok(vec![Some(grad), None])
    }
}

impl Operation for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [index, source] = take(self.name(), inputs)?;
        check(self.name(), inputs, &self.shape, 0, self.dim)?;
        check_dtype(self.name(), inputs, 1, DType::F32)?;
        if index.shape != source.shape {
            return Err(mismatch(self.name(), "an index for each element of the source", inputs));
        }
        Ok(Value::f32(self.shape.clone()))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let index = graph.node(node).inputs[0];
        Ok(vec![None, Some(graph.apply(Gather { dim: self.dim }, &[grad_output, index])?)])
    }
}

impl Operation for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, index, source] = take(self.name(), inputs)?;
        check(self.name(), inputs, &input.shape, 1, self.dim)?;
        check_dtype(self.name(), inputs, 2, input.dtype)?;
        if index.shape != source.shape {
            return Err(mismatch(self.name(), "an index for each element of the source", inputs));
        }
        Ok(input.clone())
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let index = graph.node(node).inputs[1];
        let mut grads = vec![None; 3];
        if wanted[0] {
            let shape = graph.shape(index).to_vec();
            let zeros = graph.constant(0.0, &shape);
            grads[0] = Some(graph.apply(*self, &[grad_output, index, zeros])?);
        }
        if wanted[2] {
            grads[2] = Some(graph.apply(Gather { dim: self.dim }, &[grad_output, index])?);
        }
        Ok(grads)
    }
}
