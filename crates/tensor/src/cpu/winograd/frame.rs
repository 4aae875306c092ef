//! Images with the channels of a cell side by side, in a frame of zeros wide enough for whole tiles.

use super::{GIVEN, SEEN};
use crate::cpu::arrivals::{Gate, passed};
use crate::cpu::reduction::sum;
use crate::cpu::side_by_side;

/// How one image lies.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Channels of a cell, filled up to whole registers.
    pub(super) channels: usize,
    padding: [usize; 2],
    framed: [usize; 2],
}

impl Frame {
    pub(super) fn lay_out(
        &mut self,
        size: [usize; 2],
        padding: [usize; 2],
        tiles: [usize; 2],
        channels: usize,
    ) {
        (self.padding, self.channels) = (padding, channels);
        // An image that ends before the last tile, or goes beyond it where nothing is asked for.
        self.framed = [0, 1].map(|axis| (tiles[axis] * GIVEN + SEEN - GIVEN).max(size[axis] + padding[axis]));
    }

    pub(super) const fn len(&self) -> usize {
        self.framed[0] * self.framed[1] * self.channels
    }

    /// Where a cell of the frame lies.
    #[inline(always)]
    pub(super) const fn at(&self, y: usize, x: usize) -> usize {
        (y * self.framed[1] + x) * self.channels
    }
}

/// Maps, or gradients of which only some arrive.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Source<'a> {
    pub(in crate::cpu) numbers: &'a [f32],
    /// The sizes of a map of them.
    pub(in crate::cpu) size: [usize; 2],
    pub(in crate::cpu) gate: Gate<'a>,
}

impl Source<'_> {
    pub(super) fn n_images(&self, channels: usize) -> usize {
        self.numbers.len() / (channels * self.size[0] * self.size[1])
    }

    /// Writes an image to its place; `image` holds zeros or an image of the same frame.
    #[inline(always)]
    pub(super) fn fill(&self, frame: &Frame, channels: usize, idx: usize, image: &mut [f32]) {
        let [height, width] = self.size;
        let row_of = |channel: usize, y: usize| {
            let start = ((idx * channels + channel) * height + y) * width;
            start..start + width
        };
        // Row by row, so that what is written stays in the first-level cache for all channels.
        for y in 0..height {
            let row = &mut image[frame.at(y + frame.padding[0], frame.padding[1])..];
            let whole = channels / side_by_side::LANES * side_by_side::LANES;
            for channel in (0..whole).step_by(side_by_side::LANES) {
                let range = |lane: usize| row_of(channel + lane, y);
                let numbers = std::array::from_fn(|lane| &self.numbers[range(lane)]);
                let cells = &mut row[channel..];
                if let Gate::Positive(output) = self.gate {
                    let gates = std::array::from_fn(|lane| &output[range(lane)]);
                    side_by_side::write(numbers, gates, passed, cells, frame.channels);
                } else {
                    side_by_side::write(numbers, numbers, |number, _| number, cells, frame.channels);
                }
            }
            for channel in whole..channels {
                let range = row_of(channel, y);
                for (x, &number) in self.numbers[range.clone()].iter().enumerate() {
                    row[x * frame.channels + channel] = match self.gate {
                        Gate::Positive(output) => passed(number, output[range.start + x]),
                        _ => number,
                    };
                }
            }
        }
    }

    /// The sum of each channel's numbers that arrive.
    pub(super) fn sums(&self, sums: &mut [f32]) {
        sums.fill(0.0);
        let map_len = self.size[0] * self.size[1];
        let n_channels = sums.len();
        for (idx, map) in self.numbers.chunks_exact(map_len).enumerate() {
            let start = idx * map_len;
            sums[idx % n_channels] += match self.gate {
                Gate::Open => sum(map_len, |cell| map[cell]),
                Gate::Positive(output) => {
                    let output = &output[start..start + map_len];
                    sum(map_len, |cell| passed(map[cell], output[cell]))
                }
            };
        }
    }
}
