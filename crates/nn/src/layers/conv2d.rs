use serde::{Deserialize, Serialize};

use super::Pair;
use crate::geometry::{GeometryError, MOST_SIZE, Repair, check_size, window_output};

/// The arguments of PyTorch's [`nn.Conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html);
/// `in_channels` follows from the layer before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// The number of filters, and of channels that come out.
    pub out_channels: usize,
    /// The kernel's size.
    pub kernel_size: Pair,
    /// Cells between neighbouring windows.
    #[serde(default = "one")]
    pub stride: Pair,
    /// Zeros put around the input.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Cells between neighbouring taps of the kernel.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Groups of channels that do not see each other; equal to the input's channels, a depthwise convolution.
    #[serde(default = "one_group")]
    pub groups: usize,
    /// Whether a learned constant is added to each channel.
    #[serde(default = "yes")]
    pub bias: bool,
}

fn one() -> Pair {
    1.into()
}

fn zero() -> Pair {
    0.into()
}

const fn one_group() -> usize {
    1
}

const fn yes() -> bool {
    true
}

impl Default for Conv2d {
    fn default() -> Self {
        Self {
            out_channels: 1,
            kernel_size: 3.into(),
            stride: one(),
            padding: zero(),
            dilation: one(),
            groups: 1,
            bias: true,
        }
    }
}

impl Conv2d {
    /// `[out_channels, out_height, out_width]` for an input of `[channels, height, width]`.
    ///
    /// # Errors
    /// [`GeometryError`] where the kernel does not fit into the padded input, the groups do not divide the channels,
    /// or an argument is zero.
    pub fn output(&self, input: [usize; 3]) -> Result<[usize; 3], GeometryError> {
        let [channels, height, width] = input;
        for (name, value) in [("out_channels", self.out_channels), ("groups", self.groups)] {
            check_size(name, value, MOST_SIZE)?;
        }
        if !channels.is_multiple_of(self.groups) || !self.out_channels.is_multiple_of(self.groups) {
            return Err(GeometryError::Groups {
                groups: self.groups,
                in_channels: channels,
                out_channels: self.out_channels,
            });
        }
        let (kernel, stride) = (self.kernel_size.array(), self.stride.array());
        let (padding, dilation) = (self.padding.array(), self.dilation.array());
        // Enough for a kernel that is larger than the input, and what keeps the size where the kernel is odd.
        let half = |axis: usize| kernel[axis].saturating_mul(dilation[axis]) / 2;
        let repair = Repair::Padding { padding: [half(0), half(1)] };
        let out = window_output([height, width], kernel, stride, padding, dilation, repair)?;
        Ok([self.out_channels, out[0], out[1]])
    }

    /// `[out_channels, in_channels / groups, kernel_height, kernel_width]`.
    pub fn weight_shape(&self, in_channels: usize) -> [usize; 4] {
        [self.out_channels, in_channels / self.groups, self.kernel_size.height, self.kernel_size.width]
    }

    /// The number of inputs that one output sums over.
    pub fn fan_in(&self, in_channels: usize) -> usize {
        let [_, channels, height, width] = self.weight_shape(in_channels);
        channels.saturating_mul(height).saturating_mul(width)
    }
}
