//! The gradient with respect to the weights of a direct convolution: sums over positions, a few taps and a few registers
//! of output channels at a time.

use pulp::{Simd, WithSimd};

use super::{Memory, POSITIONS_AT_ONCE, Part, ROWS, VECTORS};
use crate::cpu::arrivals::{Gate, passed};
use crate::cpu::conv2d::Group;
use crate::cpu::memory::zeros;
use crate::cpu::side_by_side::{self, LANES};
use crate::window::Window;

pub(in crate::cpu) struct GradWeight<'a> {
    pub(in crate::cpu) window: Window,
    pub(in crate::cpu) groups: usize,
    pub(in crate::cpu) group: Group,
    pub(in crate::cpu) input: &'a [f32],
    pub(in crate::cpu) grads: &'a [f32],
    pub(in crate::cpu) gate: Gate<'a>,
    pub(in crate::cpu) out: &'a mut [f32],
    pub(in crate::cpu) bias: Option<&'a mut [f32]>,
    pub(in crate::cpu) memory: &'a mut Memory,
}

impl WithSimd for GradWeight<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, input, grads, gate, out, bias, memory } = self;
        let Group { m, k, maps_len, out_size, .. } = group;
        let Memory { planes, image, parts, rows, turned, bias: bias_sums, .. } = memory;
        let panel = VECTORS * S::F32_LANES;
        planes.lay_out_seen(&window, group.channels, group.size);
        if parts.is_empty() {
            parts.push(Part::default());
        }
        let part = &mut parts[0];
        part.see(&window, group, planes);
        for y in 0..out_size[0] {
            for x in 0..out_size[1] {
                part.places.push(Part::place(&window, planes, y, x));
            }
        }
        let n_positions = part.places.len();
        let at_once = POSITIONS_AT_ONCE.div_ceil(n_positions);
        part.repeat(at_once, planes.len());
        let (n_panels, k_len) = (m.div_ceil(panel), k.next_multiple_of(ROWS));
        let last = part.offsets.last().copied().unwrap_or(0);
        part.offsets.resize(k_len, last);
        let reach = part.places.iter().max().map_or(0, |&place| place as usize + 1);
        let image = zeros(image, at_once * planes.len());
        // [panel][position][channel]
        let columns_len = at_once * n_positions * panel;
        let columns = zeros(turned, n_panels * columns_len);
        // [group][panel][tap][channel]
        let sums = zeros(rows, groups * n_panels * k_len * panel);
        // [group][panel][channel]
        let bias_sums = zeros(bias_sums, groups * n_panels * panel);
        let n_images = input.len() / (maps_len * groups);
        let grads_len = grads.len() / (n_images * groups * m);
        for first in (0..n_images).step_by(at_once) {
            let n = at_once.min(n_images - first);
            for g in 0..groups {
                for idx in 0..n {
                    let maps = (first + idx) * groups + g;
                    let image = &mut image[idx * planes.len()..][..planes.len()];
                    planes.fill(&input[maps * maps_len..][..maps_len], image);
                    let start = maps * m * grads_len;
                    let grads = Grads {
                        grads: &grads[start..start + m * grads_len],
                        gate: gate.part(start, m * grads_len),
                        len: grads_len,
                    };
                    for first in (0..m).step_by(LANES.min(panel)) {
                        let columns = &mut columns[first / panel * columns_len..][..columns_len];
                        let columns = &mut columns[idx * n_positions * panel..][..n_positions * panel];
                        grads.turn(first, &mut columns[first % panel..], panel);
                    }
                }
                let sums = &mut sums[g * n_panels * k_len * panel..][..n_panels * k_len * panel];
                let panels = sums.chunks_exact_mut(k_len * panel).zip(columns.chunks_exact(columns_len));
                let bias_sums = bias_sums[g * n_panels * panel..].chunks_exact_mut(panel);
                for ((sums, columns), bias_sums) in panels.zip(bias_sums) {
                    let columns = &columns[..n * n_positions * panel];
                    if bias.is_some() {
                        add_columns(simd, columns, bias_sums);
                    }
                    let taps = part.offsets.as_chunks::<ROWS>().0.iter();
                    for (offsets, sums) in taps.zip(sums.chunks_exact_mut(ROWS * panel)) {
                        let seen = offsets.map(|offset| &image[offset as usize..][..reach]);
                        add(simd, seen, &part.places[..n * n_positions], columns, sums);
                    }
                }
            }
        }
        if let Some(bias) = bias {
            for (bias, sums) in bias.chunks_exact_mut(m).zip(bias_sums.chunks_exact(n_panels * panel)) {
                bias.copy_from_slice(&sums[..m]);
            }
        }
        for (channel, out) in out.chunks_exact_mut(k).enumerate() {
            let (g, channel) = (channel / m, channel % m);
            let start = (g * n_panels + channel / panel) * k_len * panel + channel % panel;
            for (out, sum) in out.iter_mut().zip(sums[start..].iter().step_by(panel)) {
                *out = *sum;
            }
        }
    }
}

/// The gradients of one image's group that pass a gate.
struct Grads<'a> {
    grads: &'a [f32],
    gate: Gate<'a>,
    /// Numbers of a map.
    len: usize,
}

impl Grads<'_> {
    /// Writes a few channels' gradients to their columns, zeros where none passes the gate.
    #[inline(always)]
    fn turn(&self, first: usize, columns: &mut [f32], step: usize) {
        let len = self.len;
        let n = LANES.min(step).min(self.grads.len() / len - first);
        let range = |lane: usize| (first + lane) * len..(first + lane + 1) * len;
        if n < LANES || step < LANES {
            for lane in 0..n {
                let output = match self.gate {
                    Gate::Positive(output) => Some(&output[range(lane)]),
                    _ => None,
                };
                for (idx, &grad) in self.grads[range(lane)].iter().enumerate() {
                    columns[idx * step + lane] = output.map_or(grad, |output| passed(grad, output[idx]));
                }
            }
            return;
        }
        let grads = std::array::from_fn(|lane| &self.grads[range(lane)]);
        if let Gate::Positive(output) = self.gate {
            let outputs = std::array::from_fn(|lane| &output[range(lane)]);
            side_by_side::write(grads, outputs, passed, columns, step);
        } else {
            side_by_side::write(grads, grads, |grad, _| grad, columns, step);
        }
    }
}

/// `sums[channel] += Σ columns[place][channel]`.
#[inline(always)]
fn add_columns<S: Simd>(simd: S, columns: &[f32], sums: &mut [f32]) {
    let mut totals = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let (tiles, rest) = S::as_simd_f32s(columns).0.as_chunks::<VECTORS>().0.as_chunks::<ROWS>();
    for tile in tiles {
        for (total, &value) in totals.as_flattened_mut().iter_mut().zip(tile.as_flattened()) {
            *total = simd.add_f32s(*total, value);
        }
    }
    let sums = S::as_mut_simd_f32s(sums).0;
    for values in totals.iter().chain(rest) {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum = simd.add_f32s(*sum, value);
        }
    }
}

/// `sums[tap][channel] += Σ seen[tap][place] · columns[place][channel]`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn add<S: Simd>(simd: S, seen: [&[f32]; ROWS], places: &[u32], columns: &[f32], sums: &mut [f32]) {
    let mut tile = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let columns = S::as_simd_f32s(columns).0.as_chunks::<VECTORS>().0;
    for (&place, values) in places.iter().zip(columns) {
        for (sums, seen) in tile.iter_mut().zip(seen) {
            let factor = simd.splat_f32s(seen[place as usize]);
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_e_f32s(factor, value, *sum);
            }
        }
    }
    let sums = S::as_mut_simd_f32s(sums).0;
    for (sum, &part) in sums.iter_mut().zip(tile.as_flattened()) {
        *sum = simd.add_f32s(*sum, part);
    }
}
