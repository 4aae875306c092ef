use super::{Operation, Reshape, SumTo, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};
use crate::window::Window;

/// Two-dimensional cross-correlation, what deep learning calls convolution
/// ([`torch.nn.functional.conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html)):
///
/// `output[n, o, y, x] = bias[o] + Σ input[n, c, y·stride − padding + i·dilation, x·stride − padding + j·dilation]
/// · weight[o, c, i, j]`, over the channels `c` of `o`'s group and the taps `(i, j)`; outside the input there are zeros.
///
/// # Shapes
/// input `[batch, in_channels, height, width]`, weight `[out_channels, in_channels / groups, kernel_height,
/// kernel_width]`, optional bias `[out_channels]`; output `[batch, out_channels, out_height, out_width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d {
    /// How the kernel slides.
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Operation for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let name = self.name();
        if inputs.len() != 2 && inputs.len() != 3 {
            return Err(TensorError::InputCount { operation: name, expected: 2, received: inputs.len() });
        }
        let [batch, in_channels, height, width] = dims(name, "the input", inputs, 0)?;
        let [out_channels, group_channels, kernel_height, kernel_width] =
            dims(name, "the weight", inputs, 1)?;
        let groups = self.groups;
        if groups == 0 || group_channels * groups != in_channels || !out_channels.is_multiple_of(groups) {
            let expected =
                format!("weights of in_channels / {groups} channels, out_channels divisible by {groups}");
            return Err(mismatch(name, expected, inputs));
        }
        if self.window.kernel != [kernel_height, kernel_width] {
            return Err(mismatch(name, format!("a kernel of {:?}", self.window.kernel), inputs));
        }
        if height * width == 0 || self.window.dilation.contains(&0) {
            return Err(mismatch(name, "maps of at least one cell, and a dilation of at least 1", inputs));
        }
        if inputs.len() == 3 && dims(name, "the bias", inputs, 2)? != [out_channels] {
            return Err(mismatch(name, format!("a bias of [{out_channels}]"), inputs));
        }
        let [out_height, out_width] = self
            .window
            .output([height, width])
            .ok_or_else(|| mismatch(name, "a kernel that fits into the padded input", inputs))?;
        Ok(Value::f32([batch, out_channels, out_height, out_width]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (input, weight) = (inputs[0], inputs[1]);
        let mut grads = vec![None; inputs.len()];
        if wanted[0] {
            let &[.., height, width] = graph.shape(input) else { unreachable!("the shape rule asks for 4") };
            let op = Conv2dGradInput { conv: *self, input_size: [height, width] };
            grads[0] = Some(graph.apply(op, &[grad_output, weight])?);
        }
        if wanted[1] {
            grads[1] = Some(graph.apply(Conv2dGradWeight { conv: *self }, &[input, grad_output])?);
        }
        if wanted.get(2) == Some(&true) {
            let out_channels = graph.shape(weight)[0];
            let sum = graph.apply(SumTo { shape: vec![1, out_channels, 1, 1] }, &[grad_output])?;
            grads[2] = Some(graph.apply(Reshape { shape: vec![out_channels] }, &[sum])?);
        }
        Ok(grads)
    }
}

/// The gradient of [`Conv2d`] with respect to its input: every output's gradient, sent back through the kernel to the
/// cells that it was computed from.
///
/// # Shapes
/// grad_output `[batch, out_channels, out_height, out_width]`, weight as there; output `[batch, in_channels,
/// input_size]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dGradInput {
    /// The convolution.
    pub conv: Conv2d,
    /// Its input's height and width, which its output's does not determine where the stride is above 1.
    pub input_size: [usize; 2],
}

impl Operation for Conv2dGradInput {
    fn name(&self) -> &'static str {
        "conv2d_grad_input"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let _: [&Value; 2] = take(self.name(), inputs)?;
        let [batch, out_channels, ..]: [usize; 4] = dims(self.name(), "the output's gradient", inputs, 0)?;
        let [weight_out, group_channels, ..]: [usize; 4] = dims(self.name(), "the weight", inputs, 1)?;
        if weight_out != out_channels {
            return Err(mismatch(self.name(), "as many filters as channels of the gradient", inputs));
        }
        let [height, width] = self.input_size;
        Ok(Value::f32([batch, group_channels * self.conv.groups, height, width]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (grad, weight) = (inputs[0], inputs[1]);
        let mut grads = vec![None; 2];
        if wanted[0] {
            grads[0] = Some(graph.apply(self.conv, &[grad_output, weight])?);
        }
        if wanted[1] {
            grads[1] = Some(graph.apply(Conv2dGradWeight { conv: self.conv }, &[grad_output, grad])?);
        }
        Ok(grads)
    }
}

/// The gradient of [`Conv2d`] with respect to its weight: for every tap, the products of the output's gradient and the
/// input under the tap, summed over batch and positions.
///
/// # Shapes
/// input `[batch, in_channels, height, width]`, grad_output `[batch, out_channels, out_height, out_width]`; output
/// `[out_channels, in_channels / groups, kernel_height, kernel_width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dGradWeight {
    /// The convolution.
    pub conv: Conv2d,
}

impl Operation for Conv2dGradWeight {
    fn name(&self) -> &'static str {
        "conv2d_grad_weight"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let _: [&Value; 2] = take(self.name(), inputs)?;
        let [batch, in_channels, ..]: [usize; 4] = dims(self.name(), "the input", inputs, 0)?;
        let [grad_batch, out_channels, ..]: [usize; 4] =
            dims(self.name(), "the output's gradient", inputs, 1)?;
        if batch != grad_batch {
            return Err(mismatch(self.name(), "the same batch", inputs));
        }
        let [kernel_height, kernel_width] = self.conv.window.kernel;
        Ok(Value::f32([out_channels, in_channels / self.conv.groups, kernel_height, kernel_width]))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (input, grad) = (inputs[0], inputs[1]);
        let mut grads = vec![None; 2];
        if wanted[0] {
            let &[.., height, width] = graph.shape(input) else { unreachable!("the shape rule asks for 4") };
            let op = Conv2dGradInput { conv: self.conv, input_size: [height, width] };
            grads[0] = Some(graph.apply(op, &[grad, grad_output])?);
        }
        if wanted[1] {
            grads[1] = Some(graph.apply(self.conv, &[input, grad_output])?);
        }
        Ok(grads)
    }
}
