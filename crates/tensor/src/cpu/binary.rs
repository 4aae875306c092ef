//! Arithmetic and comparison with broadcasting, and the sum that is broadcasting's gradient.

use super::kernels::Read;
use crate::ops::{Binary, Compare, Extremum};

pub(super) fn run(kind: Binary, a: Read<'_>, b: Read<'_>, shape: &[usize], out: &mut [f32]) {
    match kind {
        Binary::Add => zip(a, b, shape, out, |a, b| a + b),
        Binary::Sub => zip(a, b, shape, out, |a, b| a - b),
        Binary::Mul => zip(a, b, shape, out, |a, b| a * b),
        Binary::Div => zip(a, b, shape, out, |a, b| a / b),
    }
}

pub(super) fn extremum(kind: Extremum, a: Read<'_>, b: Read<'_>, shape: &[usize], out: &mut [f32]) {
    // A NaN on either side comes out, so that divergence is seen.
    match kind {
        Extremum::Maximum => zip(a, b, shape, out, |a, b| if a > b || a.is_nan() { a } else { b }),
        Extremum::Minimum => zip(a, b, shape, out, |a, b| if a < b || a.is_nan() { a } else { b }),
    }
}

pub(super) fn compare(kind: Compare, a: Read<'_>, b: Read<'_>, shape: &[usize], out: &mut [f32]) {
    match kind {
        Compare::Eq => zip(a, b, shape, out, |a, b| f32::from(a == b)),
        Compare::Ne => zip(a, b, shape, out, |a, b| f32::from(a != b)),
        Compare::Lt => zip(a, b, shape, out, |a, b| f32::from(a < b)),
        Compare::Le => zip(a, b, shape, out, |a, b| f32::from(a <= b)),
        Compare::Gt => compare(Compare::Lt, b, a, shape, out),
        Compare::Ge => compare(Compare::Le, b, a, shape, out),
    }
}

#[inline(always)]
fn zip(a: Read<'_>, b: Read<'_>, shape: &[usize], out: &mut [f32], function: impl Fn(f32, f32) -> f32) {
    if a.shape == b.shape {
        for ((out, &a), &b) in out.iter_mut().zip(a.data).zip(b.data) {
            *out = function(a, b);
        }
    } else {
        let mut position = 0;
        walk(shape, [a.shape, b.shape], |[a_start, b_start], [a_step, b_step], len| {
            for (i, out) in out[position..position + len].iter_mut().enumerate() {
                *out = function(a.data[a_start + i * a_step], b.data[b_start + i * b_step]);
            }
            position += len;
        });
    }
}

pub(super) fn sum_to(input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    out.fill(0.0);
    let mut position = 0;
    walk(input.shape, [shape, shape], |[start, _], [step, _], len| {
        let row = &input.data[position..position + len];
        if step == 0 {
            out[start] += row.iter().sum::<f32>();
        } else {
            for (out, value) in out[start..].iter_mut().zip(row) {
                *out += value;
            }
        }
        position += len;
    });
}

/// Walks `shape` row by row (a row is the last dimension) and tells where each of two broadcast tensors' rows start and
/// how far apart their elements lie.
#[inline(always)]
fn walk(shape: &[usize], tensors: [&[usize]; 2], mut visit: impl FnMut([usize; 2], [usize; 2], usize)) {
    let Some((&len, outer)) = shape.split_last() else {
        visit([0, 0], [0, 0], 1);
        return;
    };
    // Sizes of 1, and dimensions that a tensor does not have, are repeated.
    let size_of = |tensor: &[usize], dim: usize| {
        (dim + tensor.len()).checked_sub(shape.len()).map_or(1, |dim| tensor[dim])
    };
    let rows = tensors.map(|tensor| size_of(tensor, outer.len()));
    let steps = rows.map(|size| usize::from(size != 1));
    for row in 0..outer.iter().product() {
        let (mut starts, mut strides) = ([0, 0], rows);
        let mut rest: usize = row;
        for (dim, &size) in outer.iter().enumerate().rev() {
            for (idx, tensor) in tensors.iter().enumerate() {
                let own = size_of(tensor, dim);
                if own != 1 {
                    starts[idx] += rest % size * strides[idx];
                }
                strides[idx] *= own;
            }
            rest /= size;
        }
        visit(starts, steps, len);
    }
}
