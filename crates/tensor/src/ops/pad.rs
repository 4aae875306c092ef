use super::{Operation, View, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// A constant put around a tensor
/// ([`torch.nn.functional.pad`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html)).
///
/// # Shapes
/// input: any of as many dimensions as `padding` has entries; output: each size and its padding on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Pad {
    /// For each dimension, in order, how many cells come before and after it.
    pub padding: Vec<[usize; 2]>,
    /// What they hold.
    pub value: f32,
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::F32)?;
        if input.shape.len() != self.padding.len() {
            return Err(mismatch(self.name(), format!("{} dimensions", self.padding.len()), inputs));
        }
        let sizes = input.shape.iter().zip(&self.padding);
        Ok(Value::f32(sizes.map(|(size, [before, after])| before + size + after).collect::<Vec<_>>()))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let shape = graph.shape(graph.node(node).inputs[0]).to_vec();
        let mut grad = grad_output;
        for (dim, (&len, &[start, after])) in shape.iter().zip(&self.padding).enumerate() {
            if start + after > 0 {
                grad = graph.apply(View::Slice { dim, start, len, step: 1 }, &[grad])?;
            }
        }
        Ok(vec![Some(grad)])
    }
}
