use super::{Operation, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// The mean over all elements of how far an input is from a target.
///
/// # Shapes
/// input and target: the same; output: one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementLoss {
    /// `(x − t)²`
    /// ([`mse_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html))
    Mse,
    /// `|x − t|`; at 0 it counts as flat
    /// ([`l1_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html))
    L1,
    /// `(x − t)²/2` where that is below ½, else `|x − t| − ½`
    /// ([`smooth_l1_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html))
    SmoothL1,
    /// `max(x, 0) − x·t + ln(1 + e^(−|x|))`, which is `−t·ln σ(x) − (1 − t)·ln(1 − σ(x))` and cannot overflow
    /// ([`binary_cross_entropy_with_logits`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html))
    BceWithLogits,
}

/// The gradient of [`ElementLoss`] with respect to its input.
///
/// # Shapes
/// input and target: the same; grad_output: one number; output: as the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ElementLossGrad(pub ElementLoss);

fn check(operation: &'static str, inputs: &[&Value]) -> Result<(), TensorError> {
    check_dtype(operation, inputs, 0, DType::F32)?;
    check_dtype(operation, inputs, 1, DType::F32)?;
    if inputs[0].shape == inputs[1].shape {
        Ok(())
    } else {
        Err(mismatch(operation, "a target of the input's shape", inputs))
    }
}

impl Operation for ElementLoss {
    fn name(&self) -> &'static str {
        match self {
            Self::Mse => "mse_loss",
            Self::L1 => "l1_loss",
            Self::SmoothL1 => "smooth_l1_loss",
            Self::BceWithLogits => "binary_cross_entropy_with_logits",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [_, _]: [&Value; 2] = take(self.name(), inputs)?;
        check(self.name(), inputs)?;
        Ok(Value::f32([]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        if wanted[1] {
            // Labels are given, not learned.
            return Err(TensorError::NoGradient { operation: self.name() });
        }
        let grad = graph.apply(ElementLossGrad(*self), &[inputs[0], inputs[1], grad_output])?;
        Ok(vec![Some(grad), None])
    }
}

impl Operation for ElementLossGrad {
    fn name(&self) -> &'static str {
        "element_loss_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, _, grad_output]: [&Value; 3] = take(self.name(), inputs)?;
        check(self.name(), inputs)?;
        if grad_output.numel() != 1 {
            return Err(mismatch(self.name(), "a gradient of one number", inputs));
        }
        Ok(input.clone())
    }
}
