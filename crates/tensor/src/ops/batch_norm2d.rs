use super::{Operation, Reduce, Reduction, Reshape, SumTo, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};
use crate::plan::Blend;

/// Each channel moved and scaled: `(x − mean) / √(var + eps) · weight + bias`
/// ([`torch.nn.functional.batch_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html);
/// Ioffe and Szegedy, 2015).
///
/// # Shapes
/// input `[batch, channels, height, width]`; mean, var, weight and bias `[channels]`; output as the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm2d {
    /// Keeps the division finite.
    pub eps: f32,
    /// Whether `mean` and `var` are the input's own, over batch and positions, `var` without correction: the input's
    /// gradient then includes what goes through them, and each channel needs more than one value. Else they are given
    /// numbers, through which no gradient goes.
    pub training: bool,
}

impl BatchNorm2d {
    /// Records the mean and the variance (without correction) of each channel of `[batch, channels, height, width]`, as
    /// `training` wants them: `[channels]` each.
    ///
    /// # Errors
    /// [`TensorError`] where the input has other dimensions.
    pub fn statistics(graph: &mut Graph, input: NodeId) -> Result<[NodeId; 2], TensorError> {
        let value = &graph.node(input).value;
        let [_, channels, ..]: [usize; 4] = dims("batch_norm2d", "the input", &[value], 0)?;
        let mut reduce = |kind| {
            let number = graph.apply(Reduction { kind, shape: vec![1, channels, 1, 1] }, &[input])?;
            graph.apply(Reshape { shape: vec![channels] }, &[number])
        };
        Ok([reduce(Reduce::Mean)?, reduce(Reduce::Var { correction: 0 })?])
    }

    /// How the running mean and the running variance follow those of a batch with `n_values` numbers per channel. The
    /// running variance is that of all pictures, of which the batch is a sample: it gets the unbiased estimate.
    pub fn running(momentum: f32, n_values: usize) -> [Blend; 2] {
        let momentum = f64::from(momentum);
        let decay = (1.0 - momentum) as f32;
        let unbiased = momentum * n_values as f64 / (n_values as f64 - 1.0);
        [Blend { decay, factor: momentum as f32 }, Blend { decay, factor: unbiased as f32 }]
    }
}

impl Operation for BatchNorm2d {
    fn name(&self) -> &'static str {
        "batch_norm2d"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, ..] = take::<5>(self.name(), inputs)?;
        let [batch, channels, height, width] = dims(self.name(), "the input", inputs, 0)?;
        for (input_idx, what) in [(1, "the mean"), (2, "the variance"), (3, "the weight"), (4, "the bias")] {
            if dims(self.name(), what, inputs, input_idx)? != [channels] {
                return Err(mismatch(self.name(), format!("{what} has one number per channel"), inputs));
            }
        }
        if self.training && batch * height * width == 1 {
            return Err(mismatch(self.name(), "more than one value per channel when training", inputs));
        }
        Ok(input.clone())
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let &[input, mean, var, weight, _] = graph.node(node).inputs.as_slice() else {
            unreachable!("the shape rule asks for five inputs")
        };
        if !self.training && (wanted[1] || wanted[2]) {
            return Err(TensorError::NoGradient { operation: "batch_norm2d's given mean and variance" });
        }
        let channels = graph.shape(mean)[0];
        let grad_weight = BatchNorm2dGradWeight { eps: self.eps };
        let grad_weight = graph.apply(grad_weight, &[input, mean, var, grad_output])?;
        let grad_bias = graph.apply(SumTo { shape: vec![1, channels, 1, 1] }, &[grad_output])?;
        let grad_bias = graph.apply(Reshape { shape: vec![channels] }, &[grad_bias])?;
        let grad_input = if !wanted[0] {
            None
        } else if self.training {
            let op = BatchNorm2dGradInput { eps: self.eps };
            Some(graph.apply(op, &[input, mean, var, weight, grad_output, grad_weight, grad_bias])?)
        } else {
            // Of given numbers it is an affine map, whose gradient is the same without its constant parts.
            let zero = graph.constant(0.0, &[channels]);
            Some(graph.apply(*self, &[grad_output, zero, var, weight, zero])?)
        };
        Ok(vec![grad_input, None, None, Some(grad_weight), Some(grad_bias)])
    }
}

/// [`BatchNorm2d`]'s gradient with respect to the weight: `Σ grad_output · x̂` over batch and positions, with
/// `x̂ = (x − mean) / √(var + eps)`.
///
/// # Shapes
/// input and grad_output `[batch, channels, height, width]`, mean and var `[channels]`; output `[channels]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm2dGradWeight {
    /// As in [`BatchNorm2d`].
    pub eps: f32,
}

impl Operation for BatchNorm2dGradWeight {
    fn name(&self) -> &'static str {
        "batch_norm2d_grad_weight"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, mean, var, grad_output] = take(self.name(), inputs)?;
        let [_, channels, ..]: [usize; 4] = dims(self.name(), "the input", inputs, 0)?;
        if input == grad_output && mean == var && mean.shape == [channels] {
            Ok(mean.clone())
        } else {
            Err(mismatch(self.name(), "an input and its gradient, a mean and a variance per channel", inputs))
        }
    }
}

/// [`BatchNorm2d`]'s gradient with respect to the input where mean and variance are the batch's own:
/// `weight / √(var + eps) · (grad_output − (grad_bias + x̂ · grad_weight) / n)` over `n` values per channel.
///
/// # Shapes
/// input `[batch, channels, height, width]`, mean, var and weight `[channels]`, grad_output as the input, grad_weight and
/// grad_bias `[channels]`; output as the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm2dGradInput {
    /// As in [`BatchNorm2d`].
    pub eps: f32,
}

impl Operation for BatchNorm2dGradInput {
    fn name(&self) -> &'static str {
        "batch_norm2d_grad_input"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input, mean, var, weight, grad_output, grad_weight, grad_bias] = take(self.name(), inputs)?;
        let [_, channels, ..]: [usize; 4] = dims(self.name(), "the input", inputs, 0)?;
        let of_channels = [mean, var, weight, grad_weight, grad_bias];
        if input == grad_output && of_channels.iter().all(|value| value.shape == [channels]) {
            Ok(input.clone())
        } else {
            Err(mismatch(self.name(), "an input and its gradient, and five numbers per channel", inputs))
        }
    }
}
