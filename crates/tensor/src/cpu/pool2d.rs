//! Pooling: maximum, mean, and mean over windows that follow from the output's size.

use std::ops::Range;

use super::kernels::Read;
use crate::window::Window;

/// One map's sizes.
#[derive(Clone, Copy)]
struct Sizes {
    size: [usize; 2],
    out: [usize; 2],
}

fn sizes(input: &[usize], output: &[usize]) -> Sizes {
    let last = |shape: &[usize]| [shape[2], shape[3]];
    Sizes { size: last(input), out: last(output) }
}

/// The input cells along one axis that the window at `position` covers, padding left out.
fn covered(window: &Window, axis: usize, position: usize, size: usize) -> Range<usize> {
    let start = position * window.stride[axis];
    let end = (start + window.kernel[axis]).saturating_sub(window.padding[axis]).min(size);
    start.saturating_sub(window.padding[axis]).min(end)..end
}

/// Calls `visit(output position, rows, columns)` for every window of one map.
#[inline(always)]
fn windows(window: &Window, sizes: Sizes, mut visit: impl FnMut(usize, Range<usize>, Range<usize>)) {
    for y in 0..sizes.out[0] {
        let rows = covered(window, 0, y, sizes.size[0]);
        for x in 0..sizes.out[1] {
            visit(y * sizes.out[1] + x, rows.clone(), covered(window, 1, x, sizes.size[1]));
        }
    }
}

/// The position of the first of the largest numbers of a window; a NaN counts as the largest.
#[inline(always)]
fn first_maximum(map: &[f32], width: usize, rows: Range<usize>, columns: Range<usize>) -> usize {
    let mut best = rows.start * width + columns.start;
    for row in rows {
        for position in row * width + columns.start..row * width + columns.end {
            if map[position] > map[best] || (map[position].is_nan() && !map[best].is_nan()) {
                best = position;
            }
        }
    }
    best
}

const fn is_halving(window: &Window) -> bool {
    let Window { kernel, stride, padding, .. } = window;
    matches!((kernel, stride, padding), ([2, 2], [2, 2], [0, 0]))
}

pub(super) fn maximum(window: &Window, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(input.shape, shape);
    let maps = input.data.chunks_exact(sizes.size[0] * sizes.size[1]);
    for (map, out) in maps.zip(out.chunks_exact_mut(sizes.out[0] * sizes.out[1])) {
        if is_halving(window) {
            halve(map, sizes, |position, cells| {
                out[position] = map[first_of(map, cells)];
            });
        } else {
            windows(window, sizes, |position, rows, columns| {
                out[position] = map[first_maximum(map, sizes.size[1], rows, columns)];
            });
        }
    }
}

pub(super) fn maximum_grad(window: &Window, input: Read<'_>, grad_output: Read<'_>, out: &mut [f32]) {
    let sizes = sizes(input.shape, grad_output.shape);
    let map_len = sizes.size[0] * sizes.size[1];
    out.fill(0.0);
    let grads = grad_output.data.chunks_exact(sizes.out[0] * sizes.out[1]);
    for ((map, grad), out) in input.data.chunks_exact(map_len).zip(grads).zip(out.chunks_exact_mut(map_len)) {
        if is_halving(window) {
            halve(map, sizes, |position, cells| out[first_of(map, cells)] = grad[position]);
        } else {
            windows(window, sizes, |position, rows, columns| {
                out[first_maximum(map, sizes.size[1], rows, columns)] += grad[position];
            });
        }
    }
}

/// Windows of 2×2 that do not overlap, by far the most common: visits the four cells of each.
#[inline(always)]
fn halve(map: &[f32], sizes: Sizes, mut visit: impl FnMut(usize, [usize; 4])) {
    let ([_, width], [out_height, out_width]) = (sizes.size, sizes.out);
    debug_assert!(map.len() >= 2 * out_height * width, "the windows lie inside");
    for y in 0..out_height {
        for x in 0..out_width {
            let first = 2 * (y * width + x);
            visit(y * out_width + x, [first, first + 1, first + width, first + width + 1]);
        }
    }
}

#[inline(always)]
fn first_of(map: &[f32], cells: [usize; 4]) -> usize {
    let larger = |a: usize, b: usize| {
        let (x, y) = (map[a], map[b]);
        if y > x || (y.is_nan() && !x.is_nan()) { b } else { a }
    };
    larger(larger(cells[0], cells[1]), larger(cells[2], cells[3]))
}

pub(super) fn average(window: &Window, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(input.shape, shape);
    let share = 1.0 / window.n_taps() as f32;
    let maps = input.data.chunks_exact(sizes.size[0] * sizes.size[1]);
    for (map, out) in maps.zip(out.chunks_exact_mut(sizes.out[0] * sizes.out[1])) {
        windows(window, sizes, |position, rows, columns| {
            out[position] = sum(map, sizes.size[1], rows, columns) * share;
        });
    }
}

pub(super) fn average_grad(window: &Window, grad_output: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(shape, grad_output.shape);
    let share = 1.0 / window.n_taps() as f32;
    out.fill(0.0);
    let grads = grad_output.data.chunks_exact(sizes.out[0] * sizes.out[1]);
    for (grad, out) in grads.zip(out.chunks_exact_mut(sizes.size[0] * sizes.size[1])) {
        windows(window, sizes, |position, rows, columns| {
            add(out, sizes.size[1], rows, columns, grad[position] * share);
        });
    }
}

/// Rows and columns of each window of adaptive pooling.
#[inline(always)]
fn adaptive_windows(sizes: Sizes, mut visit: impl FnMut(usize, Range<usize>, Range<usize>)) {
    let along = |axis: usize, position: usize| {
        let (size, out) = (sizes.size[axis], sizes.out[axis]);
        position * size / out..((position + 1) * size).div_ceil(out)
    };
    for y in 0..sizes.out[0] {
        for x in 0..sizes.out[1] {
            visit(y * sizes.out[1] + x, along(0, y), along(1, x));
        }
    }
}

pub(super) fn adaptive_average(input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(input.shape, shape);
    let maps = input.data.chunks_exact(sizes.size[0] * sizes.size[1]);
    for (map, out) in maps.zip(out.chunks_exact_mut(sizes.out[0] * sizes.out[1])) {
        adaptive_windows(sizes, |position, rows, columns| {
            let n_cells = rows.len() * columns.len();
            out[position] = sum(map, sizes.size[1], rows, columns) / n_cells as f32;
        });
    }
}

pub(super) fn adaptive_average_grad(grad_output: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(shape, grad_output.shape);
    out.fill(0.0);
    let grads = grad_output.data.chunks_exact(sizes.out[0] * sizes.out[1]);
    for (grad, out) in grads.zip(out.chunks_exact_mut(sizes.size[0] * sizes.size[1])) {
        adaptive_windows(sizes, |position, rows, columns| {
            let n_cells = rows.len() * columns.len();
            add(out, sizes.size[1], rows, columns, grad[position] / n_cells as f32);
        });
    }
}

#[inline(always)]
fn sum(map: &[f32], width: usize, rows: Range<usize>, columns: Range<usize>) -> f32 {
    rows.map(|row| map[row * width..][columns.clone()].iter().sum::<f32>()).sum()
}

#[inline(always)]
fn add(map: &mut [f32], width: usize, rows: Range<usize>, columns: Range<usize>, share: f32) {
    for row in rows {
        for cell in &mut map[row * width..][columns.clone()] {
            *cell += share;
        }
    }
}
