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
        let [input, grad_output]: [&Value; 2] = take(self.name(), inputs)?;
        if *grad_output == pooled(self.name(), &self.window, &[input])? {
            Ok(input.clone())
        } else {
            Err(mismatch(self.name(), "a gradient for each window", inputs))
        }
    }

    /// Which value is the largest does not change with a small change of the input, so no gradient goes there.
    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let input = graph.node(node).inputs[0];
        let picked = graph.apply(MaxPool2dPick { window: self.window }, &[input, grad_output])?;
        Ok(vec![None, Some(picked)])
    }
}

/// For each window, what another tensor holds where the input's window has the first of its largest values: the gradient
/// of [`MaxPool2dGrad`] with respect to the output's gradient.
///
/// # Shapes
/// input and source `[batch, channels, height, width]`; output as the pooling's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2dPick {
    /// How the window slides.
    pub window: Window,
}

impl Operation for MaxPool2dPick {
    fn name(&self) -> &'static str {
        "max_pool2d_pick"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, source]: [&Value; 2] = take(self.name(), inputs)?;
        if input == source {
            pooled(self.name(), &self.window, &[input])
        } else {
            Err(mismatch(self.name(), "two tensors of the same shape", inputs))
        }
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let input = graph.node(node).inputs[0];
        Ok(vec![None, Some(graph.apply(MaxPool2dGrad { window: self.window }, &[input, grad_output])?)])
    }
}

/// The shape rule of pooling.
pub(super) fn pooled(name: &'static str, window: &Window, inputs: &[&Value]) -> Result<Value, TensorError> {
    let _: [&Value; 1] = take(name, inputs)?;
    let [batch, channels, height, width] = dims(name, "the input", inputs, 0)?;
    if window.dilation != [1, 1] {
        return Err(mismatch(name, "a window without gaps (dilation 1)", inputs));
    }
    if height * width == 0 {
        return Err(mismatch(name, "maps of at least one cell", inputs));
    }
    let fits = |axis: usize| 2 * window.padding[axis] <= window.kernel[axis];
    if !fits(0) || !fits(1) {
        return Err(mismatch(name, "padding of at most half the window", inputs));
    }
    let [out_height, out_width] = window
        .output([height, width])
        .ok_or_else(|| mismatch(name, format!("a window {:?} that fits", window.kernel), inputs))?;
    Ok(Value::f32([batch, channels, out_height, out_width]))
}
