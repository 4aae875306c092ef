//! What moves elements without computing: views, their gradients, padding, joining and choosing.

use super::kernels::Read;
use crate::layout::Layout;
use crate::ops::{Pad, View, broadcast_strides};

const CHECKED: &str = "the shape rule has checked the view";

pub(super) fn view(view: &View, input: Read<'_>, out: &mut [f32]) {
    let layout = view.layout(&Layout::contiguous(input.shape)).expect(CHECKED);
    for (out, position) in out.iter_mut().zip(layout.positions()) {
        *out = input.data[position];
    }
}

pub(super) fn view_grad(view: &View, grad_output: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let layout = view.layout(&Layout::contiguous(shape)).expect(CHECKED);
    out.fill(0.0);
    for (grad, position) in grad_output.data.iter().zip(layout.positions()) {
        out[position] += grad;
    }
}

pub(super) fn pad(pad: &Pad, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    out.fill(pad.value);
    let mut layout = Layout::contiguous(shape);
    for (dim, &[before, _]) in pad.padding.iter().enumerate() {
        layout.offset += before * layout.strides[dim];
    }
    layout.shape = input.shape.to_vec();
    for (value, position) in input.data.iter().zip(layout.positions()) {
        out[position] = *value;
    }
}

/// Each part's runs of `sizes[dim] · …` elements are copied side by side.
pub(crate) fn cat<'a, T: Copy + 'a>(
    dim: usize,
    parts: impl Iterator<Item = (&'a [T], &'a [usize])>,
    shape: &[usize],
    out: &mut [T],
) {
    let row: usize = shape[dim..].iter().product();
    let mut start = 0;
    for (data, shape) in parts {
        let len: usize = shape[dim..].iter().product();
        if len > 0 {
            for (row, part) in out.chunks_exact_mut(row).zip(data.chunks_exact(len)) {
                row[start..start + len].copy_from_slice(part);
            }
        }
        start += len;
    }
}

pub(super) fn choose(mask: Read<'_>, a: Read<'_>, b: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let layout = |read: Read<'_>| Layout {
        shape: shape.to_vec(),
        strides: broadcast_strides(read.shape, shape),
        offset: 0,
    };
    let [masks, left, right] = [layout(mask), layout(a), layout(b)];
    let positions = masks.positions().zip(left.positions().zip(right.positions()));
    for (out, (chosen, (left, right))) in out.iter_mut().zip(positions) {
        *out = if mask.data[chosen] != 0.0 { a.data[left] } else { b.data[right] };
    }
}
