use super::binary::broadcast_values;
use super::{Binary, Operation, sum_to_shape_of};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};

/// Whether something holds of two tensors' elements, as 1 or 0, with [broadcasting](super::broadcast).
///
/// # Shapes
/// a and b: any that broadcast; output: what they broadcast to. The slope is zero wherever there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `a = b`
    Eq,
    /// `a ≠ b`
    Ne,
    /// `a < b`
    Lt,
    /// `a ≤ b`
    Le,
    /// `a > b`
    Gt,
    /// `a ≥ b`
    Ge,
}

impl Operation for Compare {
    fn name(&self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        broadcast_values(self.name(), inputs)
    }

    fn gradient(
        &self,
        _graph: &mut Graph,
        _node: NodeId,
        _grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![None, None])
    }
}

/// The larger or the smaller of two tensors' elements, with [broadcasting](super::broadcast). Where both are equal, each
/// gets half of the gradient, as in PyTorch.
///
/// # Shapes
/// a and b: any that broadcast; output: what they broadcast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extremum {
    /// `max(a, b)`
    Maximum,
    /// `min(a, b)`
    Minimum,
}

impl Operation for Extremum {
    fn name(&self) -> &'static str {
        match self {
            Self::Maximum => "maximum",
            Self::Minimum => "minimum",
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
        let (wins, ties) = match self {
            Self::Maximum => (Compare::Gt, Compare::Ge),
            Self::Minimum => (Compare::Lt, Compare::Le),
        };
        let half = graph.constant(0.5, &[]);
        let mut grads = vec![None; 2];
        for (idx, other) in [(0, 1), (1, 0)] {
            if wanted[idx] {
                // 1 where it wins, ½ where both are equal, 0 where it loses.
                let wins = graph.apply(wins, &[inputs[idx], inputs[other]])?;
                let ties = graph.apply(ties, &[inputs[idx], inputs[other]])?;
                let twice = graph.apply(Binary::Add, &[wins, ties])?;
                let share = graph.apply(Binary::Mul, &[twice, half])?;
                let grad = graph.apply(Binary::Mul, &[grad_output, share])?;
                grads[idx] = Some(sum_to_shape_of(graph, grad, inputs[idx])?);
            }
        }
        Ok(grads)
    }
}
