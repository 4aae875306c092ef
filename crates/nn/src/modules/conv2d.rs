use tensor::random::Stream;
use tensor::{Tensor, TensorError};

use super::Module;
use crate::layers::{self, Pair};
use crate::{functional, init};

/// A two-dimensional convolution, PyTorch's
/// [`nn.Conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html).
///
/// # Shapes
/// `[batch, in_channels, height, width]` to `[batch, out_channels, out_height, out_width]`.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Option<Tensor>,
    arguments: layers::Conv2d,
}

impl Conv2d {
    /// Of stride 1 and without padding, until told otherwise; with weights and biases uniform in `±1/√fan_in`, as
    /// PyTorch draws them.
    ///
    /// ```
    /// use nn::modules::{Conv2d, Module};
    /// use tensor::{Tensor, random::{Purpose, Stream}};
    /// let conv = Conv2d::new(1, 8, 5, &mut Stream::new(0, Purpose::Eager, 0))?.stride(2).padding(2);
    /// assert_eq!(conv.forward(&Tensor::zeros([1, 1, 28, 28]))?.shape(), [1, 8, 14, 14]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError`] where the parameters cannot be made.
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Pair>,
        stream: &mut Stream,
    ) -> Result<Self, TensorError> {
        let kernel_size = kernel_size.into();
        let arguments = layers::Conv2d { out_channels, kernel_size, ..layers::Conv2d::default() };
        Self::with_arguments(in_channels, arguments, stream)
    }

    /// With all of PyTorch's arguments, groups too.
    ///
    /// ```
    /// use nn::{layers, modules::Conv2d};
    /// use tensor::random::{Purpose, Stream};
    /// let depthwise = layers::Conv2d { out_channels: 8, groups: 8, ..layers::Conv2d::default() };
    /// let conv = Conv2d::with_arguments(8, depthwise, &mut Stream::new(0, Purpose::Eager, 0))?;
    /// assert_eq!(conv.weight().shape(), [8, 1, 3, 3]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Argument`] where the groups do not divide the channels.
    pub fn with_arguments(
        in_channels: usize,
        arguments: layers::Conv2d,
        stream: &mut Stream,
    ) -> Result<Self, TensorError> {
        let groups = arguments.groups;
        let divides = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        if !divides(in_channels) || !divides(arguments.out_channels) {
            return Err(TensorError::Argument {
                operation: "Conv2d",
                argument: "groups",
                expected: "a divisor of both in_channels and out_channels",
                received: format!("{groups} (for {in_channels} and {})", arguments.out_channels),
            });
        }
        let weight = Tensor::zeros(arguments.weight_shape(in_channels));
        let bound = init::default_bound(arguments.fan_in(in_channels));
        init::uniform_(&weight, -bound, bound, stream)?;
        let bias = Tensor::zeros([arguments.out_channels]);
        init::uniform_(&bias, -bound, bound, stream)?;
        let bias = if arguments.bias { Some(bias.with_grad()?) } else { None };
        Ok(Self { weight: weight.with_grad()?, bias, arguments })
    }

    /// Cells between neighbouring windows: PyTorch's argument `stride`.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.arguments.stride = stride.into();
        self
    }

    /// Zeros put around the input: PyTorch's argument `padding`.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.arguments.padding = padding.into();
        self
    }

    /// Cells between neighbouring taps of the kernel: PyTorch's argument `dilation`.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.arguments.dilation = dilation.into();
        self
    }

    /// The same without a bias: PyTorch's `bias=False`.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        (self.bias, self.arguments.bias) = (None, false);
        self
    }

    /// PyTorch's `weight`, `[out_channels, in_channels / groups, kernel_height, kernel_width]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// PyTorch's `bias`, `[out_channels]`.
    pub const fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// How it slides.
    pub const fn arguments(&self) -> &layers::Conv2d {
        &self.arguments
    }
}

impl Module for Conv2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        let layers::Conv2d { stride, padding, dilation, groups, .. } = self.arguments;
        functional::conv2d(input, &self.weight, self.bias.as_ref(), stride, padding, dilation, groups)
    }

    fn describe(&self) -> String {
        let layers::Conv2d { out_channels, kernel_size, stride, padding, dilation, groups, .. } =
            self.arguments;
        let in_channels = self.weight.shape()[1] * groups;
        let mut text = format!(
            "Conv2d({in_channels}, {out_channels}, kernel_size={}, stride={}",
            tuple(kernel_size),
            tuple(stride)
        );
        // As PyTorch, only what is not the default.
        if padding != 0.into() {
            text += &format!(", padding={}", tuple(padding));
        }
        if dilation != 1.into() {
            text += &format!(", dilation={}", tuple(dilation));
        }
        if groups != 1 {
            text += &format!(", groups={groups}");
        }
        if self.bias.is_none() {
            text += ", bias=False";
        }
        text + ")"
    }

    fn own_parameters(&self) -> Vec<(&'static str, &Tensor)> {
        [("weight", &self.weight)].into_iter().chain(self.bias.iter().map(|bias| ("bias", bias))).collect()
    }
}

fn tuple(pair: Pair) -> String {
    format!("({}, {})", pair.height, pair.width)
}
