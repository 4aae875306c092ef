use super::{Operation, check_dtype, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// The mean negative log-likelihood: `−(1/batch) Σ log_probabilities[n, target[n]]`, in nats
/// ([`torch.nn.functional.nll_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html)).
/// After [`LogSoftmax`](super::LogSoftmax) it is the cross-entropy.
///
/// # Shapes
/// log_probabilities `[batch, classes]`, target `[batch]` of unsigned integers below `classes`; output: one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NllLoss;

/// The gradient of [`NllLoss`]: `−grad_output / batch` at each target, zero elsewhere.
///
/// # Shapes
/// target `[batch]`, grad_output: one number; output `[batch, classes]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NllLossGrad {
    /// How many classes there are.
    pub n_classes: usize,
}

impl Operation for NllLoss {
    fn name(&self) -> &'static str {
        "nll_loss"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [_, target]: [&Value; 2] = take(self.name(), inputs)?;
        let [batch, _] = dims(self.name(), "the logarithms", inputs, 0)?;
        check_dtype(self.name(), inputs, 1, DType::U32)?;
        if target.shape != [batch] {
            return Err(mismatch(self.name(), format!("a target for each of the {batch}"), inputs));
        }
        Ok(Value::f32([]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let n_classes = graph.shape(inputs[0])[1];
        let grad = graph.apply(NllLossGrad { n_classes }, &[inputs[1], grad_output])?;
        Ok(vec![Some(grad), None])
    }
}

impl Operation for NllLossGrad {
    fn name(&self) -> &'static str {
        "nll_loss_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [target, _]: [&Value; 2] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::U32)?;
        Ok(Value::f32([target.numel(), self.n_classes]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let target = graph.node(node).inputs[0];
        Ok(vec![None, Some(graph.apply(NllLoss, &[grad_output, target])?)])
    }
}
