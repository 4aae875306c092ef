//! The gradient with respect to the input of a direct convolution: the cells that the same taps reach, a stride apart, are
//! a part each.

use pulp::{Simd, WithSimd};

use super::{Memory, POSITIONS_AT_ONCE, Part, VECTORS, compute};
use crate::cpu::arrivals::Gate;
use crate::cpu::conv2d::Group;
use crate::cpu::memory::{sized, zeros};
use crate::window::Window;

/// Of the gradients that pass a gate.
pub(in crate::cpu) struct GradInput<'a> {
    pub(in crate::cpu) window: Window,
    pub(in crate::cpu) groups: usize,
    pub(in crate::cpu) group: Group,
    pub(in crate::cpu) weight: &'a [f32],
    pub(in crate::cpu) grads: &'a [f32],
    pub(in crate::cpu) gate: Gate<'a>,
    pub(in crate::cpu) out: &'a mut [f32],
    pub(in crate::cpu) memory: &'a mut Memory,
}

impl WithSimd for GradInput<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, weight, grads, gate, out, memory } = self;
        let Window { kernel, stride, padding, dilation } = window;
        let Group { m, k, channels, maps_len, size, out_size, .. } = group;
        let Memory { planes, image, parts, rows, .. } = memory;
        let panel = VECTORS * S::F32_LANES;
        // Cell i of the input gets from output o by tap t where i + padding = stride · o + dilation · t.
        let before = [0, 1].map(|axis| (kernel[axis] - 1) * dilation[axis] / stride[axis]);
        let padded = [0, 1].map(|axis| {
            before[axis] + out_size[axis].max((size[axis] - 1 + padding[axis]) / stride[axis] + 1)
        });
        planes.lay_out(m, out_size, before, padded);
        let n_parts = stride[0] * stride[1];
        if parts.len() < n_parts {
            parts.resize_with(n_parts, Part::default);
        }
        let n_images = out.len() / (maps_len * groups);
        let at_once = (POSITIONS_AT_ONCE * n_parts).div_ceil(size[0] * size[1]);
        let mut longest = 0;
        for (idx, part) in parts[..n_parts].iter_mut().enumerate() {
            let phase = [idx / stride[1], idx % stride[1]];
            let taps = |axis: usize| {
                (0..kernel[axis]).filter(move |tap| tap * dilation[axis] % stride[axis] == phase[axis])
            };
            part.clear();
            for channel in 0..m {
                for i in taps(0) {
                    let y = before[0] - i * dilation[0] / stride[0];
                    let row = channel * planes.plane_len + y * planes.width;
                    part.offsets
                        .extend(taps(1).map(|j| (row + before[1] - j * dilation[1] / stride[1]) as u32));
                    part.sources.extend(taps(1).map(|j| (channel * k + i * kernel[1] + j) as u32));
                }
            }
            part.pack(weight, [groups, m * k], [channels, kernel[0] * kernel[1]], panel);
            let cells = |axis: usize| {
                (0..size[axis]).filter(move |cell| (cell + padding[axis]) % stride[axis] == phase[axis])
            };
            for y in cells(0) {
                let row = (y + padding[0]) / stride[0] * planes.width;
                part.places.extend(cells(1).map(|x| (row + (x + padding[1]) / stride[1]) as u32));
                part.positions.extend(cells(1).map(|x| (y * size[1] + x) as u32));
            }
            part.repeat(at_once, planes.len());
            longest = longest.max(part.places.len());
        }
        let n_panels = channels.div_ceil(panel);
        let image = zeros(image, at_once * planes.len());
        let rows = sized(rows, n_panels * panel * longest);
        let map_len = size[0] * size[1];
        let grads_len = grads.len() / (n_images * groups);
        for first in (0..n_images).step_by(at_once) {
            let n = at_once.min(n_images - first);
            for g in 0..groups {
                for (idx, image) in image.chunks_exact_mut(planes.len()).enumerate().take(n) {
                    let start = ((first + idx) * groups + g) * grads_len;
                    planes.fill_gated(gate, start, &grads[start..start + grads_len], image);
                }
                for part in parts[..n_parts].iter().filter(|part| !part.positions.is_empty()) {
                    let len = n_panels * part.offsets.len() * panel;
                    let weights = &part.weights[g * len..][..len];
                    let (n_positions, row_len) = (part.positions.len(), part.places.len());
                    compute(simd, part, weights, image, n * n_positions, row_len, rows);
                    for idx in 0..n {
                        for channel in 0..channels {
                            let row = &rows[channel * row_len + idx * n_positions..][..n_positions];
                            let map = ((first + idx) * groups + g) * channels + channel;
                            let map = &mut out[map * map_len..][..map_len];
                            for (&position, &value) in part.positions.iter().zip(row) {
                                map[position as usize] = value;
                            }
                        }
                    }
                }
            }
        }
    }
}
