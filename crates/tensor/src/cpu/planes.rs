//! Maps with zeros around them.

use super::arrivals::{Gate, passed};
use crate::window::Window;

/// How the maps of one image lie: cell `(y, x)` of channel `c` at `c · plane_len + (y + before) · width + x + before`.
#[derive(Debug, Default)]
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) plane_len: usize,
    channels: usize,
    size: [usize; 2],
    before: [usize; 2],
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
        *self = Self { width, plane_len: height * width, channels, size, before };
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
        let [height, width] = self.size;
        let planes = image.chunks_exact_mut(self.plane_len);
        for (map, plane) in maps.chunks_exact(height * width).zip(planes) {
            let rows = plane[self.first()..].chunks_mut(self.width);
            for (row, cells) in map.chunks_exact(width).zip(rows) {
                cells[..width].copy_from_slice(row);
            }
        }
    }

    /// Writes to their places the gradients of an image that pass a gate; `grads` are numbers `start..` of all of them.
    #[inline(always)]
    pub(super) fn fill_gated(&self, gate: Gate<'_>, start: usize, grads: &[f32], image: &mut [f32]) {
        let [_, width] = self.size;
        let len = grads.len() / self.channels;
        let planes = image.chunks_exact_mut(self.plane_len);
        for (channel, (grads, plane)) in grads.chunks_exact(len).zip(planes).enumerate() {
            let start = start + channel * len;
            match gate {
                Gate::Open => {
                    let rows = plane[self.first()..].chunks_mut(self.width);
                    for (row, cells) in grads.chunks_exact(width).zip(rows) {
                        cells[..width].copy_from_slice(row);
                    }
                }
                Gate::Positive(output) => {
                    let rows = plane[self.first()..].chunks_mut(self.width);
                    let outputs = output[start..start + len].chunks_exact(width);
                    for ((grads, output), cells) in grads.chunks_exact(width).zip(outputs).zip(rows) {
                        for ((cell, &grad), &y) in cells.iter_mut().zip(grads).zip(output) {
                            *cell = passed(grad, y);
                        }
                    }
                }
            }
        }
    }

    const fn first(&self) -> usize {
        self.before[0] * self.width + self.before[1]
    }
}
