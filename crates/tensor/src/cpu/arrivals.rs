//! The gradients that arrive at a convolution's output, as a list: through ReLU and pooling only few positions get any.

use super::kernels::Read;
use super::reduction::sum;
use crate::ops::NO_CHOICE;

/// Which positions of a convolution's output gradients reach, where no pooling chooses them.
#[derive(Clone, Copy)]
pub(super) enum Gate<'a> {
    /// Every one.
    Open,
    /// Those where the block's output is positive.
    Positive(&'a [f32]),
}

impl<'a> Gate<'a> {
    pub(super) fn new(gate: Option<Read<'a>>) -> Self {
        gate.map_or(Self::Open, |output| Self::Positive(output.data))
    }

    pub(super) fn part(self, start: usize, len: usize) -> Self {
        match self {
            Self::Open => Self::Open,
            Self::Positive(output) => Self::Positive(&output[start..start + len]),
        }
    }
}

/// A gradient, where the output that it arrives at is positive.
#[inline(always)]
pub(super) fn passed(grad: f32, output: f32) -> f32 {
    if output > 0.0 { grad } else { 0.0 }
}

/// The gradients of one channel of one image that are not zero, and where they arrive.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    offsets: Vec<u32>,
    values: Vec<f32>,
    n: usize,
}

impl Arrivals {
    /// Lists a channel's gradients that pooling's choice lets through; `positions[idx]` stands for output position `idx`.
    /// Returns their sum.
    #[inline(always)]
    pub(super) fn list(&mut self, choice: &[u32], grads: &[f32], positions: &[u32]) -> f32 {
        if self.values.len() < grads.len() {
            self.values.resize(grads.len(), 0.0);
            self.offsets.resize(grads.len(), 0);
        }
        let (offsets, values) = (&mut self.offsets[..grads.len()], &mut self.values[..grads.len()]);
        let mut n = 0;
        let last = positions.len().saturating_sub(1);
        // Written whether it counts or not, and read from some position: that is faster than to decide.
        for (&grad, &choice) in grads.iter().zip(choice) {
            values[n] = grad;
            offsets[n] = positions[(choice as usize).min(last)];
            n += usize::from(choice != NO_CHOICE);
        }
        self.n = n;
        let values = &self.values[..n];
        sum(n, |idx| values[idx])
    }

    /// Where, and how much.
    pub(super) fn parts(&self) -> (&[u32], &[f32]) {
        (&self.offsets[..self.n], &self.values[..self.n])
    }
}
