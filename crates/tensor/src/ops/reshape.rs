use super::{Operation, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};

/// The same numbers under another shape. It moves nothing: a plan lets both share a buffer.
///
/// # Shapes
/// input: any of as many elements as `shape`; output: `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// The output's shape.
    pub shape: Vec<usize>,
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input] = take(self.name(), inputs)?;
        if input.numel() == self.shape.iter().product::<usize>() {
            Ok(Value { shape: self.shape.clone(), dtype: input.dtype })
        } else {
            Err(mismatch(self.name(), format!("as many elements as {:?}", self.shape), inputs))
        }
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let shape = graph.shape(graph.node(node).inputs[0]).to_vec();
        Ok(vec![Some(graph.apply(Self { shape }, &[grad_output])?)])
    }
}
