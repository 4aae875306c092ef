//! What layers of networks compute.

use super::Tensor;
use super::dims::position;
use crate::error::TensorError;
use crate::ops::{AdaptiveAvgPool2d, AvgPool2d, Conv2d, LogSoftmax, MatMul, MaxPool2d, NllLoss, Op, Softmax};
use crate::window::Window;

impl Tensor {
    /// `input · weightᵀ + bias`, as
    /// [`torch.nn.functional.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (input, weight) = (Tensor::ones([5, 784]), Tensor::zeros([10, 784]));
    /// assert_eq!(input.linear(&weight, Some(&Tensor::zeros([10])))?.shape(), [5, 10]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
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
    /// ```
    /// use tensor::Tensor;
    /// use tensor::Window;
    /// let window = Window { padding: [1, 1], ..Window::square(3) };
    /// let output = Tensor::ones([1, 1, 5, 5]).conv2d(&Tensor::ones([8, 1, 3, 3]), None, window, 1)?;
    /// assert_eq!(output.shape(), [1, 8, 5, 5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// input `[batch, in_channels, height, width]`, weight `[out_channels, in_channels / groups, kernel_height,
    /// kernel_width]`, bias `[out_channels]`; output `[batch, out_channels, out_height, out_width]`. Without a batch both
    /// input and output have three dimensions; so it is with pooling.
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
        self.batched(|input| {
            let inputs: Vec<&Self> = [input, weight].into_iter().chain(bias).collect();
            Self::apply(Conv2d { window, groups }, &inputs)
        })
    }

    /// Maps without a batch, `[channels, height, width]`, as a batch of one, as PyTorch takes them too.
    fn batched(&self, run: impl FnOnce(&Self) -> Result<Self, TensorError>) -> Result<Self, TensorError> {
        if self.rank() == 3 { run(&self.unsqueeze(0)?)?.squeeze(0) } else { run(self) }
    }

    /// The largest of each window, as `torch.nn.functional.max_pool2d`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// use tensor::Window;
    /// let halving = Window { stride: [2, 2], ..Window::square(2) };
    /// assert_eq!(Tensor::ones([1, 8, 28, 28]).max_pool2d(halving)?.shape(), [1, 8, 14, 14]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// `[batch, channels, height, width]` to `[batch, channels, out_height, out_width]`.
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn max_pool2d(&self, window: Window) -> Result<Self, TensorError> {
        self.batched(|input| Self::apply(MaxPool2d { window }, &[input]))
    }

    /// The mean of each window, padding zeros counted, as `torch.nn.functional.avg_pool2d`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// use tensor::Window;
    /// let mean = Tensor::from([[[1.0, 2.0], [3.0, 6.0]]]).unsqueeze(0)?.avg_pool2d(Window::square(2))?;
    /// assert_eq!(mean.item()?, 3.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// As [`Tensor::max_pool2d`].
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn avg_pool2d(&self, window: Window) -> Result<Self, TensorError> {
        self.batched(|input| Self::apply(AvgPool2d { window }, &[input]))
    }

    /// The mean of windows placed so that the output has a given size, as `torch.nn.functional.adaptive_avg_pool2d`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::ones([4, 10, 7, 7]).adaptive_avg_pool2d([1, 1])?.shape(), [4, 10, 1, 1]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// `[batch, channels, height, width]` to `[batch, channels, output_size]`.
    ///
    /// # Errors
    /// [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn adaptive_avg_pool2d(&self, output_size: [usize; 2]) -> Result<Self, TensorError> {
        self.batched(|input| Self::apply(AdaptiveAvgPool2d { output_size }, &[input]))
    }

    /// Probabilities along a dimension, as `torch.softmax`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[0.0, 0.0]]).softmax(-1)?.to_vec::<f32>()?, [0.5, 0.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::DType`].
    pub fn softmax(&self, dim: isize) -> Result<Self, TensorError> {
        self.along_last("softmax", dim, Softmax.into())
    }

    /// Logarithms of probabilities along a dimension, as `torch.log_softmax`: finite where the probability itself would
    /// round to zero.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let logs = Tensor::from([[1000.0, 0.0]]).log_softmax(1)?;
    /// assert_eq!(logs.to_vec::<f32>()?, [0.0, -1000.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::DType`].
    pub fn log_softmax(&self, dim: isize) -> Result<Self, TensorError> {
        self.along_last("log_softmax", dim, LogSoftmax.into())
    }

    /// An operation over the last dimension, over any other.
    fn along_last(&self, operation: &'static str, dim: isize, op: Op) -> Result<Self, TensorError> {
        if self.rank() == 0 && matches!(dim, -1 | 0) {
            return Self::apply(op, &[&self.unsqueeze(0)?])?.squeeze(0);
        }
        if position(operation, dim, self.rank())? + 1 == self.rank() {
            return Self::apply(op, &[self]);
        }
        Self::apply(op, &[&self.transpose(dim, -1)?])?.transpose(dim, -1)
    }

    /// The mean negative log-likelihood of the targets, as `torch.nn.functional.nll_loss`; after
    /// [`Tensor::log_softmax`] it is the cross-entropy.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let logits = Tensor::zeros([4, 10]);
    /// let loss = logits.log_softmax(1)?.nll_loss(&Tensor::from([3, 1, 4, 1]))?;
    /// assert!((loss.item()? - 10.0_f64.ln()).abs() < 1e-6);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// log-probabilities `[batch, classes]`, target `[batch]` of whole numbers; output: one number.
    ///
    /// # Errors
    /// [`TensorError::Index`] for a target outside the classes, [`TensorError::Shapes`], [`TensorError::DType`].
    pub fn nll_loss(&self, target: &Self) -> Result<Self, TensorError> {
        let n_classes = self.shape().last().copied().unwrap_or(0);
        let target = target.as_positions("nll_loss", n_classes)?;
        Self::apply(NllLoss, &[self, &target])
    }
}
