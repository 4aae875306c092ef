//! Picking elements by tensors of positions, and putting them back. Indices outside give what is `missing`, or are left
//! out.

use super::kernels::Read;
use crate::layout::Layout;

/// `out[i, j] = input[i, index[i, j]]`, for `dim = 1`.
pub(crate) fn gather<T: Copy>(
    dim: usize,
    input: &[T],
    shape: &[usize],
    index: Read<'_>,
    missing: T,
    out: &mut [T],
) {
    let (others, stride) = beside(dim, shape, index.shape);
    let indices: &[u32] = bytemuck::cast_slice(index.data);
    for ((out, start), &idx) in out.iter_mut().zip(others.positions()).zip(indices) {
        let inside = (idx as usize) < shape[dim];
        *out = if inside { input[start + idx as usize * stride] } else { missing };
    }
}

/// Calls `put(out[i, index[i, j]], source[i, j])`, for `dim = 1`.
pub(crate) fn scatter<T: Copy>(
    dim: usize,
    index: Read<'_>,
    source: &[T],
    shape: &[usize],
    out: &mut [T],
    put: impl Fn(&mut T, T),
) {
    let (others, stride) = beside(dim, shape, index.shape);
    let indices: &[u32] = bytemuck::cast_slice(index.data);
    for ((&value, start), &idx) in source.iter().zip(others.positions()).zip(indices) {
        if (idx as usize) < shape[dim] {
            put(&mut out[start + idx as usize * stride], value);
        }
    }
}

/// Where the elements beside which an index counts begin, and how far apart those lie that it counts.
fn beside(dim: usize, shape: &[usize], index: &[usize]) -> (Layout, usize) {
    let mut layout = Layout::contiguous(shape);
    layout.shape = index.to_vec();
    let stride = std::mem::take(&mut layout.strides[dim]);
    (layout, stride)
}

/// `out[i, …] = input[index[i], …]`, for `dim = 0`.
pub(crate) fn index_select<T: Copy>(
    dim: usize,
    input: &[T],
    shape: &[usize],
    index: &[f32],
    missing: T,
    out: &mut [T],
) {
    let indices: &[u32] = bytemuck::cast_slice(index);
    let len: usize = shape[dim + 1..].iter().product();
    if len == 0 {
        return;
    }
    let mut rows = out.chunks_exact_mut(len);
    for outer in 0..shape[..dim].iter().product() {
        for (&idx, row) in indices.iter().zip(&mut rows) {
            if (idx as usize) < shape[dim] {
                row.copy_from_slice(&input[(outer * shape[dim] + idx as usize) * len..][..len]);
            } else {
                row.fill(missing);
            }
        }
    }
}

/// `out[index[i], …] += source[i, …]`, for `dim = 0`.
pub(super) fn index_add(dim: usize, index: &[f32], source: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let indices: &[u32] = bytemuck::cast_slice(index);
    let len: usize = shape[dim + 1..].iter().product();
    out.fill(0.0);
    if len == 0 {
        return;
    }
    let mut rows = source.data.chunks_exact(len);
    for outer in 0..shape[..dim].iter().product() {
        for (&idx, row) in indices.iter().zip(&mut rows) {
            if (idx as usize) < shape[dim] {
                let out = &mut out[(outer * shape[dim] + idx as usize) * len..][..len];
                for (out, value) in out.iter_mut().zip(row) {
                    *out += value;
                }
            }
        }
    }
}
