use tensor::{Tensor, TensorError};

use super::Module;
use crate::functional;
use crate::layers::{self, Pair};

macro_rules! pooling {
    ($name:ident, $function:ident, $rest:literal, $meaning:literal, $url:literal) => {
        #[doc = concat!($meaning, ", PyTorch's [`nn.", stringify!($name), "`](", $url, ").")]
        ///
        /// # Shapes
        /// `[batch, channels, height, width]` to `[batch, channels, out_height, out_width]`.
        #[derive(Clone, Debug)]
        pub struct $name(layers::$name);

        impl $name {
            /// Of windows side by side, until told otherwise.
            pub fn new(kernel_size: impl Into<Pair>) -> Self {
                Self(layers::$name { kernel_size: kernel_size.into(), ..layers::$name::default() })
            }

            /// Cells between neighbouring windows: PyTorch's argument `stride`.
            #[must_use]
            pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
                self.0.stride = Some(stride.into());
                self
            }

            /// Cells put around the input, at most half the window: PyTorch's argument `padding`.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
                self.0.padding = padding.into();
                self
            }
        }

        impl From<layers::$name> for $name {
            fn from(arguments: layers::$name) -> Self {
                Self(arguments)
            }
        }

        impl Module for $name {
            fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
                let stride = self.0.effective_stride();
                functional::$function(input, self.0.kernel_size, stride, self.0.padding)
            }

            fn describe(&self) -> String {
                let stride = self.0.effective_stride();
                let (kernel_size, padding) = (self.0.kernel_size, self.0.padding);
                format!(
                    concat!(stringify!($name), "(kernel_size={}, stride={}, padding={}", $rest, ")"),
                    kernel_size, stride, padding
                )
            }
        }
    };
}

pooling!(
    MaxPool2d,
    max_pool2d,
    ", dilation=1, ceil_mode=False",
    "The largest value of each window",
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"
);
pooling!(
    AvgPool2d,
    avg_pool2d,
    "",
    "The mean of each window, padding zeros counted",
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html"
);

/// The mean of windows placed so that the output has a given size, PyTorch's
/// [`nn.AdaptiveAvgPool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html).
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveAvgPool2d {
    /// The size of each map that comes out; 1 is a global average.
    pub output_size: Pair,
}

impl AdaptiveAvgPool2d {
    /// To maps of this size.
    pub fn new(output_size: impl Into<Pair>) -> Self {
        Self { output_size: output_size.into() }
    }
}

impl Module for AdaptiveAvgPool2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        functional::adaptive_avg_pool2d(input, self.output_size)
    }

    fn describe(&self) -> String {
        format!("AdaptiveAvgPool2d(output_size={})", self.output_size)
    }
}
