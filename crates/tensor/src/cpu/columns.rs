//! Images to columns and back: what a convolution's kernel sees at each position, as the columns of a matrix.

use crate::window::Window;

/// The columns of `channels` maps: row `(c, i, j)`, column `(y, x)` holds the input under tap `(i, j)` at output position
/// `(y, x)`, or zero in the padding. Shape `[channels · taps, out_height · out_width]`.
pub(super) fn gather(
    window: &Window,
    maps: &[f32],
    [height, width]: [usize; 2],
    [out_height, out_width]: [usize; 2],
    columns: &mut [f32],
) {
    let n_positions = out_height * out_width;
    let mut rows = columns.chunks_exact_mut(n_positions);
    for map in maps.chunks_exact(height * width) {
        for [i, j] in taps(window) {
            let row = rows.next().expect("one row per channel and tap");
            let inside = inside(width, window, j, out_width);
            for (y, out) in row.chunks_exact_mut(out_width).enumerate() {
                let source = source_row(y, i, window, height).filter(|_| !inside.is_empty());
                let Some(source) = source else {
                    out.fill(0.0);
                    continue;
                };
                let source = &map[source * width..][..width];
                out[..inside.start].fill(0.0);
                out[inside.end..].fill(0.0);
                let first = inside.start * window.stride[1] + j * window.dilation[1] - window.padding[1];
                let out = &mut out[inside.clone()];
                if window.stride[1] == 1 {
                    out.copy_from_slice(&source[first..][..out.len()]);
                } else {
                    for (out, value) in out.iter_mut().zip(source[first..].iter().step_by(window.stride[1])) {
                        *out = *value;
                    }
                }
            }
        }
    }
}

/// Adds every column back to the cells that it was gathered from.
pub(super) fn scatter_add(
    window: &Window,
    columns: &[f32],
    [height, width]: [usize; 2],
    [out_height, out_width]: [usize; 2],
    maps: &mut [f32],
) {
    let mut rows = columns.chunks_exact(out_height * out_width);
    for map in maps.chunks_exact_mut(height * width) {
        for [i, j] in taps(window) {
            let row = rows.next().expect("one row per channel and tap");
            let inside = inside(width, window, j, out_width);
            if inside.is_empty() {
                continue;
            }
            for (y, values) in row.chunks_exact(out_width).enumerate() {
                let Some(target) = source_row(y, i, window, height) else { continue };
                let target = &mut map[target * width..][..width];
                let values = &values[inside.clone()];
                let first = inside.start * window.stride[1] + j * window.dilation[1] - window.padding[1];
                if window.stride[1] == 1 {
                    for (target, value) in target[first..].iter_mut().zip(values) {
                        *target += value;
                    }
                } else {
                    for (target, value) in target[first..].iter_mut().step_by(window.stride[1]).zip(values) {
                        *target += value;
                    }
                }
            }
        }
    }
}

fn taps(window: &Window) -> impl Iterator<Item = [usize; 2]> {
    let [height, width] = window.kernel;
    (0..height).flat_map(move |i| (0..width).map(move |j| [i, j]))
}

/// The input row under tap row `i` at output row `y`, unless that is padding.
fn source_row(y: usize, i: usize, window: &Window, height: usize) -> Option<usize> {
    let row = (y * window.stride[0] + i * window.dilation[0]).checked_sub(window.padding[0])?;
    (row < height).then_some(row)
}

/// The output columns at which tap column `j` lies inside the input.
fn inside(width: usize, window: &Window, j: usize, out_width: usize) -> std::ops::Range<usize> {
    let (stride, padding, tap) = (window.stride[1], window.padding[1], j * window.dilation[1]);
    let start = padding.saturating_sub(tap).div_ceil(stride).min(out_width);
    let end = (width + padding).saturating_sub(tap).div_ceil(stride).min(out_width);
    if start < end { start..end } else { 0..0 }
}
