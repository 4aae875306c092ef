//! Images with the channels of a cell side by side, and zeros all around in place of padding: what a row of a kernel sees
//! at a position is then one run of numbers.

use super::side_by_side::{self, LANES};
use crate::window::Window;

/// How one image's channels lie: cell `(y, x)` of channel `c` of the padded image at `(y · width + x) · channels + c`.
#[derive(Debug, Default)]
pub(super) struct ChannelsLast {
    /// Where each output position's first tap lies.
    pub(super) positions: Vec<u32>,
    /// Where each run starts, from its position's first tap; the runs together are what the kernel sees.
    pub(super) runs: Vec<usize>,
    /// Numbers of a run.
    pub(super) run_len: usize,
    channels: usize,
    size: [usize; 2],
    padding: [usize; 2],
    padded: [usize; 2],
}

impl ChannelsLast {
    /// Lays out `channels` channels of `size` for an output of `out`.
    pub(super) fn lay_out(&mut self, window: &Window, channels: usize, size: [usize; 2], out: [usize; 2]) {
        let Window { kernel, stride, padding, dilation } = *window;
        (self.channels, self.size, self.padding) = (channels, size, padding);
        self.padded = [0, 1].map(|axis| size[axis] + 2 * padding[axis]);
        let at = |y: usize, x: usize| (y * self.padded[1] + x) * channels;
        self.positions.clear();
        for y in 0..out[0] {
            self.positions.extend((0..out[1]).map(|x| at(y * stride[0], x * stride[1]) as u32));
        }
        // Neighbouring taps of a row are neighbours in memory, unless there are gaps between them.
        let (run_taps, n_runs) = if dilation[1] == 1 { (kernel[1], 1) } else { (1, kernel[1]) };
        self.run_len = run_taps * channels;
        self.runs.clear();
        for i in 0..kernel[0] {
            self.runs.extend((0..n_runs).map(|j| at(i * dilation[0], j * dilation[1])));
        }
    }

    /// The length of an image's memory, with `slack` numbers after its end.
    pub(super) const fn len(&self, slack: usize) -> usize {
        self.padded[0] * self.padded[1] * self.channels + slack
    }

    /// Writes an image's channels to their places; `memory` holds zeros or an image laid out alike.
    #[inline(always)]
    pub(super) fn fill(&self, maps: &[f32], memory: &mut [f32]) {
        let [height, width] = self.size;
        let whole = self.channels / LANES * LANES;
        for y in 0..height {
            let row = |channel: usize| &maps[(channel * height + y) * width..][..width];
            let cells = &mut memory[self.row(y)..];
            for first in (0..whole).step_by(LANES) {
                let rows = std::array::from_fn(|lane| row(first + lane));
                side_by_side::write(rows, rows, |value, _| value, &mut cells[first..], self.channels);
            }
            for channel in whole..self.channels {
                let cells = cells[channel..].iter_mut().step_by(self.channels);
                for (cell, value) in cells.zip(row(channel)) {
                    *cell = *value;
                }
            }
        }
    }

    /// The opposite of [`ChannelsLast::fill`].
    #[inline(always)]
    pub(super) fn read(&self, memory: &[f32], maps: &mut [f32]) {
        let [height, width] = self.size;
        let map_len = height * width;
        for y in 0..height {
            let cell = |x: usize| &memory[self.row(y) + x * self.channels..][..self.channels];
            for x in (0..width).step_by(LANES) {
                if width < LANES {
                    for x in x..width {
                        let values = maps[y * width + x..].iter_mut().step_by(map_len);
                        for (value, cell) in values.zip(cell(x)) {
                            *value = *cell;
                        }
                    }
                    continue;
                }
                // The last ones may be read twice.
                let x = x.min(width - LANES);
                let cells = std::array::from_fn(|idx| cell(x + idx));
                side_by_side::read(cells, &mut maps[y * width + x..], map_len);
            }
        }
    }

    const fn row(&self, y: usize) -> usize {
        ((y + self.padding[0]) * self.padded[1] + self.padding[1]) * self.channels
    }

    /// The numbers of a filter in the runs' order, each run filled up to `padded_len` numbers: calls `visit(position among
    /// them, position in the filter)`. A filter is `[channels, kernel_height, kernel_width]`.
    #[inline(always)]
    pub(super) fn filter_cells(
        &self,
        window: &Window,
        padded_len: usize,
        mut visit: impl FnMut(usize, usize),
    ) {
        let [kernel_height, kernel_width] = window.kernel;
        let run_taps = self.run_len / self.channels;
        for i in 0..kernel_height {
            for j in 0..kernel_width {
                let tap = i * kernel_width + j;
                let start = tap / run_taps * padded_len + tap % run_taps * self.channels;
                for channel in 0..self.channels {
                    visit(start + channel, channel * kernel_height * kernel_width + tap);
                }
            }
        }
    }
}
