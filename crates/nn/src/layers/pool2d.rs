use serde::{Deserialize, Serialize};

use super::Pair;
use crate::geometry::{GeometryError, Repair, window_output};

/// The arguments of PyTorch's [`nn.MaxPool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    /// The window's size.
    pub kernel_size: Pair,
    /// Cells between neighbouring windows; the window's own size where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Cells of −∞ put around the input; at most half the window.
    #[serde(default = "zero")]
    pub padding: Pair,
}

/// The arguments of PyTorch's [`nn.AvgPool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html);
/// padding zeros count towards the mean (`count_include_pad=True`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool2d {
    /// The window's size.
    pub kernel_size: Pair,
    /// Cells between neighbouring windows; the window's own size where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Zeros put around the input; at most half the window.
    #[serde(default = "zero")]
    pub padding: Pair,
}

fn zero() -> Pair {
    0.into()
}

impl Default for MaxPool2d {
    fn default() -> Self {
        Self { kernel_size: 2.into(), stride: None, padding: zero() }
    }
}

impl Default for AvgPool2d {
    fn default() -> Self {
        Self { kernel_size: 2.into(), stride: None, padding: zero() }
    }
}

impl MaxPool2d {
    /// The stride given, or the window's size.
    pub fn effective_stride(&self) -> Pair {
        self.stride.unwrap_or(self.kernel_size)
    }

    /// `[channels, out_height, out_width]` for an input of `[channels, height, width]`.
    ///
    /// # Errors
    /// [`GeometryError`] where the window does not fit, or the padding exceeds half of it.
    pub fn output(&self, input: [usize; 3]) -> Result<[usize; 3], GeometryError> {
        output(input, self.kernel_size, self.effective_stride(), self.padding)
    }
}

impl AvgPool2d {
    /// The stride given, or the window's size.
    pub fn effective_stride(&self) -> Pair {
        self.stride.unwrap_or(self.kernel_size)
    }

    /// `[channels, out_height, out_width]` for an input of `[channels, height, width]`.
    ///
    /// # Errors
    /// [`GeometryError`] where the window does not fit, or the padding exceeds half of it.
    pub fn output(&self, input: [usize; 3]) -> Result<[usize; 3], GeometryError> {
        output(input, self.kernel_size, self.effective_stride(), self.padding)
    }
}

fn output(input: [usize; 3], kernel: Pair, stride: Pair, padding: Pair) -> Result<[usize; 3], GeometryError> {
    let [channels, height, width] = input;
    if padding.height > kernel.height / 2 || padding.width > kernel.width / 2 {
        return Err(GeometryError::PoolPadding { padding, kernel_size: kernel });
    }
    let fitting = [kernel.height.min(height), kernel.width.min(width)];
    let repair = Repair::KernelSize { kernel_size: fitting };
    let out =
        window_output([height, width], kernel.array(), stride.array(), padding.array(), [1, 1], repair)?;
    Ok([channels, out[0], out[1]])
}
