use super::{Operation, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// The same numbers as another kind of float ([`to`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html)).
/// Other conversions have no gradient, and so need no operation. Plans hold no `F16`, and executors refuse it.
///
/// # Shapes
/// input: any, of floats; output: the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cast {
    /// What comes out, `F32` or `F16`.
    pub dtype: DType,
}

impl Operation for Cast {
    fn name(&self) -> &'static str {
        "to"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input] = take(self.name(), inputs)?;
        if !input.dtype.is_float() || !self.dtype.is_float() {
            return Err(mismatch(self.name(), "floats that become floats", inputs));
        }
        Ok(Value { shape: input.shape.clone(), dtype: self.dtype })
    }

    /// Gradients are `F32`, whatever they are gradients of.
    fn gradient(
        &self,
        _graph: &mut Graph,
        _node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![Some(grad_output)])
    }
}
