//! Images laid out so that what a convolution's tap sees at neighbouring positions lies side by side: zeros all around
//! in place of padding, and for strides above 1 the rows and columns dealt out into planes of their own.

use crate::window::Window;

/// How one image's channels lie in padded planes.
///
/// With stride `s`, cell `(y, x)` of the padded image lies in the plane of phase `(y mod s, x mod s)` at `(y / s, x / s)`.
/// So tap `(i, j)` of output position `(y, x)` lies at `offsets[tap] + y·row_len + x`: neighbouring positions are
/// neighbours in memory, whatever the stride and the dilation. Positions are numbered with that same row length, so that
/// there are a few between the rows that mean nothing.
#[derive(Debug, Default)]
pub(super) struct Padded {
    /// Where each channel's taps start, `[channels · taps]`.
    pub(super) offsets: Vec<usize>,
    /// How far apart output rows are.
    pub(super) row_len: usize,
    /// Output positions, those between the rows counted.
    pub(super) n_positions: usize,
    plane_len: usize,
    rows_len: usize,
    channels: usize,
    size: [usize; 2],
    window: Option<Window>,
}

/// Numbers after the last plane, which tiles may read beyond the last position.
const SLACK: usize = 32;

impl Padded {
    /// Lays out `channels` channels of `size` for an output of `out`.
    pub(super) fn lay_out(&mut self, window: &Window, channels: usize, size: [usize; 2], out: [usize; 2]) {
        let Window { kernel, stride, padding, dilation } = *window;
        let along = |axis: usize| (size[axis] + 2 * padding[axis]).div_ceil(stride[axis]);
        (self.rows_len, self.row_len) = (along(0), along(1));
        self.plane_len = self.rows_len * self.row_len;
        self.n_positions = (out[0] - 1) * self.row_len + out[1];
        (self.channels, self.size, self.window) = (channels, size, Some(*window));
        let n_phases = stride[0] * stride[1];
        self.offsets.clear();
        for channel in 0..channels {
            for i in 0..kernel[0] {
                for j in 0..kernel[1] {
                    let [y, x] = [i * dilation[0], j * dilation[1]];
                    let phase = y % stride[0] * stride[1] + x % stride[1];
                    let plane = (channel * n_phases + phase) * self.plane_len;
                    self.offsets.push(plane + y / stride[0] * self.row_len + x / stride[1]);
                }
            }
        }
    }

    /// The length of the memory that [`Padded::fill`] needs.
    pub(super) fn len(&self) -> usize {
        let stride = self.window.map_or([1; 2], |window| window.stride);
        self.channels * stride[0] * stride[1] * self.plane_len + SLACK
    }

    /// Writes an image's channels to their places; `memory` holds zeros or an image laid out alike.
    #[inline(always)]
    pub(super) fn fill(&self, maps: &[f32], memory: &mut [f32]) {
        let Some(Window { stride, padding, .. }) = self.window else { return };
        let n_phases = stride[0] * stride[1];
        for (channel, map) in maps.chunks_exact(self.size[0] * self.size[1]).enumerate() {
            for (y, row) in map.chunks_exact(self.size[1]).enumerate() {
                let y = y + padding[0];
                let phase_row = channel * n_phases + y % stride[0] * stride[1];
                let start = phase_row * self.plane_len + y / stride[0] * self.row_len;
                if stride[1] == 1 {
                    memory[start + padding[1]..][..row.len()].copy_from_slice(row);
                    continue;
                }
                for phase in 0..stride[1] {
                    // The first column of this phase; the others follow at the stride.
                    let x = (phase + stride[1] - padding[1] % stride[1]) % stride[1];
                    let cells = &mut memory[start + phase * self.plane_len + (x + padding[1]) / stride[1]..];
                    for (cell, value) in cells.iter_mut().zip(row.iter().skip(x).step_by(stride[1])) {
                        *cell = *value;
                    }
                }
            }
        }
    }
}
