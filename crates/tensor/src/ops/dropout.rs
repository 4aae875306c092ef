use super::{Operation, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Zeroes each element with probability `p` and multiplies the others by `1 / (1 − p)`
/// ([`torch.nn.functional.dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html);
/// Srivastava and others, 2014).
///
/// What is dropped is a function of the [key](Self::key), the layer and the element's position alone, and so is the same
/// in the gradient, on every executor, and however a batch is cut into shards.
///
/// # Shapes
/// input `[batch, …]`, key `[5]` of unsigned integers; output as the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// How probable it is that an element is dropped, from 0 to 1.
    pub p: f32,
    /// Tells layers apart, which drop independently of each other.
    pub layer_idx: u32,
}

impl Dropout {
    /// The numbers in a key.
    pub const KEY_LEN: usize = 5;

    /// The key of a training step; `first` is the position in the batch of the first picture that is computed.
    pub const fn key(seed: u64, step: u64, first: usize) -> [u32; Self::KEY_LEN] {
        [seed as u32, (seed >> 32) as u32, step as u32, (step >> 32) as u32, first as u32]
    }

    /// An element is dropped where the upper 24 of its random bits lie below this.
    pub fn threshold(self) -> u32 {
        (self.p * 16_777_216.0).ceil() as u32
    }

    /// What the other elements are multiplied by; 0 where there are none.
    pub fn scale(self) -> f32 {
        if self.p < 1.0 { 1.0 / (1.0 - self.p) } else { 0.0 }
    }
}

impl Operation for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, key] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::F32)?;
        check_dtype(self.name(), inputs, 1, DType::U32)?;
        if key.shape == [Self::KEY_LEN] && !input.shape.is_empty() {
            Ok(input.clone())
        } else {
            Err(mismatch(self.name(), "a batch and a key of 5 numbers", inputs))
        }
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let key = graph.node(node).inputs[1];
        Ok(vec![Some(graph.apply(*self, &[grad_output, key])?), None])
    }
}
