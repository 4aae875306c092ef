use tensor::ops::{Conv2d, ConvBlock, Op};
use tensor::{Kernel, Operand, Step, Window};

use super::conv_rows;
use super::windowed::{blocks, conv2d_constants, lanes, n_blocks};
use super::{Grid, Launch, MOST_TURNS, QUAD, Row, Traits, WORKGROUP_SIZE, dims, u32};
use crate::specialise::Constant;

pub(super) type Constants = Vec<(&'static str, Constant)>;

/// A convolution alone, as a block.
pub(super) const fn alone(conv: Conv2d) -> ConvBlock {
    ConvBlock { conv, relu: false, pool: None }
}

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
    let n_taps = block.conv.window.kernel.iter().product::<usize>();
    once(&block.conv.window) && block.pool.as_ref().is_some_and(halving) && 4 * n_taps <= MOST_PRODUCTS
}

/// Invocations below which a GPU is better off with smaller tiles.
const BUSY: usize = 16_384;

/// Products of four numbers that a shader writes out at the most: SwiftShader compiles about as many in 0.4 s, which the first
/// step waits for.
const MOST_PRODUCTS: usize = 256;

/// Channels, and squares of two by two cells side by side, that one invocation keeps in registers; and how many invocations,
/// of neighbouring channels, share what they load.
#[derive(Clone, Copy)]
struct Tile {
    columns: usize,
    channels: usize,
    shared: usize,
}

impl Tile {
    /// A tile for rows of this many squares and groups of this many channels. A GPU that is a program has a cache for its
    /// registers; another has some hundred of them to an invocation.
    fn new(block: &ConvBlock, n_columns: usize, group_channels: usize, traits: Traits) -> Self {
        let [kernel_h, kernel_w] = block.conv.window.kernel;
        let taps = kernel_h * kernel_w;
        let most = if traits.is_software { 8 } else { 4 };
        let most_columns = most.min((MOST_PRODUCTS / taps).max(1));
        // Tiles of the same width, as far as that goes.
        let columns = n_columns.div_ceil(n_columns.div_ceil(most_columns));
        let shared = if traits.has_quads && group_channels >= QUAD { QUAD } else { 1 };
        let channels = (MOST_PRODUCTS / (taps * columns)).clamp(1, most).min(group_channels.div_ceil(shared));
        Self { columns, channels, shared }
    }

    /// How many tiles cover this many channels of a group.
    const fn n_blocks(self, group_channels: usize) -> usize {
        group_channels.div_ceil(self.channels * self.shared)
    }
}

/// The tile and how many invocations cover these channels and rows of squares, where that keeps the device busy.
fn tiles(
    block: &ConvBlock,
    [batch, channels, rows, columns]: [usize; 4],
    traits: Traits,
) -> Option<(Tile, usize)> {
    let groups = block.conv.groups;
    let tile = Tile::new(block, columns, channels / groups, traits);
    let n_tiles = batch * groups * tile.n_blocks(channels / groups) * rows * columns.div_ceil(tile.columns);
    (halves(block) && (traits.is_software || n_tiles >= BUSY)).then_some((tile, n_tiles * tile.shared))
}

/// Leaves out what a shader that is not for every geometry takes for granted.
fn without(constants: &mut Constants, prefixes: &[&str]) {
    constants.retain(|(name, _)| !prefixes.iter().any(|prefix| name.starts_with(prefix)));
}

/// The vectors that hold a row of so many taps: those with the fewest numbers past the last tap, and of these the longest.
pub(super) fn row_pieces(n_taps: usize) -> Constants {
    let n = |len: usize| n_taps.div_ceil(len);
    let len = (2..=4).min_by_key(|&len| (n(len) * len, n(len))).expect("vectors have two to four numbers");
    vec![("Piece", Constant::Vector(len)), ("PIECE", u32(len)), ("ROW_PIECES", u32(n(len)))]
}

pub(super) fn forward(block: &ConvBlock, step: &Step, traits: Traits) -> Row {
    if block.pool.is_none()
        && let Some(row) = conv_rows::forward(&block.conv, block.relu, step, traits)
    {
        return row;
    }
    let mut constants = constants(block, &step.reads[0], &step.writes[0]);
    constants.extend(pool(block));
    constants.extend([
        ("RELU", Constant::Bool(block.relu)),
        ("HAS_BIAS", Constant::Bool(step.reads.len() == 3)),
        ("HAS_CHOICE", Constant::Bool(step.writes.len() == 2)),
    ]);
    match tiles(block, dims(&step.writes[0]), traits) {
        Some((tile, n_invocations)) => {
            without(&mut constants, &["STRIDE", "DILATION", "POOL", "CONV_H"]);
            let [_, in_channels, ..]: [usize; 4] = dims(&step.reads[0]);
            let group_channels = in_channels / block.conv.groups;
            let [kernel_h, kernel_w] = block.conv.window.kernel;
            constants.extend([
                ("GROUP_IN", u32(group_channels)),
                ("ONE_CHANNEL", Constant::Bool(group_channels == 1)),
                ("COLUMNS", u32(tile.columns)),
                ("CHANNELS", u32(tile.channels)),
                ("SHARED", u32(tile.shared)),
                ("SEEN_H", u32(kernel_h + 1)),
                ("SEEN_PIECES", u32((kernel_w + 2 * tile.columns - 1).div_ceil(tile.shared))),
                ("CELLS_W", u32(2 * tile.columns)),
            ]);
            constants.extend(row_pieces(kernel_w));
            Row { file: "conv_block_halving", constants, grid: Grid::Invocations(n_invocations) }
        }
        None => Row { file: "conv_block", constants, grid: blocks(&step.writes[0], block.conv.groups) },
    }
}

/// Output channels of one workgroup of a weight's gradient, as the shader has it.
const SHARE_CHANNELS: usize = 4;

/// The invocations of one workgroup of a weight's gradient: a power of two.
fn share_lanes(n_taps: usize, is_software: bool) -> usize {
    // A GPU that is a program wants few invocations; another wants many.
    let most = if is_software { 8 } else { 64 };
    most.min(1 << (WORKGROUP_NUMBERS / (SHARE_CHANNELS * (n_taps + 1))).ilog2())
}

/// One of a block's gradients, where the kernel fits that keeps squares of the map in registers.
pub(super) fn one_grad(step: &Step, traits: Traits) -> Option<Launch<'_>> {
    match &step.kernel {
        Kernel::Operation(Op::ConvBlockGradWeight(grad)) if halves(&grad.block) => {
            Some(grads(&grad.block, Some(step), None, traits))
        }
        Kernel::Operation(Op::ConvBlockGradInput(grad)) => {
            let [batch, channels, in_h, in_w]: [usize; 4] = dims(&step.writes[0]);
            tiles(&grad.block, [batch, channels, in_h.div_ceil(2), in_w.div_ceil(2)], traits)?;
            Some(grads(&grad.block, None, Some(step), traits))
        }
        _ => None,
    }
}

/// Both gradients of a block, where that kernel fits: they wait for the same, so one start does for both.
pub(super) fn both_grads<'a>(first: &'a Step, second: &'a Step, traits: Traits) -> Option<Launch<'a>> {
    let (
        Kernel::Operation(Op::ConvBlockGradInput(input)),
        Kernel::Operation(Op::ConvBlockGradWeight(weight)),
    ) = (&first.kernel, &second.kernel)
    else {
        return None;
    };
    let buffer = |operand: &Operand| operand.region.buffer;
    let same = input.block == weight.block
        && first.reads[0] == second.reads[1]
        && second.reads.get(2) == Some(&first.reads[2]);
    let reads = first.reads.iter().chain(&second.reads);
    let apart = reads
        .into_iter()
        .all(|read| first.writes.iter().chain(&second.writes).all(|write| buffer(read) != buffer(write)));
    (same && apart && halves(&input.block)).then(|| grads(&input.block, Some(second), Some(first), traits))
}

/// Workgroups for an input's gradient on a GPU that is a program: enough for some cores.
const SOFTWARE_GROUPS: usize = 16;

/// The kernel for the gradients that there are steps of.
fn grads<'a>(
    block: &ConvBlock,
    of_weight: Option<&'a Step>,
    of_input: Option<&'a Step>,
    traits: Traits,
) -> Launch<'a> {
    let (name, input, weight, [grad_output, choice]) = match (of_weight, of_input) {
        (Some(step), Some(other)) => {
            ("conv_block_grads", &step.reads[0], &other.reads[1], [&step.reads[1], &step.reads[2]])
        }
        (Some(step), None) => {
            (step.kernel.name(), &step.reads[0], &step.reads[0], [&step.reads[1], &step.reads[2]])
        }
        (None, Some(step)) => {
            (step.kernel.name(), &step.reads[0], &step.reads[1], [&step.reads[0], &step.reads[2]])
        }
        (None, None) => unreachable!("somebody wants a gradient"),
    };
    let of_what = of_input.map_or(input, |step| &step.writes[0]);
    let [batch, in_channels, in_h, in_w]: [usize; 4] = dims(of_what);
    let [_, out_channels, ..]: [usize; 4] = dims(grad_output);
    let [kernel_h, kernel_w] = block.conv.window.kernel;
    let groups = block.conv.groups;
    let group_channels = in_channels / groups;
    let [_, _, out_h, out_w]: [usize; 4] = dims(grad_output);
    // A quad goes through all rows of all images. Where that is too much for a program, as many share them as elsewhere.
    let ends = of_weight.is_none() || batch * out_h * (out_w + 1) <= MOST_TURNS;
    let traits = if ends { traits } else { Traits::default() };

    let tile = Tile::new(block, in_w.div_ceil(2), group_channels, traits);
    // The invocations of one workgroup.
    let lanes = if traits.has_quads { QUAD } else { share_lanes(kernel_h * kernel_w, traits.is_software) };
    let n_blocks = groups * (out_channels / groups).div_ceil(SHARE_CHANNELS);
    let n_weight_groups = n_blocks * group_channels.div_ceil(tile.shared);
    let n_tile_rows = batch * groups * tile.n_blocks(group_channels) * in_h.div_ceil(2);
    let n_tiles = n_tile_rows * in_w.div_ceil(2 * tile.columns);
    let most_groups = if traits.is_software { SOFTWARE_GROUPS } else { usize::MAX };
    let n_input_groups = (n_tiles * tile.shared).div_ceil(lanes).min(most_groups);
    let n_workgroups = of_weight.map_or(0, |_| n_weight_groups) + of_input.map_or(0, |_| n_input_groups);

    let mut constants = constants(block, of_what, grad_output);
    without(&mut constants, &["STRIDE", "DILATION", "CONV_H"]);
    let (first_h, shift_h, n_windows_h) = windows_seen(block, 0, 1);
    let (first_w, shift_w, n_windows_w) = windows_seen(block, 1, tile.columns);
    let has_bias = of_weight.is_some_and(|step| step.writes.len() == 2);
    constants.extend([
        ("OF_WEIGHT", Constant::Bool(of_weight.is_some())),
        ("BY_LANES", Constant::Bool(!traits.has_quads)),
        ("BY_QUADS", Constant::Bool(traits.has_quads)),
        ("OF_INPUT", Constant::Bool(of_input.is_some())),
        ("HAS_BIAS", Constant::Bool(has_bias)),
        ("UNROLLS_STORES", Constant::Bool(!traits.is_software)),
        ("LANES", u32(lanes)),
        ("SHARED", u32(tile.shared)),
        ("PIECES", u32(SHARE_CHANNELS / tile.shared)),
        ("SWAPS", Constant::Bool(tile.shared > 1)),
        ("ADDS", Constant::Bool(traits.has_quads && tile.shared == 1)),
        ("SEEN_H", u32(kernel_h + 1)),
        ("SEEN_W", u32(kernel_w + 1)),
        ("SEEN_AGAIN", u32(kernel_w - 1)),
        ("COLUMNS", u32(tile.columns)),
        ("TILE_CHANNELS", u32(tile.channels)),
        ("INPUT_GROUPS", u32(n_input_groups)),
        ("FIRST_H", first_h),
        ("FIRST_W", first_w),
        ("SHIFT_H", u32(shift_h)),
        ("SHIFT_W", u32(shift_w)),
        ("WINDOWS_H", u32(n_windows_h)),
        ("WINDOW_PIECES", u32(n_windows_w.div_ceil(tile.shared))),
        ("CELLS_H", u32(2 * n_windows_h)),
        ("TILE_W", u32(2 * tile.columns)),
        ("MET_H", u32(kernel_h + 1)),
    ]);
    constants.extend(row_pieces(kernel_w));
    let row = Row { file: "conv_block_grads_halving", constants, grid: Grid::Workgroups(n_workgroups) };
    let writes = vec![
        of_weight.map(|step| &step.writes[0]),
        of_weight.and_then(|step| step.writes.get(1)),
        of_input.map(|step| &step.writes[0]),
    ];
    row.launch(name, vec![grad_output, choice, input, weight], writes)
}

/// Without squares in registers, as the other gradient below.
pub(super) fn grad_input(block: &ConvBlock, step: &Step, traits: Traits) -> Row {
    if block.pool.is_none()
        && let Some(row) = conv_rows::grad_input(&block.conv, step, traits)
    {
        return row;
    }
    let mut constants = constants(block, &step.writes[0], &step.reads[0]);
    constants.extend(pool(block));
    constants.push(("POOLED", Constant::Bool(block.pool.is_some())));
    constants.push(("GATED", Constant::Bool(step.reads.len() == 3)));
    let [batch, channels, in_h, in_w]: [usize; 4] = dims(&step.writes[0]);
    let [stride_h, stride_w] = block.conv.window.stride;
    let n_positions = batch * in_h.div_ceil(stride_h) * in_w.div_ceil(stride_w);
    let n_blocks = n_blocks(channels, block.conv.groups, n_positions);
    let grid = Grid::Invocations(stride_h * stride_w * n_blocks);
    Row { file: "conv_block_grad_input", constants, grid }
}

/// Which pooling windows this many squares of the input see along an axis: the first, counted from the squares' own
/// position, it may lie before 0; how far into it the first cell is that is seen; how many windows.
fn windows_seen(block: &ConvBlock, axis: usize, n_squares: usize) -> (Constant, usize, usize) {
    let kernel = block.conv.window.kernel[axis];
    // Along the last tap, the input's first cell meets this cell of the map; it may lie before the map.
    let first_cell = block.conv.window.padding[axis] as i64 - (kernel as i64 - 1);
    let (first, shift) = (first_cell.div_euclid(2), first_cell.rem_euclid(2) as usize);
    (Constant::U32(first as u32), shift, (shift + kernel + 2 * n_squares - 1).div_ceil(2))
}

/// Numbers of 4 bytes in a workgroup's memory, on every GPU.
const WORKGROUP_NUMBERS: usize = 4096;

pub(super) fn grad_weight(block: &ConvBlock, step: &Step, traits: Traits) -> Row {
    if block.pool.is_none()
        && let Some(row) = conv_rows::grad_weight(&block.conv, step, traits)
    {
        return row;
    }
    let mut constants = constants(block, &step.reads[0], &step.reads[1]);
    constants.push(("HAS_BIAS", Constant::Bool(step.writes.len() == 2)));
    let (lanes, n_tiles) = lanes(&block.conv, step, traits.is_software);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_taps_are_vectors_with_little_behind_the_last_tap() {
        let lens = [
            (1, 2, 1),
            (2, 2, 1),
            (3, 3, 1),
            (4, 4, 1),
            (5, 3, 2),
            (6, 3, 2),
            (7, 4, 2),
            (8, 4, 2),
            (9, 3, 3),
        ];
        for (n_taps, len, n) in lens {
            let wanted = vec![("Piece", Constant::Vector(len)), ("PIECE", u32(len)), ("ROW_PIECES", u32(n))];
            assert_eq!(row_pieces(n_taps), wanted, "{n_taps} taps");
        }
    }
}
