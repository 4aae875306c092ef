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
pub(super) fn windows(
    window: &Window,
    size: [usize; 2],
    out: [usize; 2],
    mut visit: impl FnMut(usize, Range<usize>, Range<usize>),
) {
    for y in 0..out[0] {
        let rows = covered(window, 0, y, size[0]);
        for x in 0..out[1] {
            visit(y * out[1] + x, rows.clone(), covered(window, 1, x, size[1]));
        }
    }
}

/// The position of the first of the largest numbers of a window; the last NaN, where there is one.
#[inline(always)]
pub(super) fn first_maximum(map: &[f32], width: usize, rows: Range<usize>, columns: Range<usize>) -> usize {
    let mut best = rows.start * width + columns.start;
    for row in rows {
        for position in row * width + columns.start..row * width + columns.end {
            if exceeds(map[best], map[position]) {
                best = position;
            }
        }
    }
    best
}

pub(super) const fn is_halving(window: &Window) -> bool {
    let Window { kernel, stride, padding, .. } = window;
    matches!((kernel, stride, padding), ([2, 2], [2, 2], [0, 0]))
}

pub(super) fn maximum(window: &Window, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(input.shape, shape);
    let maps = input.data.chunks_exact(sizes.size[0] * sizes.size[1]);
    for (map, out) in maps.zip(out.chunks_exact_mut(sizes.out[0] * sizes.out[1])) {
        if is_halving(window) {
            for (rows, out) in map.chunks_exact(2 * sizes.size[1]).zip(out.chunks_exact_mut(sizes.out[1])) {
                let (upper, lower) = rows.split_at(sizes.size[1]);
                let cells = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
                for (out, (&[a, b], &[c, d])) in out.iter_mut().zip(cells) {
                    *out = larger(larger(a, b), larger(c, d));
                }
            }
        } else {
            windows(window, sizes.size, sizes.out, |position, rows, columns| {
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
            halve_grad(sizes, map, grad, out);
        } else {
            windows(window, sizes.size, sizes.out, |position, rows, columns| {
                out[first_maximum(map, sizes.size[1], rows, columns)] += grad[position];
            });
        }
    }
}

/// What the source holds where each window of the input has its maximum.
pub(super) fn pick(window: &Window, input: Read<'_>, source: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(input.shape, shape);
    let map_len = sizes.size[0] * sizes.size[1];
    let maps = input.data.chunks_exact(map_len).zip(source.data.chunks_exact(map_len));
    for ((map, source), out) in maps.zip(out.chunks_exact_mut(sizes.out[0] * sizes.out[1])) {
        windows(window, sizes.size, sizes.out, |position, rows, columns| {
            out[position] = source[first_maximum(map, sizes.size[1], rows, columns)];
        });
    }
}

/// The gradient of windows of 2×2 that do not overlap, by far the most common.
#[inline(always)]
fn halve_grad(sizes: Sizes, map: &[f32], grad: &[f32], out: &mut [f32]) {
    let [_, width] = sizes.size;
    let rows = map.chunks_exact(2 * width).zip(out.chunks_exact_mut(2 * width));
    for ((rows, out), grad) in rows.zip(grad.chunks_exact(sizes.out[1])) {
        let (upper, lower) = rows.split_at(width);
        let (out_upper, out_lower) = out.split_at_mut(width);
        let cells = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        let outs = out_upper.as_chunks_mut::<2>().0.iter_mut().zip(out_lower.as_chunks_mut::<2>().0);
        for (((&[a, b], &[c, d]), (upper, lower)), &grad) in cells.zip(outs).zip(grad) {
            let below = exceeds(larger(a, b), larger(c, d));
            let right = exceeds(a, b);
            let lower_right = exceeds(c, d);
            *upper = [if below || right { 0.0 } else { grad }, if !below && right { grad } else { 0.0 }];
            *lower = [
                if below && !lower_right { grad } else { 0.0 },
                if below && lower_right { grad } else { 0.0 },
            ];
        }
    }
}

/// Whether `b` comes out on top of `a`, which is looked at first: where it is larger, or not a number, as in PyTorch.
#[inline(always)]
pub(super) fn exceeds(a: f32, b: f32) -> bool {
    b > a || b.is_nan()
}

#[inline(always)]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if exceeds(a, b) { b } else { a }
}

pub(super) fn average(window: &Window, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let sizes = sizes(input.shape, shape);
    let share = 1.0 / window.n_taps() as f32;
    let maps = input.data.chunks_exact(sizes.size[0] * sizes.size[1]);
    for (map, out) in maps.zip(out.chunks_exact_mut(sizes.out[0] * sizes.out[1])) {
        windows(window, sizes.size, sizes.out, |position, rows, columns| {
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
        windows(window, sizes.size, sizes.out, |position, rows, columns| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn halving_agrees_with_the_general_windows_ties_odd_sizes_and_nan_included() {
        let window = Window { stride: [2, 2], ..Window::square(2) };
        let mut stream = Stream::new(0, Purpose::Test, 3);
        for size in [[4, 4], [5, 7], [2, 3], [28, 28]] {
            let out = window.output(size).unwrap();
            // Few different numbers, so that many are equal.
            let mut map: Vec<f32> = (0..size[0] * size[1]).map(|_| stream.below(4) as f32).collect();
            map[1] = f32::NAN;
            let grad: Vec<f32> = (0..out[0] * out[1]).map(|n| n as f32 + 1.0).collect();
            let (shape, out_shape) = ([1, 1, size[0], size[1]], [1, 1, out[0], out[1]]);
            let sizes = Sizes { size, out };

            let mut expected = vec![0.0; grad.len()];
            let mut expected_grad = vec![0.0; map.len()];
            windows(&window, sizes.size, sizes.out, |position, rows, columns| {
                let first = first_maximum(&map, size[1], rows, columns);
                expected[position] = map[first];
                expected_grad[first] += grad[position];
            });
            let mut actual = vec![9.0; grad.len()];
            maximum(&window, Read { data: &map, shape: &shape }, &out_shape, &mut actual);
            assert!(actual[0].is_nan());
            assert_eq!(actual[1..], expected[1..]);
            let mut actual = vec![9.0; map.len()];
            let (map, grad) = (Read { data: &map, shape: &shape }, Read { data: &grad, shape: &out_shape });
            maximum_grad(&window, map, grad, &mut actual);
            assert_eq!(actual, expected_grad);
        }
    }
}
