use tensor::ops::Conv2d;
use tensor::{Operand, Step, Window};

use super::{Grid, MOST_TURNS, Row, WORKGROUP_SIZE, dims, u32};
use crate::specialise::Constant;

/// Channels, and positions or taps, that one invocation or workgroup of a convolution computes.
const BLOCK: usize = 4;

type Constants = Vec<(&'static str, Constant)>;

fn window(window: &Window) -> Constants {
    vec![
        ("KERNEL_H", u32(window.kernel[0])),
        ("KERNEL_W", u32(window.kernel[1])),
        ("STRIDE_H", u32(window.stride[0])),
        ("STRIDE_W", u32(window.stride[1])),
        ("PADDING_H", u32(window.padding[0])),
        ("PADDING_W", u32(window.padding[1])),
        ("DILATION_H", u32(window.dilation[0])),
        ("DILATION_W", u32(window.dilation[1])),
    ]
}

/// Pooling without a window of its own: one invocation per cell of what is written. `is_grad` says that the output's
/// gradient is read last and the input's written.
pub(super) fn planes(file: &'static str, step: &Step, is_grad: bool) -> Row {
    let read = &step.reads[step.reads.len() - 1];
    let (input, output) = if is_grad { (&step.writes[0], read) } else { (read, &step.writes[0]) };
    let [batch, channels, in_h, in_w]: [usize; 4] = dims(input);
    let [_, _, out_h, out_w]: [usize; 4] = dims(output);
    let constants = vec![
        ("PLANES", u32(batch * channels)),
        ("IN_H", u32(in_h)),
        ("IN_W", u32(in_w)),
        ("OUT_H", u32(out_h)),
        ("OUT_W", u32(out_w)),
    ];
    Row { file, constants, grid: Grid::Invocations(step.writes[0].value.numel()) }
}

pub(super) fn pool2d(file: &'static str, slides: &Window, step: &Step, is_grad: bool) -> Row {
    let mut row = planes(file, step, is_grad);
    row.constants.extend(window(slides));
    row
}

pub(super) fn max_pool2d_grad(slides: &Window, step: &Step) -> Row {
    let disjoint =
        (0..2).all(|axis| slides.kernel[axis] <= slides.stride[axis] && slides.dilation[axis] == 1);
    if !disjoint {
        return pool2d("max_pool2d_grad", slides, step, true);
    }
    let mut row = pool2d("max_pool2d_grad_disjoint", slides, step, true);
    let [batch, channels, in_h, in_w]: [usize; 4] = dims(&step.writes[0]);
    let tiles = |axis: usize, size: usize| (size + slides.padding[axis]).div_ceil(slides.stride[axis]);
    row.grid = Grid::Invocations(batch * channels * tiles(0, in_h) * tiles(1, in_w));
    row
}

pub(super) fn conv2d_constants(conv: &Conv2d, input: &Operand, output: &Operand) -> Constants {
    let [batch, in_channels, in_h, in_w]: [usize; 4] = dims(input);
    let [_, out_channels, out_h, out_w]: [usize; 4] = dims(output);
    let mut constants = window(&conv.window);
    constants.extend([
        ("BATCH", u32(batch)),
        ("IN_CHANNELS", u32(in_channels)),
        ("IN_H", u32(in_h)),
        ("IN_W", u32(in_w)),
        ("OUT_CHANNELS", u32(out_channels)),
        ("OUT_H", u32(out_h)),
        ("OUT_W", u32(out_w)),
        ("GROUPS", u32(conv.groups)),
    ]);
    constants
}

/// One invocation per block of positions and block of channels of one group.
pub(super) fn blocks(tensor: &Operand, groups: usize) -> Grid {
    let [batch, channels, height, width]: [usize; 4] = dims(tensor);
    Grid::Invocations(n_blocks(channels, groups, batch * height * width))
}

/// Blocks of channels of one group, times blocks of positions.
pub(super) const fn n_blocks(channels: usize, groups: usize, n_positions: usize) -> usize {
    groups * (channels / groups).div_ceil(BLOCK) * n_positions.div_ceil(BLOCK)
}

/// Invocations that a GPU needs to be busy, and one that is a program on a few cores.
const BUSY: usize = 16_384;
const BUSY_SOFTWARE: usize = 64;

/// How many invocations share a tile of a weight's gradient, and how many tiles there are.
pub(super) fn lanes(conv: &Conv2d, step: &Step, is_software: bool) -> (usize, usize) {
    let [out_channels, group_channels, kernel_h, kernel_w]: [usize; 4] = dims(&step.writes[0]);
    let n_channel_blocks = conv.groups * (out_channels / conv.groups).div_ceil(BLOCK);
    let n_tiles = n_channel_blocks * (group_channels * kernel_h * kernel_w).div_ceil(BLOCK);
    let [batch, _, out_h, out_w]: [usize; 4] = dims(&step.reads[1]);
    let busy = if is_software { BUSY_SOFTWARE } else { BUSY };
    // More lanes than rows would have nothing to do.
    let enough = |lanes: &usize| n_tiles * lanes >= busy || batch * out_h < 8 * lanes;
    let ends = |lanes: &usize| !is_software || (batch * out_h).div_ceil(*lanes) * (out_w + 1) <= MOST_TURNS;
    (([1, 8].into_iter().find(|lanes| enough(lanes) && ends(lanes))).unwrap_or(WORKGROUP_SIZE), n_tiles)
}
