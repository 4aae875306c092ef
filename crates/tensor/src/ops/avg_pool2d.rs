use super::max_pool2d::pooled;
use super::{Operation, dims, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};
use crate::window::Window;

/// The mean of each window, padding zeros counted
/// ([`torch.nn.functional.avg_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html)).
///
/// # Shapes
/// input `[batch, channels, height, width]`; output `[batch, channels, out_height, out_width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AvgPool2d {
    /// How the window slides.
    pub window: Window,
}

impl Operation for AvgPool2d {
    fn name(&self) -> &'static str {
        "avg_pool2d"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        pooled(self.name(), &self.window, inputs)
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
        let op = AvgPool2dGrad { window: self.window, input_size: [height, width] };
        Ok(vec![Some(graph.apply(op, &[grad_output])?)])
    }
}

/// The gradient of [`AvgPool2d`]: each window's gradient, shared equally by its cells.
///
/// # Shapes
/// grad_output `[batch, channels, out_height, out_width]`; output `[batch, channels, input_size]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AvgPool2dGrad {
    /// How the window slides.
    pub window: Window,
    /// The pooling's input's height and width.
    pub input_size: [usize; 2],
}

impl Operation for AvgPool2dGrad {
    fn name(&self) -> &'static str {
        "avg_pool2d_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let _: [&Value; 1] = take(self.name(), inputs)?;
        let [batch, channels, ..]: [usize; 4] = dims(self.name(), "the output's gradient", inputs, 0)?;
        Ok(Value::f32([batch, channels, self.input_size[0], self.input_size[1]]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        _node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![Some(graph.apply(AvgPool2d { window: self.window }, &[grad_output])?)])
    }
}
