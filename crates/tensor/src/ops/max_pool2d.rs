use super::{Operation, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};
use crate::window::Window;

/// The largest value of each window; padding never wins
/// ([`torch.nn.functional.max_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html)).
///
/// # Shapes
/// input `[batch, channels, height, width]`; output `[batch, channels, out_height, out_width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2d {
    /// How the window slides.
    pub window: Window,
}

impl Operation for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
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
        let input = graph.node(node).inputs[0];
        Ok(vec![Some(graph.apply(MaxPool2dGrad { window: self.window }, &[input, grad_output])?)])
    }
}

/// The gradient of [`MaxPool2d`]: each window's gradient goes to the first of its largest values, in reading order.
///
/// # Shapes
/// input `[batch, channels, height, width]`, grad_output as the pooling's output; output as the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2dGrad {
    /// How the window slides.
    pub window: Window,
}

impl Operation for MaxPool2dGrad {
    fn name(&self) -> &'static str {
        "max_pool2d_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, _]: [&Value; 2] = take(self.name(), inputs)?;
        Ok(input.clone())
    }
}

/// The shape rule of pooling.
pub(super) fn pooled(name: &'static str, window: &Window, inputs: &[&Value]) -> Result<Value, TensorError> {
    let _: [&Value; 1] = take(name, inputs)?;
    let [batch, channels, height, width] = dims(name, "the input", inputs, 0)?;
    if window.dilation != [1, 1] {
        return Err(mismatch(name, "a window without gaps (dilation 1)", inputs));
    }
    let [out_height, out_width] = window
        .output([height, width])
        .ok_or_else(|| mismatch(name, format!("a window {:?} that fits", window.kernel), inputs))?;
    Ok(Value::f32([batch, channels, out_height, out_width]))
}
