use super::{Operation, broadcast, check_dtype, mismatch, sum_to_shape_of, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// `a` where the mask is not zero, `b` elsewhere, with [broadcasting](super::broadcast).
///
/// # Shapes
/// mask, a and b: any that broadcast; output: what they broadcast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Where;

impl Operation for Where {
    fn name(&self) -> &'static str {
        "where"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [mask, a, b] = take(self.name(), inputs)?;
        for input_idx in 0..3 {
            check_dtype(self.name(), inputs, input_idx, DType::F32)?;
        }
        let shape = broadcast(&a.shape, &b.shape).and_then(|shape| broadcast(&shape, &mask.shape));
        let shape = shape.ok_or_else(|| {
            mismatch(self.name(), "shapes that agree or are 1, aligned at the right", inputs)
        })?;
        Ok(Value::f32(shape))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let zero = graph.constant(0.0, &[]);
        let mut grads = vec![None; 3];
        if wanted[1] {
            let grad = graph.apply(Self, &[inputs[0], grad_output, zero])?;
            grads[1] = Some(sum_to_shape_of(graph, grad, inputs[1])?);
        }
        if wanted[2] {
            let grad = graph.apply(Self, &[inputs[0], zero, grad_output])?;
            grads[2] = Some(sum_to_shape_of(graph, grad, inputs[2])?);
        }
        Ok(grads)
    }
}
