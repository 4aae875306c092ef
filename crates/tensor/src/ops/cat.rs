use super::{Operation, View, mismatch};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};

/// Tensors one after another along one of their dimensions
/// ([`torch.cat`](https://docs.pytorch.org/docs/stable/generated/torch.cat.html)).
///
/// # Shapes
/// inputs: at least one, of the same shape but for dimension `dim`; output: their sizes there added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cat {
    /// The dimension that grows.
    pub dim: usize,
}

impl Operation for Cat {
    fn name(&self) -> &'static str {
        "cat"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let Some(&first) = inputs.first() else {
            return Err(TensorError::InputCount { operation: self.name(), expected: 1, received: 0 });
        };
        let without = |value: &Value| {
            let mut shape = value.shape.clone();
            (self.dim < shape.len()).then(|| shape.remove(self.dim)).map(|_| shape)
        };
        let rest = without(first);
        if rest.is_none() || inputs.iter().any(|input| without(input) != rest) {
            let expected = format!("shapes that differ in dimension {} only", self.dim);
            return Err(mismatch(self.name(), expected, inputs));
        }
        for (input_idx, input) in inputs.iter().enumerate() {
            if input.dtype != first.dtype {
                let (expected, received) = (first.dtype, input.dtype);
                return Err(TensorError::DType { operation: self.name(), input_idx, expected, received });
            }
        }
        let mut output = first.clone();
        output.shape[self.dim] = inputs.iter().map(|input| input.shape[self.dim]).sum();
        Ok(output)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let mut start = 0;
        let mut grads = Vec::new();
        for (&input, &wanted) in inputs.iter().zip(wanted) {
            let len = graph.shape(input)[self.dim];
            let part = View::Slice { dim: self.dim, start, len, step: 1 };
            grads.push(if wanted { Some(graph.apply(part, &[grad_output])?) } else { None });
            start += len;
        }
        Ok(grads)
    }
}
