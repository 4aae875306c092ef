use tensor::ops::{ConvBlock, ConvBlockGradInput, ConvBlockGradWeight};
use tensor::{Operand, Step, Window};

use super::windowed::{blocks, conv2d_constants, lanes};
use super::{Grid, Row, WORKGROUP_SIZE, dims, u32};
use crate::specialise::Constant;

type Constants = Vec<(&'static str, Constant)>;

/// The sizes of a block: its input's, its convolution's map's and its output's.
fn constants(block: &ConvBlock, input: &Operand, output: &Operand) -> Constants {
    let [_, _, in_h, in_w]: [usize; 4] = dims(input);
    let [conv_h, conv_w] = block.conv_size([in_h, in_w]).expect("the operation's shape rule checked it");
    let mut constants = conv2d_constants(&block.conv, input, output);
    constants.extend([("CONV_H", u32(conv_h)), ("CONV_W", u32(conv_w))]);
    constants
}

/// How pooling slides over the convolution's map; without pooling, over single cells.
fn pool(block: &ConvBlock) -> Constants {
    let window = block.pool.unwrap_or_else(|| Window::square(1));
    vec![
        ("POOL_H", u32(window.kernel[0])),
        ("POOL_W", u32(window.kernel[1])),
        ("POOL_STRIDE_H", u32(window.stride[0])),
        ("POOL_STRIDE_W", u32(window.stride[1])),
        ("POOL_PADDING_H", u32(window.padding[0])),
        ("POOL_PADDING_W", u32(window.padding[1])),
    ]
}

/// Whether the kernels fit that keep four by four cells of the convolution's map in registers.
fn halves(block: &ConvBlock) -> bool {
    let once = |window: &Window| window.stride == [1, 1] && window.dilation == [1, 1];
    let halving =
        |window: &Window| window.kernel == [2, 2] && window.stride == [2, 2] && window.padding == [0, 0];
    once(&block.conv.window) && block.pool.as_ref().is_some_and(halving)
}

/// Invocations below which a GPU is better off with smaller tiles.
const BUSY: usize = 16_384;

/// Channels, and rows and columns of the convolution's map or the input, that one invocation keeps in registers.
const CHANNELS: usize = 8;
const TILE: usize = 4;

/// How many tiles cover these channels and this map, where that keeps the device busy.
fn tiles(
    block: &ConvBlock,
    [batch, channels, height, width]: [usize; 4],
    is_software: bool,
) -> Option<usize> {
    let n_blocks = block.conv.groups * (channels / block.conv.groups).div_ceil(CHANNELS);
    let n_tiles = batch * n_blocks * height.div_ceil(TILE) * width.div_ceil(TILE);
    (halves(block) && (is_software || n_tiles >= BUSY)).then_some(n_tiles)
}

/// Leaves out what a shader that is not for every geometry takes for granted.
fn without(constants: &mut Constants, prefixes: &[&str]) {
    constants.retain(|(name, _)| !prefixes.iter().any(|prefix| name.starts_with(prefix)));
}

pub(super) fn forward(block: &ConvBlock, step: &Step, is_software: bool) -> Row {
    let mut constants = constants(block, &step.reads[0], &step.writes[0]);
    constants.extend(pool(block));
    constants.extend([
        ("RELU", Constant::Bool(block.relu)),
        ("HAS_BIAS", Constant::Bool(step.reads.len() == 3)),
        ("HAS_CHOICE", Constant::Bool(step.writes.len() == 2)),
    ]);
    let [batch, channels, out_h, out_w]: [usize; 4] = dims(&step.writes[0]);
    match tiles(block, [batch, channels, 2 * out_h, 2 * out_w], is_software) {
        Some(n_tiles) => {
            without(&mut constants, &["STRIDE", "DILATION", "POOL", "CONV_H"]);
            Row { file: "conv_block_halving", constants, grid: Grid::Invocations(n_tiles) }
        }
        None => Row { file: "conv_block", constants, grid: blocks(&step.writes[0], block.conv.groups) },
    }
}

pub(super) fn grad_input(grad: &ConvBlockGradInput, step: &Step, is_software: bool) -> Row {
    let block = &grad.block;
    let mut constants = constants(block, &step.writes[0], &step.reads[0]);
    if let Some(n_tiles) = tiles(block, dims(&step.writes[0]), is_software) {
        without(&mut constants, &["STRIDE", "DILATION", "CONV_H"]);
        return Row { file: "conv_block_grad_input_halving", constants, grid: Grid::Invocations(n_tiles) };
    }
    constants.extend(pool(block));
    constants.push(("POOLED", Constant::Bool(block.pool.is_some())));
    Row { file: "conv_block_grad_input", constants, grid: blocks(&step.writes[0], block.conv.groups) }
}

/// Output channels of one workgroup where the kernel fits that keeps a window's inputs in registers.
const HALVING_CHANNELS: usize = 4;

pub(super) fn grad_weight(grad: &ConvBlockGradWeight, step: &Step, is_software: bool) -> Row {
    let block = &grad.block;
    let mut constants = constants(block, &step.reads[0], &step.reads[1]);
    constants.push(("HAS_BIAS", Constant::Bool(step.writes.len() == 2)));
    if halves(block) && block.conv.window.kernel == [3, 3] {
        without(&mut constants, &["STRIDE", "DILATION", "CONV_H", "KERNEL"]);
        let [out_channels, group_channels, ..]: [usize; 4] = dims(&step.writes[0]);
        let groups = block.conv.groups;
        let n_blocks = groups * (out_channels / groups).div_ceil(HALVING_CHANNELS);
        let grid = Grid::Workgroups(n_blocks * group_channels);
        return Row { file: "conv_block_grad_weight_halving", constants, grid };
    }
    let (lanes, n_tiles) = lanes(&block.conv, step, is_software);
    let gate = match (step.reads.len(), block.pool) {
        (2, _) => 0,
        (_, Some(_)) => 1,
        (_, None) => 2,
    };
    without(&mut constants, &["CONV_H"]);
    constants.extend([("LANES", u32(lanes)), ("GATE", u32(gate))]);
    let grid = Grid::Workgroups((n_tiles * lanes).div_ceil(WORKGROUP_SIZE));
    Row { file: "conv_block_grad_weight", constants, grid }
}
