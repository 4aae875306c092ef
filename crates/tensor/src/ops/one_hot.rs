use super::{Operation, check_dtype, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Rows of zeros with a 1 at each label
/// ([`one_hot`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html)). A label outside the
/// classes gives a row of zeros.
///
/// # Shapes
/// labels: any, of unsigned integers; output: the same with one more dimension, of `n_classes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OneHot {
    /// How many classes there are.
    pub n_classes: usize,
}

impl Operation for OneHot {
    fn name(&self) -> &'static str {
        "one_hot"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [labels] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::U32)?;
        let mut shape = labels.shape.clone();
        shape.push(self.n_classes);
        Ok(Value::f32(shape))
    }

    fn gradient(
        &self,
        _graph: &mut Graph,
        _node: NodeId,
        _grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![None])
    }
}
