//! Maps with zeros around them.

use super::arrivals::{Gate, passed};
use crate::window::Window;

/// Columns that are copied at once.
const COLUMNS: usize = 4;

/// How the maps of one image lie: cell `(y, x)` of channel `c` at `c · plane_len + (y + before) · width + x + before`.
#[derive(Debug, Default)]
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) plane_len: usize,
    channels: usize,
    size: [usize; 2],
    /// Where columns that are copied at once begin in a map, and in its plane.
    runs: Vec<[u32; 2]>,
}

impl Planes {
    /// Lays out `channels` maps of `size`, with so many zeros before each row and column, and so many cells altogether.
    pub(super) fn lay_out(
        &mut self,
        channels: usize,
        size: [usize; 2],
        before: [usize; 2],
        padded: [usize; 2],
    ) {
        let [height, width] = padded;
        (self.width, self.plane_len, self.channels, self.size) = (width, height * width, channels, size);
        let first = before[0] * width + before[1];
        let columns = if size[1] < COLUMNS { 1 } else { COLUMNS };
        self.runs.clear();
        for y in 0..size[0] {
            // The last columns may be copied twice.
            let firsts = (0..size[1]).step_by(columns).map(|x| x.min(size[1] - columns));
            self.runs.extend(firsts.map(|x| [y * size[1] + x, first + y * width + x].map(|at| at as u32)));
        }
    }

    /// Lays out what a convolution sees: maps with its padding.
    pub(super) fn lay_out_seen(&mut self, window: &Window, channels: usize, size: [usize; 2]) {
        let padding = window.padding;
        self.lay_out(channels, size, padding, [0, 1].map(|axis| size[axis] + 2 * padding[axis]));
    }

    /// The length of an image's memory.
    pub(super) const fn len(&self) -> usize {
        self.channels * self.plane_len
    }

    /// Writes an image's maps to their places; `image` holds zeros or an image laid out alike.
    #[inline(always)]
    pub(super) fn fill(&self, maps: &[f32], image: &mut [f32]) {
        self.copy([maps, maps], |value, _| value, image);
    }

    /// Writes to their places the gradients of an image that pass a gate; `grads` are numbers `start..` of all of them.
    #[inline(always)]
    pub(super) fn fill_gated(&self, gate: Gate<'_>, start: usize, grads: &[f32], image: &mut [f32]) {
        match gate {
            Gate::Open => self.fill(grads, image),
            Gate::Positive(output) => self.copy([grads, &output[start..start + grads.len()]], passed, image),
        }
    }

    /// Writes values of two images' maps to their places, a few columns at a time. Row by row a browser calls a function for
    /// the copy of each, which takes longer than a short copy.
    #[inline(always)]
    fn copy(&self, maps: [&[f32]; 2], value: impl Fn(f32, f32) -> f32, image: &mut [f32]) {
        if self.size[1] < COLUMNS {
            self.copy_runs::<1>(maps, value, image);
        } else {
            self.copy_runs::<COLUMNS>(maps, value, image);
        }
    }

    #[inline(always)]
    fn copy_runs<const N: usize>(
        &self,
        [a, b]: [&[f32]; 2],
        value: impl Fn(f32, f32) -> f32,
        image: &mut [f32],
    ) {
        let len = self.size[0] * self.size[1];
        let maps = a.chunks_exact(len).zip(b.chunks_exact(len));
        for ((a, b), plane) in maps.zip(image.chunks_exact_mut(self.plane_len)) {
            for &[from, to] in &self.runs {
                let (a, b) = (&a[from as usize..][..N], &b[from as usize..][..N]);
                let values: [f32; N] = std::array::from_fn(|idx| value(a[idx], b[idx]));
                plane[to as usize..][..N].copy_from_slice(&values);
            }
        }
    }
}
