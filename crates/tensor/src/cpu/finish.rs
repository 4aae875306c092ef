//! What is done to a convolution's map before it leaves the cache: ReLU and pooling.

use pulp::Simd;

use super::pool2d::{self, exceeds};
use super::side_by_side::{self, LANES, numbers};
use crate::ops::NO_CHOICE;
use crate::window::Window;

/// What follows a convolution, and where pooling's choice is written, laid out as the output.
#[derive(Default)]
pub(super) struct Finish<'a> {
    pub(super) relu: bool,
    pub(super) pool: Option<Window>,
    pub(super) choice: Option<&'a mut [u32]>,
}

/// A window's largest number and which cell of the map that is, of a few channels side by side.
#[derive(Clone, Copy)]
pub(super) struct Finished<S: Simd> {
    largest: S::f32s,
    chosen: S::u32s,
}

impl Finish<'_> {
    /// Finishes a window of 2×2 of a few channels, which lie side by side in registers: `cell` is its first cell in a map of
    /// this width.
    #[inline(always)]
    pub(super) fn window<S: Simd>(
        &self,
        simd: S,
        cells: [S::f32s; 4],
        [cell, width]: [usize; 2],
    ) -> Finished<S> {
        choose(simd, cells, self.relu, cell, width)
    }

    /// Writes windows that are neighbours in the output. The first one's first channel is number `start` there, the others'
    /// follow `map_len` apart.
    #[inline(always)]
    pub(super) fn write<S: Simd>(
        &mut self,
        windows: &[Finished<S>],
        out: &mut [f32],
        [start, map_len, n_channels]: [usize; 3],
    ) {
        if let Some(windows) = windows.as_array::<LANES>() {
            let largest = windows.each_ref().map(|window| &numbers(&window.largest)[..n_channels]);
            side_by_side::read(largest, &mut out[start..], map_len);
            if let Some(choice) = &mut self.choice {
                let chosen = windows.each_ref().map(|window| &numbers(&window.chosen)[..n_channels]);
                side_by_side::read(chosen, bytemuck::cast_slice_mut(&mut choice[start..]), map_len);
            }
            return;
        }
        for (idx, window) in windows.iter().enumerate() {
            for (lane, &value) in numbers(&window.largest)[..n_channels].iter().enumerate() {
                out[start + idx + lane * map_len] = value;
            }
            if let Some(choice) = &mut self.choice {
                let chosen: &[u32] = bytemuck::cast_slice(std::slice::from_ref(&window.chosen));
                for (lane, &value) in chosen[..n_channels].iter().enumerate() {
                    choice[start + idx + lane * map_len] = value;
                }
            }
        }
    }

    /// Finishes a map whose rows lie `row_len` apart, and to which `bias` is still to be added; `start` is the position of the result's first number in the output.
    #[inline(always)]
    pub(super) fn map(
        &mut self,
        rows: &[f32],
        row_len: usize,
        size: [usize; 2],
        bias: f32,
        out: &mut [f32],
        start: usize,
    ) {
        let relu = self.relu;
        let Some(window) = &self.pool else {
            // Rows without gaps are one.
            let (row_len, size) =
                if row_len == size[1] { (out.len(), [1, out.len()]) } else { (row_len, size) };
            for (row, out) in rows.chunks(row_len).zip(out.chunks_exact_mut(size[1])) {
                if relu {
                    for (out, &x) in out.iter_mut().zip(row) {
                        *out = rectified(x + bias);
                    }
                } else {
                    for (out, &x) in out.iter_mut().zip(row) {
                        *out = x + bias;
                    }
                }
            }
            return;
        };
        let Some([_, out_width]) = window.output(size) else { return };
        let mut choice = self.choice.as_mut().map(|choice| &mut choice[start..start + out.len()]);
        if pool2d::is_halving(window) {
            for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
                let pair = &rows[2 * y * row_len..];
                let (upper, lower) = (&pair[..2 * out_width], &pair[row_len..][..2 * out_width]);
                match &mut choice {
                    Some(choice) => {
                        let first = (2 * y * size[1]) as u32;
                        let choice = &mut choice[y * out_width..][..out_width];
                        halve_and_choose(upper, lower, relu, bias, [first, size[1] as u32], out, choice);
                    }
                    None => halve(upper, lower, relu, bias, out),
                }
            }
        } else {
            let out_size = [out.len() / out_width, out_width];
            pool2d::windows(window, size, out_size, |position, y, x| {
                let best = pool2d::first_maximum(rows, row_len, y, x);
                let largest = rows[best] + bias;
                out[position] = if relu { rectified(largest) } else { largest };
                if let Some(choice) = &mut choice {
                    let chosen = best / row_len * size[1] + best % row_len;
                    choice[position] = if !relu || largest > 0.0 { chosen as u32 } else { NO_CHOICE };
                }
            });
        }
    }
}

/// A NaN stays one, so that divergence is seen.
#[inline(always)]
const fn rectified(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

#[inline(always)]
fn halve(upper: &[f32], lower: &[f32], relu: bool, bias: f32, out: &mut [f32]) {
    let cells = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
    for (out, (&[a, b], &[c, d])) in out.iter_mut().zip(cells) {
        let largest = pool2d::larger(pool2d::larger(a, b), pool2d::larger(c, d)) + bias;
        *out = if relu { rectified(largest) } else { largest };
    }
}

#[inline(always)]
fn halve_and_choose(
    upper: &[f32],
    lower: &[f32],
    relu: bool,
    bias: f32,
    [first, width]: [u32; 2],
    out: &mut [f32],
    choice: &mut [u32],
) {
    let cells = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
    for ((x, (out, choice)), (&[a, b], &[c, d])) in (0u32..).zip(out.iter_mut().zip(choice)).zip(cells) {
        let (above, below) = (pool2d::larger(a, b), pool2d::larger(c, d));
        let is_below = exceeds(above, below);
        let largest = bias + if is_below { below } else { above };
        let right = if is_below { exceeds(c, d) } else { exceeds(a, b) };
        let chosen = first + 2 * x + u32::from(right) + if is_below { width } else { 0 };
        *out = if relu { rectified(largest) } else { largest };
        *choice = if !relu || largest > 0.0 { chosen } else { NO_CHOICE };
    }
}

/// The largest of a window's four, and where it is, as [`halve_and_choose`] does it; `cell` is the window's first cell in a map of
/// this width.
#[inline(always)]
fn choose<S: Simd>(
    simd: S,
    [a, b, c, d]: [S::f32s; 4],
    relu: bool,
    cell: usize,
    width: usize,
) -> Finished<S> {
    // Later cells win where they are larger, or not a number.
    let exceeds = |a: S::f32s, b: S::f32s| {
        simd.or_m32s(simd.less_than_f32s(a, b), simd.not_m32s(simd.equal_f32s(b, b)))
    };
    let number = |number: usize| simd.splat_u32s(number as u32);
    let (right_above, right_below) = (exceeds(a, b), exceeds(c, d));
    let (above, below) = (simd.select_f32s(right_above, b, a), simd.select_f32s(right_below, d, c));
    let is_below = exceeds(above, below);
    let largest = simd.select_f32s(is_below, below, above);
    let chosen = simd.select_u32s(
        is_below,
        simd.select_u32s(right_below, number(cell + width + 1), number(cell + width)),
        simd.select_u32s(right_above, number(cell + 1), number(cell)),
    );
    if !relu {
        return Finished { largest, chosen };
    }
    let zero = simd.splat_f32s(0.0);
    let chosen = simd.select_u32s(simd.less_than_f32s(zero, largest), chosen, number(NO_CHOICE as usize));
    let largest = simd.select_f32s(simd.less_than_f32s(largest, zero), zero, largest);
    Finished { largest, chosen }
}
