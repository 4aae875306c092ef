//! Convolution without copies of what the kernel sees: images are padded (see [`padded`](super::padded)), and tiles of the
//! result are kept in registers while channels and taps are walked.

use pulp::{Arch, Simd, WithSimd};

use super::Scratch;
use super::columns::scatter_add;
use super::conv_block;
use super::finish::Finish;
use super::gemm::{Matrix, gemm};
use super::kernels::Read;
use super::memory::{sized, zeros};
use super::padded::Padded;
use crate::ops::{Conv2d, ConvBlock};
use crate::window::Window;

/// The sizes of one group's products.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// Output channels.
    pub(super) m: usize,
    /// Input channels times taps.
    pub(super) k: usize,
    /// Output positions.
    n: usize,
    pub(super) channels: usize,
    /// Numbers of the input's maps.
    pub(super) maps_len: usize,
    pub(super) size: [usize; 2],
    pub(super) out_size: [usize; 2],
}

impl Group {
    pub(super) fn new(conv: &Conv2d, input: [usize; 4], output: [usize; 4]) -> Self {
        let [_, in_channels, height, width] = input;
        let [_, out_channels, out_height, out_width] = output;
        let channels = in_channels / conv.groups;
        Self {
            m: out_channels / conv.groups,
            k: channels * conv.window.n_taps(),
            n: out_height * out_width,
            channels,
            maps_len: channels * height * width,
            size: [height, width],
            out_size: [out_height, out_width],
        }
    }
}

/// Memory that the kernels keep from call to call.
#[derive(Debug, Default)]
pub(super) struct Memory {
    layout: Padded,
    image: Vec<f32>,
    weights: Vec<f32>,
    rows: Vec<f32>,
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
    correlate(conv, input, weight, bias, dims(shape), out, Finish::default(), scratch);
}

/// The convolution, whose own output is of `shape`, and what follows it.
#[expect(clippy::too_many_arguments, reason = "the operation's operands")]
pub(super) fn correlate(
    conv: &Conv2d,
    input: Read<'_>,
    weight: Read<'_>,
    bias: Option<Read<'_>>,
    shape: [usize; 4],
    out: &mut [f32],
    finish: Finish<'_>,
    scratch: &mut Scratch,
) {
    let group = Group::new(conv, input.dims(), shape);
    let bias = bias.map(|bias| bias.data);
    let memory = &mut scratch.conv2d;
    let (window, groups) = (conv.window, conv.groups);
    let (input, weight) = (input.data, weight.data);
    Arch::new().dispatch(Correlate { window, groups, group, input, weight, bias, out, finish, memory });
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
    let Window { kernel, stride, padding, dilation } = conv.window;
    let reach = [0, 1].map(|axis| (dilation[axis] * (kernel[axis] - 1)).checked_sub(padding[axis]));
    if let ([1, 1], [Some(above), Some(left)]) = (stride, reach) {
        // With stride 1 it is itself a convolution, of the output's gradient with the kernels turned around.
        let turned = turn(weight.data, group, conv.groups, &mut scratch.columns);
        let back = Group {
            m: group.channels,
            k: group.m * conv.window.n_taps(),
            n: group.size[0] * group.size[1],
            channels: group.m,
            maps_len: group.m * group.n,
            size: group.out_size,
            out_size: group.size,
        };
        let window = Window { padding: [above, left], ..conv.window };
        let memory = &mut scratch.conv2d;
        let (input, weight, groups) = (grad_output.data, turned, conv.groups);
        Arch::new().dispatch(Correlate {
            window,
            groups,
            group: back,
            input,
            weight,
            bias: None,
            out,
            finish: Finish::default(),
            memory,
        });
    } else {
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
}

/// Kernels turned around, with input and output channels exchanged: `[groups, channels, m, taps]`.
fn turn<'a>(weight: &[f32], group: Group, groups: usize, memory: &'a mut Vec<f32>) -> &'a [f32] {
    let n_taps = group.k / group.channels;
    let turned = sized(memory, weight.len());
    for g in 0..groups {
        let start = g * group.m * group.k;
        for o in 0..group.m {
            for c in 0..group.channels {
                let from = &weight[start + o * group.k + c * n_taps..][..n_taps];
                let to = &mut turned[start + (c * group.m + o) * n_taps..][..n_taps];
                for (to, from) in to.iter_mut().zip(from.iter().rev()) {
                    *to = *from;
                }
            }
        }
    }
    turned
}

pub(super) fn grad_weight(
    conv: &Conv2d,
    input: Read<'_>,
    grad_output: Read<'_>,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let block = ConvBlock { conv: *conv, relu: false, pool: None };
    conv_block::grad_weight(&block, input, grad_output, None, out, &mut [], scratch);
}

/// The convolution itself.
struct Correlate<'a> {
    window: Window,
    groups: usize,
    group: Group,
    input: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    finish: Finish<'a>,
    memory: &'a mut Memory,
}

/// Output channels of one tile.
const ROWS: usize = 4;
/// Registers of neighbouring positions of one tile.
const VECTORS: usize = 2;

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, input, weight, bias, out, mut finish, memory } = self;
        let columns = VECTORS * S::F32_LANES;
        let Memory { layout, image, weights, rows } = memory;
        layout.lay_out(&window, group.channels, group.size, group.out_size);
        let image = zeros(image, layout.len());
        let n_panels = group.m.div_ceil(ROWS);
        let weights = pack_weights(weight, groups, group, weights);
        let row_len = layout.n_positions.next_multiple_of(columns);
        let rows = sized(rows, ROWS * row_len);
        let map_len = out.len() / (input.len() / group.maps_len * group.m);
        let maps = input.chunks_exact(group.maps_len);
        for (idx, (maps, out)) in maps.zip(out.chunks_exact_mut(group.m * map_len)).enumerate() {
            let g = idx % groups;
            layout.fill(maps, image);
            for panel in 0..n_panels {
                let panel_weights = &weights[(g * n_panels + panel) * group.k * ROWS..][..group.k * ROWS];
                let first = panel * ROWS;
                let n_rows = ROWS.min(group.m - first);
                let mut start = [0.0; ROWS];
                if let Some(bias) = bias {
                    start[..n_rows].copy_from_slice(&bias[g * group.m + first..][..n_rows]);
                }
                for position in (0..layout.n_positions).step_by(columns) {
                    let tile = tile(simd, panel_weights, &layout.offsets, &image[position..], start);
                    for (row, sums) in tile.iter().enumerate() {
                        let to = &mut rows[row * row_len + position..][..columns];
                        to.copy_from_slice(bytemuck::cast_slice(sums));
                    }
                }
                let maps = out[first * map_len..].chunks_exact_mut(map_len).take(n_rows);
                for (row, map) in maps.enumerate() {
                    let start = (idx * group.m + first + row) * map_len;
                    finish.map(&rows[row * row_len..][..row_len], layout.row_len, group.out_size, map, start);
                }
            }
        }
    }
}

/// One tile: `start[row] + Σ weights[k][row] · image[offsets[k] + column]`.
#[inline(always)]
fn tile<S: Simd>(
    simd: S,
    weights: &[f32],
    offsets: &[usize],
    image: &[f32],
    start: [f32; ROWS],
) -> [[S::f32s; VECTORS]; ROWS] {
    let columns = VECTORS * S::F32_LANES;
    let mut sums = start.map(|start| [simd.splat_f32s(start); VECTORS]);
    for (weights, &offset) in weights.as_chunks::<ROWS>().0.iter().zip(offsets) {
        let (values, _) = S::as_simd_f32s(&image[offset..offset + columns]);
        let values: [S::f32s; VECTORS] = [values[0], values[1]];
        for row in 0..ROWS {
            let weight = simd.splat_f32s(weights[row]);
            for vector in 0..VECTORS {
                sums[row][vector] = simd.mul_add_e_f32s(weight, values[vector], sums[row][vector]);
            }
        }
    }
    sums
}

/// The weights in panels of `ROWS` output channels, each stored tap after tap, the last one filled up with zeros.
fn pack_weights<'a>(weight: &[f32], groups: usize, group: Group, packed: &'a mut Vec<f32>) -> &'a [f32] {
    let n_panels = group.m.div_ceil(ROWS);
    let packed = sized(packed, groups * n_panels * group.k * ROWS);
    packed.fill(0.0);
    for (g, weight) in weight.chunks_exact(group.m * group.k).enumerate() {
        for (o, filter) in weight.chunks_exact(group.k).enumerate() {
            let panel = &mut packed[(g * n_panels + o / ROWS) * group.k * ROWS..];
            for (to, from) in panel[o % ROWS..].iter_mut().step_by(ROWS).zip(filter) {
                *to = *from;
            }
        }
    }
    packed
}

#[cfg(test)]
mod tests;
