//! What layers of networks compute.

use super::Tensor;
use super::dims::position;
use crate::error::TensorError;
use crate::graph::DType;
use crate::ops::{AdaptiveAvgPool2d, AvgPool2d, Conv2d, LogSoftmax, MatMul, MaxPool2d, NllLoss, Op, Softmax};
use crate::window::Window;

impl Tensor {
    /// `input · weightᵀ + bias`, as
    /// [`torch.nn.functional.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).
    ///
    /// # Shapes
    /// input `[…, in_features]`, weight `[out_features, in_features]`, bias `[out_features]`; output `[…, out_features]`.
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Result<Self, TensorError> {
        let product = if self.rank() == 2 && weight.rank() == 2 {
            Self::apply(MatMul { transpose_a: false, transpose_b: true }, &[self, weight])?
        } else {
            self.matmul(&weight.t()?)?
        };
        bias.map_or(Ok(product.clone()), |bias| product.add(bias))
    }

    /// Two-dimensional convolution, as
    /// [`torch.nn.functional.conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html);
    /// see [`Conv2d`] for the formula. The window's kernel must be that of the weight.
    ///
    /// # Shapes
    /// input `[batch, in_channels, height, width]`, weight `[out_channels, in_channels / groups, kernel_height,
    /// kernel_width]`, bias `[out_channels]`; output `[batch, out_channels, out_height, out_width]`.
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn conv2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        window: Window,
        groups: usize,
    ) -> Result<Self, TensorError> {
        let inputs: Vec<&Self> = [self, weight].into_iter().chain(bias).collect();
        Self::apply(Conv2d { window, groups }, &inputs)
    }

    /// The largest of each window, as `torch.nn.functional.max_pool2d`.
    ///
    /// # Shapes
    /// `[batch, channels, height, width]` to `[batch, channels, out_height, out_width]`.
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn max_pool2d(&self, window: Window) -> Result<Self, TensorError> {
        Self::apply(MaxPool2d { window }, &[self])
    }

    /// The mean of each window, padding zeros counted, as `torch.nn.functional.avg_pool2d`.
    ///
    /// # Shapes
    /// As [`Tensor::max_pool2d`].
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn avg_pool2d(&self, window: Window) -> Result<Self, TensorError> {
        Self::apply(AvgPool2d { window }, &[self])
    }

    /// The mean of windows placed so that the output has a given size, as `torch.nn.functional.adaptive_avg_pool2d`.
    ///
    /// # Shapes
    /// `[batch, channels, height, width]` to `[batch, channels, output_size]`.
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn adaptive_avg_pool2d(&self, output_size: [usize; 2]) -> Result<Self, TensorError> {
        Self::apply(AdaptiveAvgPool2d { output_size }, &[self])
    }

    /// Probabilities along a dimension, as `torch.softmax`.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::DType`].
    pub fn softmax(&self, dim: isize) -> Result<Self, TensorError> {
        self.along_last("softmax", dim, Softmax.into())
    }

    /// Logarithms of probabilities along a dimension, as `torch.log_softmax`: finite where the probability itself would
    /// round to zero.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::DType`].
    pub fn log_softmax(&self, dim: isize) -> Result<Self, TensorError> {
        self.along_last("log_softmax", dim, LogSoftmax.into())
    }

    /// An operation over the last dimension, over any other.
    fn along_last(&self, operation: &'static str, dim: isize, op: Op) -> Result<Self, TensorError> {
        if position(operation, dim, self.rank())? + 1 == self.rank() {
            return Self::apply(op, &[self]);
        }
        Self::apply(op, &[&self.transpose(dim, -1)?])?.transpose(dim, -1)
    }

    /// The mean negative log-likelihood of the targets, as `torch.nn.functional.nll_loss`; after
    /// [`Tensor::log_softmax`] it is the cross-entropy.
    ///
    /// # Shapes
    /// log-probabilities `[batch, classes]`, target `[batch]` of whole numbers; output: one number.
    ///
    /// # Errors
    /// [`TensorError::Index`] for a target outside the classes, [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn nll_loss(&self, target: &Self) -> Result<Self, TensorError> {
        let n_classes = self.shape().last().copied().unwrap_or(0);
        let target = target.to(DType::I64)?.as_positions("nll_loss", n_classes)?;
        Self::apply(NllLoss, &[self, &target])
    }
}
