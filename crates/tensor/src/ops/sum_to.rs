use super::{Binary, Operation, broadcast, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// The sum over every dimension along which the shape given would be repeated by broadcasting: broadcasting's gradient.
///
/// # Shapes
/// input: any shape to which `shape` broadcasts; output: `shape`. `[1, channels, 1, 1]` sums over batch and positions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SumTo {
    /// The output's shape.
    pub shape: Vec<usize>,
}

/// The shape rule of everything that makes one number out of many along broadcast dimensions.
pub(super) fn summed(
    operation: &'static str,
    shape: &[usize],
    inputs: &[&Value],
) -> Result<Value, TensorError> {
    let [input] = take(operation, inputs)?;
    check_dtype(operation, inputs, 0, DType::F32)?;
    if broadcast(shape, &input.shape).as_ref() == Some(&input.shape) {
        Ok(Value::f32(shape))
    } else {
        Err(mismatch(operation, format!("a shape to which {shape:?} broadcasts"), inputs))
    }
}

impl Operation for SumTo {
    fn name(&self) -> &'static str {
        "sum_to"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        summed(self.name(), &self.shape, inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let shape = graph.shape(graph.node(node).inputs[0]).to_vec();
        let ones = graph.constant(1.0, &shape);
        Ok(vec![Some(graph.apply(Binary::Mul, &[ones, grad_output])?)])
    }
}
