//! Convolution as a product of matrices of which only a panel is ever written down: images are padded (see
//! [`padded`](super::padded)), what the taps see at a few neighbouring positions is packed, and all output channels are
//! computed from it, tiles of the result being kept in registers.

use pulp::{Arch, Simd, WithSimd};

use super::Scratch;
use super::conv_block;
use super::finish::Finish;
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
    panel: Vec<f32>,
    positions: Vec<usize>,
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
        let turned = turn(weight.data, group, conv.groups, &mut scratch.turned);
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
        let block = ConvBlock { conv: *conv, relu: false, pool: None };
        conv_block::grad_input(&block, grad_output, weight, None, out, shape, scratch);
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
        let Memory { layout, image, weights, rows, panel, positions } = memory;
        layout.lay_out(&window, group.channels, group.size, group.out_size);
        let n_panels = group.m.div_ceil(ROWS);
        let weights = pack_weights(weight, groups, group, weights);
        let tiles = Tiles::new(layout, group, columns, positions);
        let image_len = layout.len();
        let image = zeros(image, tiles.n_images * image_len);
        let row_len = tiles.n_positions(tiles.n_images).next_multiple_of(columns);
        let rows = sized(rows, n_panels * ROWS * row_len);
        let panel = sized(panel, group.k * columns);
        let map_len = out.len() / (input.len() / group.maps_len * group.m);
        let n_images = input.len() / (group.maps_len * groups);
        for first_image in (0..n_images).step_by(tiles.n_images) {
            let n_images = tiles.n_images.min(n_images - first_image);
            for g in 0..groups {
                for (idx, image) in image.chunks_exact_mut(image_len).enumerate().take(n_images) {
                    let maps = (first_image + idx) * groups + g;
                    layout.fill(&input[maps * group.maps_len..][..group.maps_len], image);
                }
                let weights = &weights[g * n_panels * group.k * ROWS..][..n_panels * group.k * ROWS];
                for position in (0..tiles.n_positions(n_images)).step_by(columns) {
                    tiles.pack::<S>(&layout.offsets, image, position, panel);
                    for (idx, weights) in weights.chunks_exact(group.k * ROWS).enumerate() {
                        let tile = tile(simd, weights, panel);
                        for (row, sums) in tile.iter().enumerate() {
                            let to = &mut rows[(idx * ROWS + row) * row_len + position..][..columns];
                            to.copy_from_slice(bytemuck::cast_slice(sums));
                        }
                    }
                }
                for idx in 0..n_images {
                    let maps = ((first_image + idx) * groups + g) * group.m * map_len;
                    for channel in 0..group.m {
                        let row = &rows[channel * row_len + tiles.n_positions(idx)..];
                        let start = maps + channel * map_len;
                        let bias = bias.map_or(0.0, |bias| bias[g * group.m + channel]);
                        let map = &mut out[start..start + map_len];
                        finish.map(row, tiles.row_len, group.out_size, bias, map, start);
                    }
                }
            }
        }
    }
}

/// How output positions are divided into tiles: as they lie in the padded image, those between the rows counted; or, where
/// these would be many, one by one, and those of several images in one go.
struct Tiles<'a> {
    /// Where each position's first tap lies, where they are counted one by one.
    single: Option<&'a [usize]>,
    /// Images in one go.
    n_images: usize,
    /// How far apart output rows are, counted in positions.
    row_len: usize,
    /// Positions of one image.
    image_positions: usize,
}

impl<'a> Tiles<'a> {
    fn new(layout: &Padded, group: Group, columns: usize, positions: &'a mut Vec<usize>) -> Self {
        let [height, width] = group.out_size;
        let in_place = layout.n_positions.next_multiple_of(columns);
        if 4 * in_place <= 5 * group.n {
            return Self { single: None, n_images: 1, row_len: layout.row_len, image_positions: in_place };
        }
        let n_images = (8 * columns).div_ceil(group.n);
        positions.clear();
        for image in 0..n_images {
            for y in 0..height {
                let row = image * layout.len() + y * layout.row_len;
                positions.extend(row..row + width);
            }
        }
        // The last tile is filled up with repetitions of the last position.
        let last = positions[positions.len() - 1];
        positions.resize(positions.len().next_multiple_of(columns), last);
        Self { single: Some(positions), n_images, row_len: width, image_positions: group.n }
    }

    /// Positions of this many images.
    const fn n_positions(&self, n_images: usize) -> usize {
        n_images * self.image_positions
    }

    /// What the taps see at a tile's positions, tap after tap.
    #[inline(always)]
    fn pack<S: Simd>(&self, offsets: &[usize], image: &[f32], position: usize, panel: &mut [f32]) {
        let columns = VECTORS * S::F32_LANES;
        match self.single {
            None => {
                for (values, offset) in panel.chunks_exact_mut(columns).zip(offsets) {
                    values.copy_from_slice(&image[position + offset..][..columns]);
                }
            }
            Some(positions) => {
                let positions = &positions[position..][..columns];
                for (values, offset) in panel.chunks_exact_mut(columns).zip(offsets) {
                    for (value, position) in values.iter_mut().zip(positions) {
                        *value = image[position + offset];
                    }
                }
            }
        }
    }
}

/// One tile: `Σ weights[k][row] · panel[k][column]`.
#[inline(always)]
fn tile<S: Simd>(simd: S, weights: &[f32], panel: &[f32]) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let (values, _) = S::as_simd_f32s(panel);
    for (weights, values) in weights.as_chunks::<ROWS>().0.iter().zip(values.as_chunks::<VECTORS>().0) {
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
