//! A convolution's input as columns: row `(c, i, j)`, column `(y, x)` stands for the cell of channel `c` that tap `(i, j)`
//! sees at output position `(y, x)`. Shape `[channels · taps, out_height · out_width]`.

use crate::window::Window;

/// Adds every column to the cells that it stands for; what stands for padding is dropped.
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
