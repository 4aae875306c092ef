//! Convolutions computed where the images lie: a register holds neighbouring output channels, and what a tap sees at one
//! position is spread over it. Positions need not be neighbours: those of strides, of small maps and of several images
//! fill tiles alike, and a window of pooling is a tile. For preset S's two convolutions, batches of 64, that takes a page 1.3 ms,
//! where panels of neighbouring positions took 2.3; for all of preset F 4.2 ms a step in place of 5.5.

mod grad_input;
mod grad_weight;

use pulp::{Simd, WithSimd};

pub(super) use self::grad_input::GradInput;
pub(super) use self::grad_weight::GradWeight;

use super::conv2d::Group;
use super::finish::Finish;
use super::memory::{sized, zeros};
use super::planes::Planes;
use super::pool2d;
use super::side_by_side::{self, LANES, numbers};
use crate::window::Window;

/// Positions of one tile.
const ROWS: usize = 4;
/// Registers of neighbouring channels of one tile.
const VECTORS: usize = 2;
/// Positions that are computed at once, or an image's, where it has more.
const POSITIONS_AT_ONCE: usize = 32;

/// Memory that the kernels keep from call to call.
#[derive(Debug, Default)]
pub(super) struct Memory {
    planes: Planes,
    image: Vec<f32>,
    parts: Vec<Part>,
    rows: Vec<f32>,
    turned: Vec<f32>,
    bias: Vec<f32>,
}

/// Positions that the same taps see.
#[derive(Debug, Default)]
struct Part {
    /// From a position's own place to what each tap sees.
    offsets: Vec<u32>,
    /// Where each tap's weight lies, from a channel's first on.
    sources: Vec<u32>,
    /// How much of the image a position sees, from its own place on.
    reach: usize,
    /// The weights, `[group][panel of channels][tap][channel]`.
    weights: Vec<f32>,
    /// Where the positions lie, those of several images one after another, filled up to whole tiles.
    places: Vec<u32>,
    /// Their own numbers in the result; of windows of pooling, their first cells' in the map.
    positions: Vec<u32>,
}

impl Part {
    fn clear(&mut self) {
        self.offsets.clear();
        self.sources.clear();
        self.places.clear();
        self.positions.clear();
    }

    /// What a convolution's taps see, from an output's place on.
    fn see(&mut self, window: &Window, group: Group, planes: &Planes) {
        let Window { kernel, dilation, .. } = window;
        self.clear();
        self.sources.extend(0..group.k as u32);
        for channel in 0..group.channels {
            for i in 0..kernel[0] {
                let row = channel * planes.plane_len + i * dilation[0] * planes.width;
                self.offsets.extend((0..kernel[1]).map(|j| (row + j * dilation[1]) as u32));
            }
        }
    }

    /// The place of an output.
    const fn place(window: &Window, planes: &Planes, y: usize, x: usize) -> u32 {
        (y * window.stride[0] * planes.width + x * window.stride[1]) as u32
    }

    /// Repeats an image's places for further ones, and fills them up to whole tiles.
    fn repeat(&mut self, n_images: usize, image_len: usize) {
        self.reach = self.offsets.iter().max().map_or(0, |&offset| offset as usize + 1);
        let n = self.places.len();
        for image in 1..n_images {
            for idx in 0..n {
                self.places.push(self.places[idx] + (image * image_len) as u32);
            }
        }
        let last = self.places.last().copied().unwrap_or(0);
        self.places.resize(self.places.len().next_multiple_of(ROWS), last);
    }

    /// Packs the weights of `channels` channels of a group, which are `channel_step` apart, those of groups `group_step`.
    fn pack(
        &mut self,
        weight: &[f32],
        [groups, group_step]: [usize; 2],
        [channels, channel_step]: [usize; 2],
        panel: usize,
    ) {
        let panels_len = channels.div_ceil(panel) * self.offsets.len() * panel;
        let packed = zeros(&mut self.weights, groups * panels_len);
        if panels_len == 0 {
            return;
        }
        for (group, panels) in packed.chunks_exact_mut(panels_len).enumerate() {
            for (idx, cells) in panels.chunks_exact_mut(self.offsets.len() * panel).enumerate() {
                let first = idx * panel;
                let n_channels = panel.min(channels - first);
                for (cells, &source) in cells.chunks_exact_mut(panel).zip(&self.sources) {
                    let start = group * group_step + first * channel_step + source as usize;
                    for (channel, cell) in cells[..n_channels].iter_mut().enumerate() {
                        *cell = weight[start + channel * channel_step];
                    }
                }
            }
        }
    }
}

/// A convolution and what follows it.
pub(super) struct Forward<'a> {
    pub(super) window: Window,
    pub(super) groups: usize,
    pub(super) group: Group,
    pub(super) input: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) out: &'a mut [f32],
    pub(super) finish: Finish<'a>,
    pub(super) memory: &'a mut Memory,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, input, weight, bias, out, mut finish, memory } = self;
        let Group { m, k, channels, maps_len, size, out_size, .. } = group;
        let Memory { planes, image, parts, rows, bias: biases, .. } = memory;
        let panel = VECTORS * S::F32_LANES;
        planes.lay_out_seen(&window, channels, size);
        if parts.is_empty() {
            parts.push(Part::default());
        }
        let part = &mut parts[0];
        part.see(&window, group, planes);
        part.pack(weight, [groups, m * k], [m, k], panel);
        let place = |y: usize, x: usize| Part::place(&window, planes, y, x);
        let pools = finish.pool.is_some_and(|window| pool2d::is_halving(&window));
        if pools {
            for y in 0..out_size[0] / 2 {
                for x in 0..out_size[1] / 2 {
                    let cells = [[0, 0], [0, 1], [1, 0], [1, 1]];
                    part.places.extend(cells.map(|[dy, dx]| place(2 * y + dy, 2 * x + dx)));
                    part.positions.push(2 * (y * out_size[1] + x) as u32);
                }
            }
        } else {
            for y in 0..out_size[0] {
                part.places.extend((0..out_size[1]).map(|x| place(y, x)));
            }
        }
        let n_positions = part.places.len();
        if n_positions == 0 {
            return;
        }
        let at_once = POSITIONS_AT_ONCE.div_ceil(n_positions);
        part.repeat(at_once, planes.len());
        let n_panels = m.div_ceil(panel);
        let biases = zeros(biases, groups * n_panels * panel);
        if let Some(bias) = bias {
            for (group, bias) in bias.chunks_exact(m).enumerate() {
                biases[group * n_panels * panel..][..m].copy_from_slice(bias);
            }
        }
        let image = zeros(image, at_once * planes.len());
        let row_len = part.places.len();
        let rows = sized(rows, n_panels * panel * row_len);
        let n_images = input.len() / (maps_len * groups);
        let map_len = out.len() / (n_images * groups * m);
        for first in (0..n_images).step_by(at_once) {
            let n = at_once.min(n_images - first);
            for g in 0..groups {
                for (idx, image) in image.chunks_exact_mut(planes.len()).enumerate().take(n) {
                    planes.fill(&input[((first + idx) * groups + g) * maps_len..][..maps_len], image);
                }
                let weights = &part.weights[g * n_panels * k * panel..][..n_panels * k * panel];
                if pools {
                    for (panel_idx, weights) in weights.chunks_exact(k * panel).enumerate() {
                        let biases = &biases[(g * n_panels + panel_idx) * panel..][..panel];
                        let maps = (first * groups + g) * m + panel_idx * panel;
                        let windows = Windows {
                            part: &*part,
                            weights,
                            biases: S::as_simd_f32s(biases).0,
                            width: out_size[1],
                            map_len,
                            n_channels: panel.min(m - panel_idx * panel),
                        };
                        for idx in 0..n {
                            let places = &part.places[idx * n_positions..][..n_positions];
                            let start = (maps + idx * groups * m) * map_len;
                            windows.compute(simd, image, places, &mut finish, out, start);
                        }
                    }
                    continue;
                }
                compute(simd, part, weights, image, n * n_positions, row_len, rows);
                for idx in 0..n {
                    for channel in 0..m {
                        let row = &rows[channel * row_len + idx * n_positions..];
                        let bias = biases[g * n_panels * panel + channel];
                        let start = (((first + idx) * groups + g) * m + channel) * map_len;
                        finish.map(row, out_size[1], out_size, bias, &mut out[start..start + map_len], start);
                    }
                }
            }
        }
    }
}

/// What windows of pooling of a panel of channels have in common.
struct Windows<'a, S: Simd> {
    part: &'a Part,
    weights: &'a [f32],
    biases: &'a [S::f32s],
    width: usize,
    map_len: usize,
    n_channels: usize,
}

impl<S: Simd> Windows<'_, S> {
    /// Computes an image's windows, a tile each. They are written a few at a time, so that neighbours in the output lie in
    /// one register: window by window preset S's step takes a page a twentieth longer.
    #[inline(always)]
    fn compute(
        &self,
        simd: S,
        image: &[f32],
        places: &[u32],
        finish: &mut Finish<'_>,
        out: &mut [f32],
        mut start: usize,
    ) {
        let Self { part, weights, biases, width, map_len, n_channels } = *self;
        let windows = places.as_chunks::<ROWS>().0.chunks(LANES);
        for (places, cells) in windows.zip(part.positions.chunks(LANES)) {
            let nothing = finish.window(simd, [simd.splat_f32s(0.0); 4], [0, 0]);
            let mut finished = [[nothing; LANES]; VECTORS];
            for (slot, (places, &cell)) in places.iter().zip(cells).enumerate() {
                let sums = tile(simd, image, places, part, weights);
                for (vector, finished) in finished.iter_mut().enumerate() {
                    let cells = sums.map(|sums| simd.add_f32s(sums[vector], biases[vector]));
                    finished[slot] = finish.window(simd, cells, [cell as usize, width]);
                }
            }
            for (vector, finished) in finished.iter().enumerate() {
                let first = vector * S::F32_LANES;
                let n_channels = n_channels.saturating_sub(first).min(S::F32_LANES);
                if n_channels > 0 {
                    finish.write(
                        &finished[..places.len()],
                        out,
                        [start + first * map_len, map_len, n_channels],
                    );
                }
            }
            start += places.len();
        }
    }
}

/// `rows[channel][position]` of a part's first positions, for one group.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn compute<S: Simd>(
    simd: S,
    part: &Part,
    weights: &[f32],
    image: &[f32],
    n_positions: usize,
    row_len: usize,
    rows: &mut [f32],
) {
    let lanes = S::F32_LANES;
    let panel = VECTORS * lanes;
    let tiles = part.places.as_chunks::<ROWS>().0;
    if part.offsets.is_empty() {
        return rows.fill(0.0);
    }
    let panels = weights.chunks_exact(part.offsets.len() * panel).zip(rows.chunks_exact_mut(panel * row_len));
    for (weights, rows) in panels {
        for (idx, places) in tiles.iter().enumerate().take(n_positions.div_ceil(ROWS)) {
            let sums = tile(simd, image, places, part, weights);
            for vector in 0..VECTORS {
                let values: [&[f32]; ROWS] = std::array::from_fn(|row| numbers(&sums[row][vector]));
                side_by_side::read(values, &mut rows[vector * lanes * row_len + idx * ROWS..], row_len);
            }
        }
    }
}

/// `Σ image[place + offset[tap]] · weights[tap][channel]`.
#[inline(always)]
fn tile<S: Simd>(
    simd: S,
    image: &[f32],
    places: &[u32; ROWS],
    part: &Part,
    weights: &[f32],
) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    // One length for all, so that one comparison is enough for what they see.
    let seen = places.map(|place| &image[place as usize..][..part.reach]);
    let weights = S::as_simd_f32s(weights).0.as_chunks::<VECTORS>().0;
    for (weights, &offset) in weights.iter().zip(&part.offsets) {
        for (sums, seen) in sums.iter_mut().zip(seen) {
            let value = simd.splat_f32s(seen[offset as usize]);
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum = simd.mul_add_e_f32s(value, weight, *sum);
            }
        }
    }
    sums
}
