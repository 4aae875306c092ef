use super::{Operation, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Whole slices picked along a dimension, for `dim = 0`: `output[i, …] = input[index[i], …]`
/// ([`torch.index_select`](https://docs.pytorch.org/docs/stable/generated/torch.index_select.html)).
///
/// # Shapes
/// input: any of more than `dim` dimensions; index `[n]` of unsigned integers; output: as the input, but `n` in `dim`.
/// An index outside the input gives NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexSelect {
    /// The dimension picked along.
    pub dim: usize,
}

/// The gradient of [`IndexSelect`]: zeros, and each slice of the source added where the index says.
///
/// # Shapes
/// index `[n]`, source: `n` in dimension `dim`; output: as the source, but `size` in `dim`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexAdd {
    /// The dimension along which the index counts.
    pub dim: usize,
    /// The output's size in it.
    pub size: usize,
}

impl Operation for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, index] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 1, DType::U32)?;
        let &[n] = index.shape.as_slice() else {
            return Err(mismatch(self.name(), "an index of one dimension", inputs));
        };
        if self.dim >= input.shape.len() {
            return Err(mismatch(self.name(), format!("an input with a dimension {}", self.dim), inputs));
        }
        let mut output = input.clone();
        output.shape[self.dim] = n;
        Ok(output)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let size = graph.shape(inputs[0])[self.dim];
        let grad = graph.apply(IndexAdd { dim: self.dim, size }, &[inputs[1], grad_output])?;
        Ok(vec![Some(grad), None])
    }
}

impl Operation for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [index, source] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::U32)?;
        check_dtype(self.name(), inputs, 1, DType::F32)?;
        if source.shape.get(self.dim).is_none_or(|&n| index.shape != [n]) {
            return Err(mismatch(self.name(), "an index for each slice of the source", inputs));
        }
        let mut output = source.clone();
        output.shape[self.dim] = self.size;
        Ok(output)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let index = graph.node(node).inputs[0];
        Ok(vec![None, Some(graph.apply(IndexSelect { dim: self.dim }, &[grad_output, index])?)])
    }
}
