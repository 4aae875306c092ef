//! Convolution: with few multiplications where that pays (see [`winograd`](super::winograd)), else
//! [directly](super::direct).

use super::arrivals::Gate;
use super::finish::Finish;
use super::kernels::Read;
use super::winograd::{self, Source};
use super::{Scratch, conv_block, direct, simd};
use crate::ops::{Conv2d, ConvBlock};

/// The sizes of one group's products.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// Output channels.
    pub(super) m: usize,
    /// Input channels times taps.
    pub(super) k: usize,
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
            channels,
            maps_len: channels * height * width,
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
    let (window, groups) = (conv.window, conv.groups);
    let (input, weight) = (input.data, weight.data);
    if winograd::computes(conv, group.channels, group.m) {
        let input = Source { numbers: input, size: group.size, gate: Gate::Open };
        let (sizes, memory) = (winograd::Sizes::new(&window, group), &mut scratch.winograd);
        return winograd::Correlate { sizes, input, weight, back: false, bias, out, finish, memory }.run();
    }
    let memory = &mut scratch.direct;
    simd::run(direct::Forward { window, groups, group, input, weight, bias, out, finish, memory });
}

pub(super) fn grad_input(
    conv: &Conv2d,
    grad_output: Read<'_>,
    weight: Read<'_>,
    shape: &[usize],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let block = ConvBlock { conv: *conv, relu: false, pool: None };
    conv_block::grad_input(&block, grad_output, weight, None, out, shape, scratch);
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

#[cfg(test)]
mod tests;
