//! A convolution with the ReLU and the pooling that may follow it, and its gradients. Of four gradients that arrive at a
//! convolution's output pooling lets one through, or none: these few are multiplied one by one with what the kernel saw
//! there, or with the kernel itself, run by run (see [`channels_last`](super::channels_last)). That takes a page 9.0 and
//! 7.6 ms for the gradients of preset L's last convolution, and 11.3 and 12.5 with all those that are zero (see
//! [`winograd`]); for preset S's last 0.3 and 0.3 ms, and 1.0 and 1.1 (see [`direct`]).

use pulp::{Simd, WithSimd};

use super::Scratch;
use super::arrivals::{Arrivals, Gate};
use super::channels_last::ChannelsLast;
use super::conv2d::{self, Group};
use super::direct;
use super::finish::Finish;
use super::kernels::{Read, Write};
use super::memory::zeros;
use super::simd;
use super::winograd::{self, Source};
use crate::ops::ConvBlock;
use crate::window::Window;

/// Memory that the kernels keep from call to call.
#[derive(Debug, Default)]
pub(super) struct Memory {
    layout: ChannelsLast,
    arrivals: Arrivals,
    image: Vec<f32>,
    filters: Vec<f32>,
}

/// Numbers that may be read after an image's end: the vectors of one pass.
const SLACK: usize = MOST_VECTORS * 16;
/// Vectors that one pass keeps in registers.
const MOST_VECTORS: usize = 8;

/// `further[0]` is the choice, where it is wanted.
pub(super) fn forward(
    block: &ConvBlock,
    input: Read<'_>,
    weight: Read<'_>,
    bias: Option<Read<'_>>,
    out: &mut [f32],
    further: &mut [Write<'_>],
    scratch: &mut Scratch,
) {
    let choice = further.first_mut().map(|choice| bytemuck::cast_slice_mut(&mut *choice.data));
    let finish = Finish { relu: block.relu, pool: block.pool, choice };
    let [batch, _, height, width] = input.dims();
    let [out_channels, ..]: [usize; 4] = weight.dims();
    let Some([out_height, out_width]) = block.conv_size([height, width]) else { return };
    let shape = [batch, out_channels, out_height, out_width];
    conv2d::correlate(&block.conv, input, weight, bias, shape, out, finish, scratch);
}

pub(super) fn grad_weight(
    block: &ConvBlock,
    input: Read<'_>,
    grad_output: Read<'_>,
    gate: Option<Read<'_>>,
    out: &mut [f32],
    further: &mut [Write<'_>],
    scratch: &mut Scratch,
) {
    let conv = block.conv;
    let [batch, out_channels, ..]: [usize; 4] = grad_output.dims();
    let [_, _, height, width] = input.dims();
    let Some(out_size) = block.conv_size([height, width]) else { return };
    let group = Group::new(&conv, input.dims(), [batch, out_channels, out_size[0], out_size[1]]);
    let bias = further.first_mut().map(|bias| &mut *bias.data);
    let (window, groups) = (conv.window, conv.groups);
    if let (Some(_), Some(choice)) = (block.pool, gate) {
        let (choice, grads) = (bytemuck::cast_slice(choice.data), grad_output.data);
        let (input, memory) = (input.data, &mut scratch.conv_block);
        let kernel = GradWeight { window, groups, group, input, grads, choice, out, bias, memory };
        return simd::run(kernel);
    }
    let gate = Gate::new(gate);
    if winograd::computes(&conv, group.channels, group.m) {
        let grads = Source { numbers: grad_output.data, size: last(grad_output), gate };
        let input = Source { numbers: input.data, size: group.size, gate: Gate::Open };
        let (sizes, memory) = (winograd::Sizes::new(&window, group), &mut scratch.winograd);
        return winograd::GradWeight { sizes, input, grads, out, bias, memory }.run();
    }
    let (input, grads, memory) = (input.data, grad_output.data, &mut scratch.direct);
    let kernel = direct::GradWeight { window, groups, group, input, grads, gate, out, bias, memory };
    simd::run(kernel);
}

pub(super) fn grad_input(
    block: &ConvBlock,
    grad_output: Read<'_>,
    weight: Read<'_>,
    gate: Option<Read<'_>>,
    out: &mut [f32],
    shape: &[usize],
    scratch: &mut Scratch,
) {
    let conv = block.conv;
    let [batch, out_channels, ..]: [usize; 4] = grad_output.dims();
    let &[_, in_channels, height, width] = shape else { return };
    let Some(out_size) = block.conv_size([height, width]) else { return };
    let input = [batch, in_channels, height, width];
    let group = Group::new(&conv, input, [batch, out_channels, out_size[0], out_size[1]]);
    let (window, groups) = (conv.window, conv.groups);
    let (weight, grads) = (weight.data, grad_output.data);
    if let (Some(_), Some(choice)) = (block.pool, gate) {
        let (choice, memory) = (bytemuck::cast_slice(choice.data), &mut scratch.conv_block);
        let kernel = GradInput { window, groups, group, weight, grads, choice, out, memory };
        return simd::run(kernel);
    }
    let gate = Gate::new(gate);
    if winograd::computes_back(&conv, group.m, group.channels) {
        let input = Source { numbers: grads, size: last(grad_output), gate };
        let (sizes, memory) = (winograd::Sizes::new(&window, group).back(), &mut scratch.winograd);
        let finish = Finish::default();
        return winograd::Correlate { sizes, input, weight, back: true, bias: None, out, finish, memory }
            .run();
    }
    let memory = &mut scratch.direct;
    simd::run(direct::GradInput { window, groups, group, weight, grads, gate, out, memory });
}

/// The sizes of a map.
fn last(maps: Read<'_>) -> [usize; 2] {
    let [_, _, height, width] = maps.dims();
    [height, width]
}

/// Calls an instance of a function that is generic over the runs and vectors of a pass.
macro_rules! instance {
    ($function:ident($runs:expr, $vectors:expr)($($argument:expr),*)) => {
        match ($runs, $vectors) {
            (1, 1) => $function::<S, 1, 1>($($argument),*),
            (2, 1) => $function::<S, 2, 1>($($argument),*),
            (3, 1) => $function::<S, 3, 1>($($argument),*),
            (4, 1) => $function::<S, 4, 1>($($argument),*),
            (5, 1) => $function::<S, 5, 1>($($argument),*),
            (1, 2) => $function::<S, 1, 2>($($argument),*),
            (2, 2) => $function::<S, 2, 2>($($argument),*),
            (3, 2) => $function::<S, 3, 2>($($argument),*),
            (1, 3) => $function::<S, 1, 3>($($argument),*),
            (1, 4) => $function::<S, 1, 4>($($argument),*),
            (1, 5) => $function::<S, 1, 5>($($argument),*),
            (1, 6) => $function::<S, 1, 6>($($argument),*),
            (1, 7) => $function::<S, 1, 7>($($argument),*),
            (1, 8) => $function::<S, 1, 8>($($argument),*),
            pass => unreachable!("no pass has {pass:?} runs and vectors"),
        }
    };
}

/// Divides `n_runs` runs of `n_vectors` vectors each among passes that keep at most [`MOST_VECTORS`] in registers: calls
/// `visit([first run, runs], [first vector, vectors])`.
#[inline(always)]
fn passes(n_runs: usize, n_vectors: usize, mut visit: impl FnMut([usize; 2], [usize; 2])) {
    let runs_at_once = match n_vectors {
        1 => 5,
        2 => 3,
        _ => 1,
    };
    let n_parts = n_vectors.div_ceil(MOST_VECTORS);
    for run in (0..n_runs).step_by(runs_at_once) {
        for part in 0..n_parts {
            let (start, end) = (part * n_vectors / n_parts, (part + 1) * n_vectors / n_parts);
            visit([run, runs_at_once.min(n_runs - run)], [start, end - start]);
        }
    }
}

/// `filter[run][cell] += Σ value · image[offset + run + cell]`, over the arrivals.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn gather<S: Simd, const RUNS: usize, const VECTORS: usize>(
    simd: S,
    (offsets, values): (&[u32], &[f32]),
    runs: &[usize],
    start: usize,
    image: &[f32],
    run_len: usize,
    filter: &mut [f32],
) {
    let len = VECTORS * S::F32_LANES;
    let starts: [usize; RUNS] = std::array::from_fn(|run| runs[run] + start);
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; RUNS];
    for (sums, filter) in sums.iter_mut().zip(filter.chunks(run_len)) {
        sums.copy_from_slice(S::as_simd_f32s(&filter[..len]).0);
    }
    for (&offset, &value) in offsets.iter().zip(values) {
        let value = simd.splat_f32s(value);
        for run in 0..RUNS {
            let cells = S::as_simd_f32s(&image[offset as usize + starts[run]..][..len]).0;
            for vector in 0..VECTORS {
                sums[run][vector] = simd.mul_add_e_f32s(value, cells[vector], sums[run][vector]);
            }
        }
    }
    for (sums, filter) in sums.iter().zip(filter.chunks_mut(run_len)) {
        S::as_mut_simd_f32s(&mut filter[..len]).0.copy_from_slice(sums);
    }
}

/// `image[offset + run + cell] += value · filter[run][cell]`, for each of the arrivals in turn.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn spread<S: Simd, const RUNS: usize, const VECTORS: usize>(
    simd: S,
    (offsets, values): (&[u32], &[f32]),
    runs: &[usize],
    start: usize,
    image: &mut [f32],
    run_len: usize,
    filter: &[f32],
) {
    let len = VECTORS * S::F32_LANES;
    let starts: [usize; RUNS] = std::array::from_fn(|run| runs[run] + start);
    let mut weights = [[simd.splat_f32s(0.0); VECTORS]; RUNS];
    for (weights, filter) in weights.iter_mut().zip(filter.chunks(run_len)) {
        weights.copy_from_slice(S::as_simd_f32s(&filter[..len]).0);
    }
    for (&offset, &value) in offsets.iter().zip(values) {
        let value = simd.splat_f32s(value);
        for run in 0..RUNS {
            let cells = S::as_mut_simd_f32s(&mut image[offset as usize + starts[run]..][..len]).0;
            for vector in 0..VECTORS {
                cells[vector] = simd.mul_add_e_f32s(value, weights[run][vector], cells[vector]);
            }
        }
    }
}

struct GradWeight<'a> {
    window: Window,
    groups: usize,
    group: Group,
    input: &'a [f32],
    grads: &'a [f32],
    choice: &'a [u32],
    out: &'a mut [f32],
    bias: Option<&'a mut [f32]>,
    memory: &'a mut Memory,
}

impl WithSimd for GradWeight<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, input, grads, choice, out, mut bias, memory } = self;
        let Memory { layout, arrivals, image, filters } = memory;
        layout.lay_out(&window, group.channels, group.size, group.out_size);
        let image = zeros(image, layout.len(SLACK));
        let run_len = layout.run_len.next_multiple_of(S::F32_LANES);
        let filter_len = layout.runs.len() * run_len;
        let filters = zeros(filters, groups * group.m * filter_len);
        if let Some(bias) = &mut bias {
            bias.fill(0.0);
        }
        let n_maps = input.len() / group.maps_len;
        let len = grads.len() / (n_maps * group.m);
        for (idx, maps) in input.chunks_exact(group.maps_len).enumerate() {
            layout.fill(maps, image);
            let first = idx % groups * group.m;
            for channel in 0..group.m {
                let start = (idx * group.m + channel) * len;
                let sum =
                    arrivals.list(&choice[start..start + len], &grads[start..start + len], &layout.positions);
                if let Some(bias) = &mut bias {
                    bias[first + channel] += sum;
                }
                let filter = &mut filters[(first + channel) * filter_len..][..filter_len];
                let arrivals = arrivals.parts();
                passes(
                    layout.runs.len(),
                    run_len / S::F32_LANES,
                    |[first_run, n_runs], [start, n_vectors]| {
                        let runs = &layout.runs[first_run..first_run + n_runs];
                        let start = start * S::F32_LANES;
                        let filter = &mut filter[first_run * run_len + start..];
                        instance!(gather(n_runs, n_vectors)(
                            simd, arrivals, runs, start, image, run_len, filter
                        ));
                    },
                );
            }
        }
        for (out, filter) in out.chunks_exact_mut(group.k).zip(filters.chunks_exact(filter_len)) {
            layout.filter_cells(&window, run_len, |from, to| out[to] = filter[from]);
        }
    }
}

struct GradInput<'a> {
    window: Window,
    groups: usize,
    group: Group,
    weight: &'a [f32],
    grads: &'a [f32],
    choice: &'a [u32],
    out: &'a mut [f32],
    memory: &'a mut Memory,
}

impl WithSimd for GradInput<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { window, groups, group, weight, grads, choice, out, memory } = self;
        let Memory { layout, arrivals, image, filters } = memory;
        layout.lay_out(&window, group.channels, group.size, group.out_size);
        let run_len = layout.run_len.next_multiple_of(S::F32_LANES);
        let filter_len = layout.runs.len() * run_len;
        // What fills up the runs stays zero, so that it adds nothing to the cells behind a run.
        let filters = zeros(filters, groups * group.m * filter_len);
        for (filter, weight) in filters.chunks_exact_mut(filter_len).zip(weight.chunks_exact(group.k)) {
            layout.filter_cells(&window, run_len, |to, from| filter[to] = weight[from]);
        }
        let len = grads.len() / (out.len() / group.maps_len * group.m);
        for (idx, maps) in out.chunks_exact_mut(group.maps_len).enumerate() {
            let image = zeros(image, layout.len(SLACK));
            let first = idx % groups * group.m;
            for channel in 0..group.m {
                let start = (idx * group.m + channel) * len;
                arrivals.list(&choice[start..start + len], &grads[start..start + len], &layout.positions);
                let arrivals = arrivals.parts();
                let filter = &filters[(first + channel) * filter_len..][..filter_len];
                passes(
                    layout.runs.len(),
                    run_len / S::F32_LANES,
                    |[first_run, n_runs], [start, n_vectors]| {
                        let runs = &layout.runs[first_run..first_run + n_runs];
                        let start = start * S::F32_LANES;
                        let filter = &filter[first_run * run_len + start..];
                        instance!(spread(n_runs, n_vectors)(
                            simd, arrivals, runs, start, image, run_len, filter
                        ));
                    },
                );
            }
            layout.read(image, maps);
        }
    }
}
