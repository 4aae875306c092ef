//! The gradients that arrive at a convolution's output, as a list: through ReLU and pooling only few positions get any.

use super::kernels::Read;
use crate::ops::NO_CHOICE;

/// Which positions of a convolution's output a block's gradient reaches.
#[derive(Clone, Copy)]
pub(super) enum Gate<'a> {
    /// Every one.
    Open,
    /// Those where the block's output is positive.
    Positive(&'a [f32]),
    /// Those that pooling chose.
    Choice(&'a [u32]),
}

impl<'a> Gate<'a> {
    pub(super) fn new(pools: bool, gate: Option<Read<'a>>) -> Self {
        match gate {
            None => Self::Open,
            Some(gate) if pools => Self::Choice(bytemuck::cast_slice(gate.data)),
            Some(gate) => Self::Positive(gate.data),
        }
    }

    fn part(self, start: usize, len: usize) -> Self {
        match self {
            Self::Open => Self::Open,
            Self::Positive(output) => Self::Positive(&output[start..start + len]),
            Self::Choice(choice) => Self::Choice(&choice[start..start + len]),
        }
    }
}

/// The gradients of one channel of one image that are not zero, and where they arrive.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    offsets: Vec<u32>,
    values: Vec<f32>,
    n: usize,
}

impl Arrivals {
    /// Lists a channel's gradients: `grads` are numbers `start..` of all of them, and `positions[idx]` stands for output
    /// position `idx`. Returns their sum.
    #[inline(always)]
    pub(super) fn list(&mut self, gate: Gate<'_>, start: usize, grads: &[f32], positions: &[u32]) -> f32 {
        if self.values.len() < grads.len() {
            self.values.resize(grads.len(), 0.0);
            self.offsets.resize(grads.len(), 0);
        }
        let (offsets, values) = (&mut self.offsets[..grads.len()], &mut self.values[..grads.len()]);
        let mut n = 0;
        // Written whether it counts or not: that is faster than to decide.
        match gate.part(start, grads.len()) {
            Gate::Open => {
                values.copy_from_slice(grads);
                offsets.copy_from_slice(positions);
                n = grads.len();
            }
            Gate::Positive(output) => {
                for ((&grad, &y), &position) in grads.iter().zip(output).zip(positions) {
                    values[n] = grad;
                    offsets[n] = position;
                    n += usize::from(y > 0.0);
                }
            }
            Gate::Choice(choice) => {
                for (&grad, &choice) in grads.iter().zip(choice) {
                    values[n] = grad;
                    offsets[n] = positions.get(choice as usize).copied().unwrap_or(0);
                    n += usize::from(choice != NO_CHOICE);
                }
            }
        }
        self.n = n;
        self.values[..n].iter().sum()
    }

    /// Where, and how much.
    pub(super) fn parts(&self) -> (&[u32], &[f32]) {
        (&self.offsets[..self.n], &self.values[..self.n])
    }
}
