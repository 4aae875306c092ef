use serde::{Deserialize, Serialize};

use super::Pair;
use crate::geometry::{GeometryError, check_size};

/// The largest size of each map that comes out.
const MOST_OUTPUT: usize = 1024;

/// The argument of PyTorch's
/// [`nn.AdaptiveAvgPool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveAvgPool2d {
    /// The size of each map that comes out; 1 is a global average.
    pub output_size: Pair,
}

impl Default for AdaptiveAvgPool2d {
    fn default() -> Self {
        Self { output_size: 1.into() }
    }
}

impl AdaptiveAvgPool2d {
    /// `[channels, out_height, out_width]` for an input of `[channels, height, width]`.
    ///
    /// # Errors
    /// [`GeometryError`] where the output's size is zero or absurdly large.
    pub fn output(&self, input: [usize; 3]) -> Result<[usize; 3], GeometryError> {
        for size in self.output_size.array() {
            check_size("output_size", size, MOST_OUTPUT)?;
        }
        Ok([input[0], self.output_size.height, self.output_size.width])
    }
}
