//! What [`Plan::compile`](crate::Plan::compile) puts together out of several operations, so that what passes between them
//! need not be written down. Nobody records these; they have no gradient rules, as gradients are there before they are.

use super::{Conv2d, MaxPool2d, Operation, check_dtype, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::window::Window;

/// The choice of a [`ConvBlock`] whose gradient goes nowhere, as ReLU's input was not positive.
pub const NO_CHOICE: u32 = u32::MAX;

/// A further output of the operation that is its input, which writes it together with its own.
///
/// # Shapes
/// input: any; output: `value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Further {
    /// Its position among the operation's outputs, the first of which is the operation's own.
    pub output_idx: usize,
    /// What it is.
    pub value: Value,
}

impl Operation for Further {
    fn name(&self) -> &'static str {
        "further"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [_]: [&Value; 1] = take(self.name(), inputs)?;
        Ok(self.value.clone())
    }
}

/// [`Conv2d`], then ReLU, then [`MaxPool2d`], where there are any; ReLU and pooling in either order, which are the same.
///
/// # Shapes
/// As [`Conv2d`]'s; output as the pooling's, where there is one. A further output, where something reads it, is the
/// *choice*: of each output, the position `y · width + x` in the convolution's map that pooling took, or [`NO_CHOICE`]
/// where ReLU lets no gradient through; unsigned integers in the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvBlock {
    /// The convolution.
    pub conv: Conv2d,
    /// Whether ReLU follows.
    pub relu: bool,
    /// Whether pooling follows, and how.
    pub pool: Option<Window>,
}

impl ConvBlock {
    /// Height and width of the convolution's own output.
    pub fn conv_size(&self, input_size: [usize; 2]) -> Option<[usize; 2]> {
        self.conv.window.output(input_size)
    }

    /// The shape of the block's output, and with it of its output's gradient.
    fn pooled(&self, conv_output: Value, inputs: &[&Value]) -> Result<Value, TensorError> {
        let Some(window) = self.pool else { return Ok(conv_output) };
        MaxPool2d { window }
            .output(&[&conv_output])
            .map_err(|_| mismatch("conv_block", "a window that fits the convolution's output", inputs))
    }
}

impl Operation for ConvBlock {
    fn name(&self) -> &'static str {
        "conv_block"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        self.pooled(self.conv.output(inputs)?, inputs)
    }
}

/// The gradient of a [`ConvBlock`] with respect to its input. The gate tells which gradients of the convolution's output
/// are not zero: the choice where the block pools, else its output where it has ReLU.
///
/// # Shapes
/// grad_output as the block's output, weight as there, gate as the block's output; output `[batch, in_channels,
/// input_size]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvBlockGradInput {
    /// The block; it pools or has ReLU.
    pub block: ConvBlock,
    /// Its input's height and width.
    pub input_size: [usize; 2],
}

impl Operation for ConvBlockGradInput {
    fn name(&self) -> &'static str {
        "conv_block_grad_input"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [grad_output, weight, gate]: [&Value; 3] = take(self.name(), inputs)?;
        if grad_output.shape != gate.shape {
            return Err(mismatch(self.name(), "a gate of the gradient's shape", inputs));
        }
        let [batch, ..]: [usize; 4] = dims(self.name(), "the output's gradient", inputs, 0)?;
        let [_, group_channels, ..]: [usize; 4] = dims(self.name(), "the weight", inputs, 1)?;
        let [height, width] = self.input_size;
        let input = Value::f32([batch, group_channels * self.block.conv.groups, height, width]);
        if self.block.output(&[&input, weight])?.shape == grad_output.shape {
            Ok(input)
        } else {
            Err(mismatch(self.name(), "a gradient of the block's output", inputs))
        }
    }
}

/// The gradient of a [`ConvBlock`] with respect to its weight and, as a further output, where something reads it, to its
/// bias. The gate is as in [`ConvBlockGradInput`]; none where the block is a convolution alone.
///
/// # Shapes
/// input `[batch, in_channels, height, width]`, grad_output as the block's output, gate likewise; output `[out_channels,
/// in_channels / groups, kernel_height, kernel_width]`, and `out_channels` numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvBlockGradWeight {
    /// The block.
    pub block: ConvBlock,
}

impl Operation for ConvBlockGradWeight {
    fn name(&self) -> &'static str {
        "conv_block_grad_weight"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        if !matches!(inputs.len(), 2 | 3) {
            return Err(TensorError::InputCount {
                operation: self.name(),
                expected: 3,
                received: inputs.len(),
            });
        }
        let [_, in_channels, ..]: [usize; 4] = dims(self.name(), "the input", inputs, 0)?;
        let [_, out_channels, ..]: [usize; 4] = dims(self.name(), "the output's gradient", inputs, 1)?;
        let [kernel_height, kernel_width] = self.block.conv.window.kernel;
        let groups = self.block.conv.groups;
        let weight = Value::f32([out_channels, in_channels / groups.max(1), kernel_height, kernel_width]);
        let output = self.block.output(&[inputs[0], &weight])?;
        if inputs[1..].iter().all(|input| input.shape == output.shape) {
            Ok(weight)
        } else {
            Err(mismatch(self.name(), "a gradient of the block's output, and a gate like it", inputs))
        }
    }
}

/// An affine map of features: the input times the transposed weight, plus the bias.
///
/// # Shapes
/// input `[batch, in_features]`, weight `[out_features, in_features]`, bias `[out_features]`; output
/// `[batch, out_features]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Linear;

impl Operation for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [_, _, bias]: [&Value; 3] = take(self.name(), inputs)?;
        let [batch, in_features] = dims(self.name(), "the input", inputs, 0)?;
        let [out_features, weight_in] = dims(self.name(), "the weight", inputs, 1)?;
        if weight_in == in_features && bias.numel() == out_features {
            Ok(Value::f32([batch, out_features]))
        } else {
            Err(mismatch(self.name(), "a weight and a bias that go with the input", inputs))
        }
    }
}

/// The gradient of [`Linear`] with respect to its weight and, as a further output, to its bias. Where the scores of a
/// [`LinearCrossEntropy`] are given, two more outputs are their mean and their count: the loss, and how many are right.
///
/// # Shapes
/// input `[batch, in_features]`, grad_output `[batch, out_features]`, perhaps scores `[2, batch]`; output `[out_features,
/// in_features]`, `out_features` numbers, and two single numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearGradWeight;

impl Operation for LinearGradWeight {
    fn name(&self) -> &'static str {
        "linear_grad_weight"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        if !matches!(inputs.len(), 2 | 3) {
            return Err(TensorError::InputCount {
                operation: self.name(),
                expected: 2,
                received: inputs.len(),
            });
        }
        let [batch, in_features] = dims(self.name(), "the input", inputs, 0)?;
        let [grad_batch, out_features] = dims(self.name(), "the output's gradient", inputs, 1)?;
        let scored = inputs.get(2).is_none_or(|scores| scores.shape == [2, batch]);
        if batch == grad_batch && scored {
            Ok(Value::f32([out_features, in_features]))
        } else {
            Err(mismatch(self.name(), "the same batch", inputs))
        }
    }
}

/// The mean cross-entropy of logits, in nats; as further outputs how many of the batch are right, and the gradient of the
/// mean with respect to the logits.
///
/// # Shapes
/// logits `[batch, classes]`, target `[batch]` of unsigned integers; output: one number; then one number, and the
/// logits' shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CrossEntropy;

impl Operation for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [_, target]: [&Value; 2] = take(self.name(), inputs)?;
        let [batch, _] = dims(self.name(), "the logits", inputs, 0)?;
        check_dtype(self.name(), inputs, 1, DType::U32)?;
        if target.shape == [batch] {
            Ok(Value::f32([]))
        } else {
            Err(mismatch(self.name(), format!("a target for each of the {batch}"), inputs))
        }
    }
}

/// A [`Linear`] layer of few classes with the cross-entropy of its output, backwards at once: the gradient of the mean
/// with respect to the logits; as further outputs its gradient with respect to the layer's input, and the scores, which
/// are each image's cross-entropy in nats and then, for each image, 1 where it is classified rightly and else 0.
///
/// # Shapes
/// input `[batch, in_features]`, weight `[classes, in_features]`, bias `[classes]`, target `[batch]` of unsigned integers;
/// output `[batch, classes]`; then `[batch, in_features]`, and `[2, batch]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearCrossEntropy;

impl LinearCrossEntropy {
    /// Layers of more classes stay by themselves: an image's logits are to fit into what a few invocations share.
    pub const MOST_CLASSES: usize = 16;
}

impl Operation for LinearCrossEntropy {
    fn name(&self) -> &'static str {
        "linear_cross_entropy"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, weight, bias, target]: [&Value; 4] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 3, DType::U32)?;
        let logits = Linear.output(&[input, weight, bias])?;
        if target.shape == logits.shape[..1] {
            Ok(logits)
        } else {
            Err(mismatch(self.name(), "a target for each of the batch", inputs))
        }
    }
}
