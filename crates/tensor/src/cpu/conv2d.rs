//! Convolution without copies of what the kernel sees: images are padded (see [`padded`](super::padded)), and tiles of the
//! result are kept in registers while channels and taps are walked.

use pulp::{Arch, Simd, WithSimd};

use super::Scratch;
use super::columns::scatter_add;
use super::gemm::{Matrix, gemm};
use super::kernels::Read;
use super::padded::Padded;
use crate::ops::Conv2d;
use crate::window::Window;

/// The sizes of one group's products.
#[derive(Clone, Copy)]
struct Group {
    /// Output channels.
    m: usize,
    /// Input channels times taps.
    k: usize,
    /// Output positions.
    n: usize,
    channels: usize,
    /// Numbers of the input's maps.
    maps_len: usize,
    size: [usize; 2],
    out_size: [usize; 2],
}

impl Group {
    fn new(conv: &Conv2d, input: [usize; 4], output: [usize; 4]) -> Self {
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
    let group = Group::new(conv, input.dims(), dims(shape));
    let bias = bias.map(|bias| bias.data);
    let memory = &mut scratch.conv2d;
    let (window, groups) = (conv.window, conv.groups);
    let (input, weight) = (input.data, weight.data);
    Arch::new().dispatch(Correlate { window, groups, group, input, weight, bias, out, memory });
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
    let group = Group::new(conv, input.dims(), grad_output.dims());
    let memory = &mut scratch.conv2d;
    let (window, groups) = (conv.window, conv.groups);
    let (input, grad_output) = (input.data, grad_output.data);
    Arch::new().dispatch(Products { window, groups, group, input, grad_output, out, memory });
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
        let Self { window, groups, group, input, weight, bias, out, memory } = self;
        let columns = VECTORS * S::F32_LANES;
        let Memory { layout, image, weights, rows } = memory;
        layout.lay_out(&window, group.channels, group.size, group.out_size);
        let image = zeros(image, layout.len());
        let n_panels = group.m.div_ceil(ROWS);
        let weights = pack_weights(weight, groups, group, weights);
        let row_len = layout.n_positions.next_multiple_of(columns);
        let rows = sized(rows, ROWS * row_len);
        let [_, out_width] = group.out_size;
        let maps = input.chunks_exact(group.maps_len);
        for (idx, (maps, out)) in maps.zip(out.chunks_exact_mut(group.m * group.n)).enumerate() {
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
                for (row, out) in out[first * group.n..].chunks_exact_mut(group.n).take(n_rows).enumerate() {
                    let row = &rows[row * row_len..];
                    for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
                        out.copy_from_slice(&row[y * layout.row_len..][..out_width]);
                    }
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

/// Taps whose products are summed together.
const TAPS: usize = 2;

/// The products of the output's gradient and the input under each tap, summed over images and positions.
struct Products<'a> {
    window: Window,
    groups: usize,
    group: Group,
    input: &'a [f32],
    grad_output: &'a [f32],
    out: &'a mut [f32],
    memory: &'a mut Memory,
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, input, grad_output, out, memory } = self;
        let Memory { layout, image, rows, .. } = memory;
        layout.lay_out(&window, group.channels, group.size, group.out_size);
        let image = zeros(image, layout.len());
        let row_len = layout.n_positions.next_multiple_of(S::F32_LANES);
        // Positions between the rows stay zero.
        let rows = zeros(rows, group.m.next_multiple_of(ROWS) * row_len);
        let [_, out_width] = group.out_size;
        // The last few taps are filled up with repetitions of the last one.
        layout.offsets.resize(group.k.next_multiple_of(TAPS), *layout.offsets.last().unwrap_or(&0));
        out.fill(0.0);
        let grads = grad_output.chunks_exact(group.m * group.n);
        for (idx, (maps, grad)) in input.chunks_exact(group.maps_len).zip(grads).enumerate() {
            layout.fill(maps, image);
            for (channel, grad) in grad.chunks_exact(group.n).enumerate() {
                let row = &mut rows[channel * row_len..][..row_len];
                for (y, grad) in grad.chunks_exact(out_width).enumerate() {
                    row[y * layout.row_len..][..out_width].copy_from_slice(grad);
                }
            }
            let out = &mut out[idx % groups * group.m * group.k..][..group.m * group.k];
            for (panel, grads) in rows.chunks_exact(ROWS * row_len).enumerate() {
                let first = panel * ROWS;
                let n_rows = ROWS.min(group.m - first);
                for (tap, offsets) in layout.offsets.as_chunks::<TAPS>().0.iter().enumerate() {
                    let sums = dots(simd, grads, row_len, image, *offsets);
                    let first_tap = tap * TAPS;
                    for (row, sums) in sums.iter().enumerate().take(n_rows) {
                        let out = &mut out[(first + row) * group.k + first_tap..(first + row + 1) * group.k];
                        for (out, sum) in out.iter_mut().zip(sums) {
                            *out += simd.reduce_sum_f32s(*sum);
                        }
                    }
                }
            }
        }
    }
}

/// `Σ grads[row][position] · image[offsets[tap] + position]`, each sum in a register.
#[inline(always)]
fn dots<S: Simd>(
    simd: S,
    grads: &[f32],
    row_len: usize,
    image: &[f32],
    offsets: [usize; TAPS],
) -> [[S::f32s; TAPS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); TAPS]; ROWS];
    let [tap_0, tap_1] = offsets.map(|offset| S::as_simd_f32s(&image[offset..][..row_len]).0);
    let mut rows = grads.chunks_exact(row_len).map(|row| S::as_simd_f32s(row).0);
    let rows: [&[S::f32s]; ROWS] = std::array::from_fn(|_| rows.next().unwrap_or(&[]));
    let [row_0, row_1, row_2, row_3] = rows;
    for (((((&v0, &v1), &g0), &g1), &g2), &g3) in
        tap_0.iter().zip(tap_1).zip(row_0).zip(row_1).zip(row_2).zip(row_3)
    {
        let values = [v0, v1];
        let grads = [g0, g1, g2, g3];
        for row in 0..ROWS {
            for tap in 0..TAPS {
                sums[row][tap] = simd.mul_add_e_f32s(grads[row], values[tap], sums[row][tap]);
            }
        }
    }
    sums
}

fn sized(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if memory.len() < len {
        memory.resize(len, 0.0);
    }
    &mut memory[..len]
}

fn zeros(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    let memory = sized(memory, len);
    memory.fill(0.0);
    memory
}

#[cfg(test)]
mod tests;
