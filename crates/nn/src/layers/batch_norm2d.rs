use serde::{Deserialize, Serialize};

use crate::geometry::{GeometryError, check_number};

/// The arguments of PyTorch's
/// [`nn.BatchNorm2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html); `num_features` follows
/// from the layer before.
///
/// In training each channel is normalised by the batch's own mean and variance, and the running ones follow them; an
/// evaluation takes the running ones. A convolution before it needs no bias: the mean takes it away again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm2d {
    /// Keeps the division by the standard deviation finite.
    #[serde(default = "hundred_thousandth")]
    pub eps: f32,
    /// How much of the batch's statistics goes into the running ones at each step.
    #[serde(default = "tenth")]
    pub momentum: f32,
    /// Whether each channel has a learned weight and bias.
    #[serde(default = "yes")]
    pub affine: bool,
    /// Whether there are running statistics; without them an evaluation too is normalised by its batch.
    #[serde(default = "yes")]
    pub track_running_stats: bool,
}

const fn hundred_thousandth() -> f32 {
    1e-5
}

const fn tenth() -> f32 {
    0.1
}

const fn yes() -> bool {
    true
}

impl Default for BatchNorm2d {
    fn default() -> Self {
        Self { eps: hundred_thousandth(), momentum: tenth(), affine: true, track_running_stats: true }
    }
}

impl BatchNorm2d {
    /// Checks the arguments for maps of `[channels, height, width]`.
    ///
    /// # Errors
    /// [`GeometryError`] where a number is out of range, or a single picture would have to be normalised by itself and
    /// has one value per channel.
    pub(crate) fn check(&self, [_, height, width]: [usize; 3]) -> Result<(), GeometryError> {
        check_number("eps", self.eps, 0.0, f32::MAX)?;
        check_number("momentum", self.momentum, 0.0, 1.0)?;
        if !self.track_running_stats && height * width == 1 {
            return Err(GeometryError::OwnStatistics);
        }
        Ok(())
    }

    /// What is learned, by PyTorch's names.
    pub(crate) fn parameters(&self, channels: usize) -> Vec<(&'static str, Vec<usize>)> {
        if self.affine { vec![("weight", vec![channels]), ("bias", vec![channels])] } else { Vec::new() }
    }

    /// What is kept but not learned, by PyTorch's names.
    pub(crate) fn buffers(&self, channels: usize) -> Vec<(&'static str, Vec<usize>)> {
        if self.track_running_stats {
            vec![
                ("running_mean", vec![channels]),
                ("running_var", vec![channels]),
                ("num_batches_tracked", Vec::new()),
            ]
        } else {
            Vec::new()
        }
    }
}
