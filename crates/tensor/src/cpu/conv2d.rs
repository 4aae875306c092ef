//! Convolution as matrix products: an image's columns (see [`columns`](super::columns)), times the weights.

use super::Scratch;
use super::columns::{gather, scatter_add};
use super::gemm::{Matrix, gemm};
use super::kernels::Read;
use crate::ops::Conv2d;

/// The sizes of one group's products.
struct Group {
    /// Output channels.
    m: usize,
    /// Input channels times taps.
    k: usize,
    /// Output positions.
    n: usize,
    /// Numbers of the input's maps.
    maps_len: usize,
    size: [usize; 2],
    out_size: [usize; 2],
}

impl Group {
    fn new(conv: &Conv2d, input: [usize; 4], output: [usize; 4]) -> Self {
        let [_, in_channels, height, width] = input;
        let [_, out_channels, out_height, out_width] = output;
        let group_channels = in_channels / conv.groups;
        Self {
            m: out_channels / conv.groups,
            k: group_channels * conv.window.n_taps(),
            n: out_height * out_width,
            maps_len: group_channels * height * width,
            size: [height, width],
            out_size: [out_height, out_width],
        }
    }
}

fn dims(shape: &[usize]) -> [usize; 4] {
    shape.try_into().expect("the shape rule has checked the rank")
}

pub(super) fn forward(
    conv: &Conv2d,
    input: Read<'_>,
    weight: Read<'_>,
    bias: Option<Read<'_>>,
    shape: &[usize],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let group = Group::new(conv, input.dims(), dims(shape));
    let columns = sized(&mut scratch.columns, group.k * group.n);
    let maps = input.data.chunks_exact(group.maps_len);
    for (idx, (maps, out)) in maps.zip(out.chunks_exact_mut(group.m * group.n)).enumerate() {
        let weights = &weight.data[idx % conv.groups * group.m * group.k..][..group.m * group.k];
        gather(&conv.window, maps, group.size, group.out_size, columns);
        if let Some(bias) = bias {
            let bias = &bias.data[idx % conv.groups * group.m..][..group.m];
            for (out, &bias) in out.chunks_exact_mut(group.n).zip(bias) {
                out.fill(bias);
            }
        }
        let (a, b) = (Matrix::new(weights, group.k, false), Matrix::new(columns, group.n, false));
        gemm([group.m, group.n, group.k], a, b, out, bias.is_some(), &mut scratch.gemm);
    }
}

pub(super) fn grad_input(
    conv: &Conv2d,
    grad_output: Read<'_>,
    weight: Read<'_>,
    shape: &[usize],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let group = Group::new(conv, dims(shape), grad_output.dims());
    let columns = sized(&mut scratch.columns, group.k * group.n);
    out.fill(0.0);
    let grads = grad_output.data.chunks_exact(group.m * group.n);
    for (idx, (grad, out)) in grads.zip(out.chunks_exact_mut(group.maps_len)).enumerate() {
        let weights = &weight.data[idx % conv.groups * group.m * group.k..][..group.m * group.k];
        let (a, b) = (Matrix::new(weights, group.k, true), Matrix::new(grad, group.n, false));
        gemm([group.k, group.n, group.m], a, b, columns, false, &mut scratch.gemm);
        scatter_add(&conv.window, columns, group.size, group.out_size, out);
    }
}

pub(super) fn grad_weight(
    conv: &Conv2d,
    input: Read<'_>,
    grad_output: Read<'_>,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let group = Group::new(conv, input.dims(), grad_output.dims());
    let columns = sized(&mut scratch.columns, group.k * group.n);
    out.fill(0.0);
    let grads = grad_output.data.chunks_exact(group.m * group.n);
    for (idx, (maps, grad)) in input.data.chunks_exact(group.maps_len).zip(grads).enumerate() {
        let out = &mut out[idx % conv.groups * group.m * group.k..][..group.m * group.k];
        gather(&conv.window, maps, group.size, group.out_size, columns);
        let (a, b) = (Matrix::new(grad, group.n, false), Matrix::new(columns, group.n, true));
        gemm([group.m, group.k, group.n], a, b, out, true, &mut scratch.gemm);
    }
}

fn sized(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if memory.len() < len {
        memory.resize(len, 0.0);
    }
    &mut memory[..len]
}

#[cfg(test)]
mod tests;
