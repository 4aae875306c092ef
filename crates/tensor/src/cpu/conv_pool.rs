//! Convolution and pooling of 2×2 at once: the four results that pooling compares are kept in four registers, whose lanes
//! are neighbouring windows. Nothing that pooling drops is ever written down.

use pulp::{Arch, Simd, WithSimd};

use super::conv2d::Group;
use super::memory::{sized, zeros};
use super::padded::Padded;
use super::pool2d;
use crate::ops::{ConvBlock, NO_CHOICE};
use crate::window::Window;

/// Output channels of one tile.
const CHANNELS: usize = 2;

/// The most numbers that a filter may have, channels counted. With more, a page's 128-bit registers are better fed from a
/// packed panel (see [`conv2d`](super::conv2d)): at 72 taps that takes 1.2 ms instead of 1.35, at 288 30 ms instead of 40.
const MOST_TAPS: usize = if cfg!(target_arch = "wasm32") { 32 } else { 4096 };

/// Memory that the kernel keeps from call to call.
#[derive(Debug, Default)]
pub(super) struct Memory {
    layout: Padded,
    image: Vec<f32>,
    weights: Vec<f32>,
}

/// Whether a block, whose filters have `n_taps` numbers, is of the kind that this kernel computes.
pub(super) fn computes(block: &ConvBlock, n_taps: usize) -> bool {
    let Window { kernel, stride, dilation, .. } = block.conv.window;
    let is_plain = stride == [1, 1] && dilation == [1, 1] && matches!(kernel[1], 1 | 3 | 5);
    is_plain && n_taps <= MOST_TAPS && block.pool.is_some_and(|window| pool2d::is_halving(&window))
}

/// The convolution's operands; `group` has the sizes of its own output.
pub(super) struct ConvPool<'a> {
    pub(super) block: &'a ConvBlock,
    pub(super) group: Group,
    pub(super) input: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) out: &'a mut [f32],
    pub(super) choice: Option<&'a mut [u32]>,
    pub(super) memory: &'a mut Memory,
}

pub(super) fn forward(operands: ConvPool<'_>) {
    Arch::new().dispatch(operands);
}

impl WithSimd for ConvPool<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.block.conv.window.kernel[1] {
            1 => self.run::<S, 1>(simd),
            3 => self.run::<S, 3>(simd),
            _ => self.run::<S, 5>(simd),
        }
    }
}

impl ConvPool<'_> {
    #[inline(always)]
    fn run<S: Simd, const WIDTH: usize>(self, simd: S) {
        let Self { block, group, input, weight, bias, out, mut choice, memory } = self;
        let Window { kernel, padding, .. } = block.conv.window;
        let [height, _] = kernel;
        let groups = block.conv.groups;
        let pooled = group.out_size.map(|size| size / 2);
        let Memory { layout, image, weights } = memory;
        // What the four kernels of a window see together, window by window.
        let window = Window { kernel: [height + 1, WIDTH + 1], stride: [2, 2], padding, dilation: [1, 1] };
        layout.lay_out(&window, group.channels, group.size, pooled);
        let image = zeros(image, layout.len());
        let weights = pack(weight, groups, group, weights);
        let n_panels = group.m.div_ceil(CHANNELS);
        let filter_rows = group.channels * height;
        let map_len = pooled[0] * pooled[1];
        let maps = input.chunks_exact(group.maps_len);
        for (idx, (maps, out)) in maps.zip(out.chunks_exact_mut(group.m * map_len)).enumerate() {
            let g = idx % groups;
            layout.fill(maps, image);
            let mut choice = choice.as_mut().map(|choice| &mut choice[idx * group.m * map_len..]);
            for panel in 0..n_panels {
                let len = filter_rows * WIDTH * CHANNELS;
                let weights = &weights[(g * n_panels + panel) * len..][..len];
                let first = panel * CHANNELS;
                let n_channels = CHANNELS.min(group.m - first);
                let mut start = [0.0; CHANNELS];
                if let Some(bias) = bias {
                    start[..n_channels].copy_from_slice(&bias[g * group.m + first..][..n_channels]);
                }
                for y in 0..pooled[0] {
                    for x in (0..pooled[1]).step_by(S::F32_LANES) {
                        let cells = &image[y * layout.row_len + x..];
                        let sums = tile::<S, WIDTH>(simd, weights, &layout.offsets, height, cells, start);
                        let position = 2 * (y * group.out_size[1] + x);
                        // What a register holds beyond its row is written over by the next row; only a map's
                        // last row has to end where it ends.
                        let n_windows = S::F32_LANES.min((pooled[0] - y) * pooled[1] - x);
                        for (channel, sums) in sums.into_iter().enumerate().take(n_channels) {
                            let place = (first + channel) * map_len + y * pooled[1] + x;
                            let choice = choice.as_mut().map(|choice| &mut choice[place..][..n_windows]);
                            let out = &mut out[place..][..n_windows];
                            finish(simd, sums, block.relu, [position, group.out_size[1]], out, choice);
                        }
                    }
                }
            }
        }
    }
}

/// The four results of neighbouring windows, `[channel][row][column]`.
#[inline(always)]
fn tile<S: Simd, const WIDTH: usize>(
    simd: S,
    weights: &[f32],
    offsets: &[usize],
    height: usize,
    image: &[f32],
    start: [f32; CHANNELS],
) -> [[[S::f32s; 2]; 2]; CHANNELS] {
    let mut sums = start.map(|start| [[simd.splat_f32s(start); 2]; 2]);
    let filters = weights.chunks_exact(height * WIDTH * CHANNELS);
    let seen = offsets.chunks_exact((height + 1) * (WIDTH + 1));
    for (weights, offsets) in filters.zip(seen) {
        let rows = weights.as_chunks::<CHANNELS>().0;
        for (r, offsets) in offsets.chunks_exact(WIDTH + 1).enumerate() {
            // Columns alternate between two planes.
            let len = S::F32_LANES + WIDTH / 2;
            let planes = [&image[offsets[0]..][..len], &image[offsets[1]..][..len]];
            // Row r of what is seen meets the kernel's row r for the upper results, its row r − 1 for the lower ones.
            if r < height {
                add_row::<S, WIDTH>(simd, &rows[r * WIDTH..][..WIDTH], planes, &mut sums, 0);
            }
            if r > 0 {
                add_row::<S, WIDTH>(simd, &rows[(r - 1) * WIDTH..][..WIDTH], planes, &mut sums, 1);
            }
        }
    }
    sums
}

#[inline(always)]
fn add_row<S: Simd, const WIDTH: usize>(
    simd: S,
    weights: &[[f32; CHANNELS]],
    planes: [&[f32]; 2],
    sums: &mut [[[S::f32s; 2]; 2]; CHANNELS],
    dy: usize,
) {
    let column = |q: usize| S::as_simd_f32s(&planes[q % 2][q / 2..][..S::F32_LANES]).0[0];
    let mut values = [column(0), column(1)];
    for (j, weights) in weights.iter().enumerate() {
        for (sums, &weight) in sums.iter_mut().zip(weights) {
            let weight = simd.splat_f32s(weight);
            for (sum, value) in sums[dy].iter_mut().zip(values) {
                *sum = simd.mul_add_e_f32s(weight, value, *sum);
            }
        }
        if j + 1 < WIDTH {
            values = [values[1], column(j + 2)];
        }
    }
}

/// The largest of each window's four, as [`finish`](super::finish) does it one by one; `position` is the first window's first cell in a
/// map of this width.
#[inline(always)]
fn finish<S: Simd>(
    simd: S,
    [[a, b], [c, d]]: [[S::f32s; 2]; 2],
    relu: bool,
    [position, width]: [usize; 2],
    out: &mut [f32],
    choice: Option<&mut [u32]>,
) {
    // Later cells win where they are larger, or not a number.
    let exceeds = |a: S::f32s, b: S::f32s| {
        simd.or_m32s(simd.less_than_f32s(a, b), simd.not_m32s(simd.equal_f32s(b, b)))
    };
    let select = |mask, yes, no| simd.select_f32s(mask, yes, no);
    let (right_above, right_below) = (exceeds(a, b), exceeds(c, d));
    let (above, below) = (select(right_above, b, a), select(right_below, d, c));
    let is_below = exceeds(above, below);
    let largest = select(is_below, below, above);
    let zero = simd.splat_f32s(0.0);
    if let Some(choice) = choice {
        let number = |number: usize| simd.splat_u32s(number as u32);
        let select = |mask, yes, no| simd.select_u32s(mask, yes, no);
        let right = select(
            is_below,
            select(right_below, number(1), number(0)),
            select(right_above, number(1), number(0)),
        );
        let mut lanes = [0; 16];
        for (lane, place) in lanes.iter_mut().enumerate() {
            *place = (position + 2 * lane) as u32;
        }
        let first = S::as_simd_u32s(&lanes[..S::U32_LANES]).0[0];
        let chosen = simd.add_u32s(simd.add_u32s(first, right), select(is_below, number(width), number(0)));
        let positive = simd.less_than_f32s(zero, largest);
        let chosen = if relu { select(positive, chosen, simd.splat_u32s(NO_CHOICE)) } else { chosen };
        store(bytemuck::cast_slice(std::slice::from_ref(&chosen)), choice);
    }
    let result = if relu { select(simd.less_than_f32s(largest, zero), zero, largest) } else { largest };
    store(bytemuck::cast_slice(std::slice::from_ref(&result)), out);
}

/// Writes a register, or the part of it for which there is room.
#[inline(always)]
fn store<T: Copy>(lanes: &[T], to: &mut [T]) {
    match to.get_mut(..lanes.len()) {
        Some(to) => to.copy_from_slice(lanes),
        None => to.copy_from_slice(&lanes[..to.len()]),
    }
}

/// The weights in panels of `CHANNELS` output channels, tap by tap, the last one filled up with zeros.
fn pack<'a>(weight: &[f32], groups: usize, group: Group, packed: &'a mut Vec<f32>) -> &'a [f32] {
    let n_panels = group.m.div_ceil(CHANNELS);
    let packed = sized(packed, groups * n_panels * group.k * CHANNELS);
    packed.fill(0.0);
    for (g, weight) in weight.chunks_exact(group.m * group.k).enumerate() {
        for (o, filter) in weight.chunks_exact(group.k).enumerate() {
            let panel = &mut packed[(g * n_panels + o / CHANNELS) * group.k * CHANNELS..];
            for (to, from) in panel[o % CHANNELS..].iter_mut().step_by(CHANNELS).zip(filter) {
                *to = *from;
            }
        }
    }
    packed
}
