//! The gradient with respect to the kernels, from the same values.

use pulp::{Simd, WithSimd};

use super::frame::Source;
use super::transforms::{self, GIVEN, SEEN};
use super::{GAP, Memory, POINTS, ROWS, Sizes, Tiling, VECTORS, turn_input};
use crate::cpu::memory::{sized, zeros};
use crate::cpu::side_by_side::numbers;
use crate::cpu::simd;

pub(in crate::cpu) struct GradWeight<'a> {
    pub(in crate::cpu) sizes: Sizes,
    pub(in crate::cpu) input: Source<'a>,
    pub(in crate::cpu) grads: Source<'a>,
    pub(in crate::cpu) out: &'a mut [f32],
    pub(in crate::cpu) bias: Option<&'a mut [f32]>,
    pub(in crate::cpu) memory: &'a mut Memory,
}

impl GradWeight<'_> {
    pub(in crate::cpu) fn run(self) {
        simd::run(self);
    }
}

impl WithSimd for GradWeight<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes, input, grads, out, bias, memory } = self;
        let Sizes { channels, out_channels, size, out_size, padding } = sizes;
        let Memory { frame, image, weights, seen, given, rows: grad_image, grad_frame, .. } = memory;
        if let Some(bias) = bias {
            grads.sums(bias);
        }
        let tiling = Tiling::new(out_size);
        let channels_len = channels.next_multiple_of(S::F32_LANES.max(ROWS));
        let given_len = out_channels.next_multiple_of(VECTORS * S::F32_LANES);
        frame.lay_out(size, padding, tiling.tiles, channels_len);
        grad_frame.lay_out(out_size, [0, 0], tiling.tiles, given_len);
        let image = zeros(image, frame.len());
        let grad_image = zeros(grad_image, grad_frame.len());
        let sums_plane = channels_len * given_len + GAP;
        let sums = zeros(weights, POINTS * sums_plane);
        let seen = sized(seen, POINTS * tiling.plane(channels_len));
        let given = sized(given, POINTS * tiling.plane(given_len));
        let n_images = input.n_images(channels);
        for first in (0..n_images).step_by(tiling.n_images) {
            let n_at_once = tiling.n_images.min(n_images - first);
            for idx in 0..n_at_once {
                input.fill(frame, channels, first + idx, image);
                turn_input(simd, frame, image, tiling, idx, seen);
                grads.fill(grad_frame, out_channels, first + idx, grad_image);
                turn_grads(simd, grad_frame, grad_image, tiling, idx, given);
            }
            let n_tiles = n_at_once * tiling.of_image();
            let seen = seen.chunks_exact(tiling.plane(channels_len));
            let given = given.chunks_exact(tiling.plane(given_len));
            for ((sums, seen), given) in sums.chunks_exact_mut(sums_plane).zip(seen).zip(given) {
                let (seen, given) = (&seen[..n_tiles * channels_len], &given[..n_tiles * given_len]);
                add_products(simd, [channels_len, given_len], seen, given, sums);
            }
        }
        turn_sums(simd, sums, [channels, out_channels], given_len, sums_plane, out);
    }
}

/// The values of an image's gradients, `[point][tile][channel]`.
#[expect(clippy::needless_range_loop, reason = "the indices are those of several arrays")]
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn turn_grads<S: Simd>(
    simd: S,
    frame: &super::Frame,
    image: &[f32],
    tiling: Tiling,
    idx: usize,
    given: &mut [f32],
) {
    let lanes = S::F32_LANES;
    let channels = frame.channels;
    let plane = tiling.plane(channels);
    let mut halfway = [[simd.splat_f32s(0.0); GIVEN]; SEEN];
    for y in 0..tiling.tiles[0] {
        for x in 0..tiling.tiles[1] {
            let cells: [&[f32]; GIVEN] =
                std::array::from_fn(|row| &image[frame.at(y * GIVEN + row, x * GIVEN)..][..GIVEN * channels]);
            let tile = idx * tiling.of_image() + y * tiling.tiles[1] + x;
            for channel in (0..channels).step_by(lanes) {
                for column in 0..GIVEN {
                    let cell = column * channels + channel;
                    let mut values = [simd.splat_f32s(0.0); GIVEN];
                    for row in 0..GIVEN {
                        values[row] = S::as_simd_f32s(&cells[row][cell..cell + lanes]).0[0];
                    }
                    let values = transforms::output_grad(simd, values);
                    for row in 0..SEEN {
                        halfway[row][column] = values[row];
                    }
                }
                for row in 0..SEEN {
                    let values = transforms::output_grad(simd, halfway[row]);
                    for column in 0..SEEN {
                        let start = (row * SEEN + column) * plane + tile * channels + channel;
                        S::as_mut_simd_f32s(&mut given[start..start + lanes]).0[0] = values[column];
                    }
                }
            }
        }
    }
}

/// `sums[channel][out channel] += Σ seen[tile][channel] · given[tile][out channel]`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn add_products<S: Simd>(
    simd: S,
    [channels, given_len]: [usize; 2],
    seen: &[f32],
    given: &[f32],
    sums: &mut [f32],
) {
    let panel = VECTORS * S::F32_LANES;
    for column in (0..given_len).step_by(panel) {
        for row in (0..channels).step_by(ROWS) {
            let mut tile = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
            for (seen, given) in seen.chunks_exact(channels).zip(given.chunks_exact(given_len)) {
                let values = S::as_simd_f32s(&given[column..column + panel]).0;
                let values: [S::f32s; VECTORS] = [values[0], values[1]];
                for (sums, &factor) in tile.iter_mut().zip(&seen[row..row + ROWS]) {
                    let factor = simd.splat_f32s(factor);
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = simd.mul_add_e_f32s(factor, value, *sum);
                    }
                }
            }
            for (idx, tile) in tile.iter().enumerate() {
                let start = (row + idx) * given_len + column;
                let sums = S::as_mut_simd_f32s(&mut sums[start..start + panel]).0;
                for (sum, &part) in sums.iter_mut().zip(tile) {
                    *sum = simd.add_f32s(*sum, part);
                }
            }
        }
    }
}

/// The kernels' gradients from those of their values.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn turn_sums<S: Simd>(
    simd: S,
    sums: &[f32],
    [channels, out_channels]: [usize; 2],
    given_len: usize,
    plane: usize,
    out: &mut [f32],
) {
    let lanes = S::F32_LANES;
    for first in (0..out_channels).step_by(lanes) {
        for channel in 0..channels {
            let start = channel * given_len + first;
            let rows: [[S::f32s; 3]; SEEN] = std::array::from_fn(|row| {
                let values = std::array::from_fn(|column| {
                    let start = (row * SEEN + column) * plane + start;
                    S::as_simd_f32s(&sums[start..start + lanes]).0[0]
                });
                transforms::weight_grad(simd, values)
            });
            for column in 0..3 {
                let values = transforms::weight_grad(simd, rows.map(|row| row[column]));
                for (row, values) in values.into_iter().enumerate() {
                    let values = numbers(&values);
                    for (lane, &value) in values.iter().enumerate().take(out_channels - first) {
                        out[((first + lane) * channels + channel) * 9 + row * 3 + column] = value;
                    }
                }
            }
        }
    }
}
