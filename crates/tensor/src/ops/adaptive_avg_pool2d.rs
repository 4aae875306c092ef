use super::{Operation, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};

/// The mean of windows placed so that the output has a given size: window `i` of `n` covers the cells from
/// `⌊i·size/n⌋` to before `⌈(i+1)·size/n⌉`
/// ([`torch.nn.functional.adaptive_avg_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html)).
///
/// # Shapes
/// input `[batch, channels, height, width]`; output `[batch, channels, output_size]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdaptiveAvgPool2d {
    /// The output's height and width.
    pub output_size: [usize; 2],
}

impl Operation for AdaptiveAvgPool2d {
    fn name(&self) -> &'static str {
        "adaptive_avg_pool2d"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let _: [&Value; 1] = take(self.name(), inputs)?;
        let [batch, channels, height, width]: [usize; 4] = dims(self.name(), "the input", inputs, 0)?;
        if self.output_size.contains(&0) || height * width == 0 {
            return Err(mismatch(self.name(), "an input and an output of at least one cell", inputs));
        }
        Ok(Value::f32([batch, channels, self.output_size[0], self.output_size[1]]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let &[.., height, width] = graph.shape(graph.node(node).inputs[0]) else {
            unreachable!("the shape rule asks for 4")
        };
        Ok(vec![Some(graph.apply(AdaptiveAvgPool2dGrad { input_size: [height, width] }, &[grad_output])?)])
    }
}

/// The gradient of [`AdaptiveAvgPool2d`]: each window's gradient, shared equally by its cells.
///
/// # Shapes
/// grad_output `[batch, channels, output_size]`; output `[batch, channels, input_size]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdaptiveAvgPool2dGrad {
    /// The pooling's input's height and width.
    pub input_size: [usize; 2],
}

impl Operation for AdaptiveAvgPool2dGrad {
    fn name(&self) -> &'static str {
        "adaptive_avg_pool2d_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let _: [&Value; 1] = take(self.name(), inputs)?;
        let [batch, channels, ..]: [usize; 4] = dims(self.name(), "the output's gradient", inputs, 0)?;
        Ok(Value::f32([batch, channels, self.input_size[0], self.input_size[1]]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let &[.., height, width] = graph.shape(graph.node(node).inputs[0]) else {
            unreachable!("the shape rule asks for 4")
        };
        let op = AdaptiveAvgPool2d { output_size: [height, width] };
        Ok(vec![Some(graph.apply(op, &[grad_output])?)])
    }
}
