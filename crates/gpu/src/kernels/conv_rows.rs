//! Convolutions without pooling, and their gradients, on a GPU that is a program and has quads: rows of outputs in registers.

use tensor::ops::Conv2d;
use tensor::{Operand, Step};

use super::conv_block::{Constants, row_pieces};
use super::windowed::conv2d_constants;
use super::{Grid, MOST_TURNS, QUAD, Row, Traits, dims, u32};
use crate::specialise::Constant;

/// Products that a shader writes out at the most, and that of an input's gradient: SwiftShader compiles either in some 0.2 s,
/// and networks have several such shaders. Twice as many make the latter a sixth faster, and compile twice as long.
const MOST_PRODUCTS: usize = 512;
const MOST_GRAD_INPUT_PRODUCTS: usize = 256;

/// Tiles of the same width, as far as that goes, for rows of so many numbers of which each takes `n` products.
fn columns(row: usize, n: usize, most: usize) -> usize {
    row.div_ceil(row.div_ceil((most / n).max(1)))
}

/// Whether these kernels are for such convolutions and such a GPU. How many channels there have to be, each says itself: a
/// quad shares what belongs to four.
fn fits(conv: &Conv2d, traits: Traits) -> bool {
    let taps: usize = conv.window.kernel.iter().product();
    let writable = taps * QUAD <= MOST_GRAD_INPUT_PRODUCTS;
    traits.is_software && traits.has_quads && conv.window.dilation == [1, 1] && writable
}

/// What all three kernels are told of a convolution.
fn constants(conv: &Conv2d, row: usize, columns: usize, [input, output]: [&Operand; 2]) -> Constants {
    let mut constants = conv2d_constants(conv, input, output);
    constants.retain(|(name, _)| !name.starts_with("DILATION"));
    constants.extend([
        ("SHARED", u32(QUAD)),
        ("COLUMNS", u32(columns)),
        ("SPLITS_ROWS", Constant::Bool(columns < row)),
    ]);
    constants
}

/// A convolution, with ReLU behind it or not.
pub(super) fn forward(conv: &Conv2d, relu: bool, step: &Step, traits: Traits) -> Option<Row> {
    let [batch, out_channels, out_h, out_w]: [usize; 4] = dims(&step.writes[0]);
    let [_, group_in, kernel_h, kernel_w]: [usize; 4] = dims(&step.reads[1]);
    let group_out = out_channels / conv.groups;
    // Of one input channel nothing comes again, and to compile what is written out takes longer than is won.
    if !fits(conv, traits) || group_in == 1 || group_out < QUAD {
        return None;
    }
    let taps = kernel_h * kernel_w;
    let channels = (group_out.div_ceil(QUAD)).min(MOST_PRODUCTS / (taps * QUAD)).clamp(1, 2);
    let columns = columns(out_w, taps * QUAD * channels, MOST_PRODUCTS);
    let mut constants = constants(conv, out_w, columns, [&step.reads[0], &step.writes[0]]);
    constants.extend([
        ("RELU", Constant::Bool(relu)),
        ("HAS_BIAS", Constant::Bool(step.reads.len() == 3)),
        ("CHANNELS", u32(channels)),
        ("SEEN_W", u32((columns - 1) * conv.window.stride[1] + kernel_w)),
    ]);
    constants.extend(row_pieces(kernel_w));
    let n_blocks = conv.groups * group_out.div_ceil(QUAD * channels);
    let n_quads = n_blocks * out_w.div_ceil(columns) * (batch * out_h).div_ceil(QUAD);
    Some(Row { file: "conv_rows", constants, grid: Grid::Invocations(n_quads * QUAD) })
}

/// The gradient of the input, where padding is less than the kernel.
pub(super) fn grad_input(conv: &Conv2d, step: &Step, traits: Traits) -> Option<Row> {
    let [batch, _, in_h, in_w]: [usize; 4] = dims(&step.writes[0]);
    let [_, group_in, kernel_h, kernel_w]: [usize; 4] = dims(&step.reads[1]);
    if !fits(conv, traits) || group_in < QUAD {
        return None;
    }
    let [stride_h, stride_w] = conv.window.stride;
    let n_pieces_w = in_w.div_ceil(stride_w);
    let columns = columns(n_pieces_w, kernel_h * kernel_w * QUAD, MOST_GRAD_INPUT_PRODUCTS);
    let (before_h, seen_h) = gradients_met(conv, 0, 1)?;
    let (before_w, seen_w) = gradients_met(conv, 1, columns)?;
    let mut constants = constants(conv, n_pieces_w, columns, [&step.writes[0], &step.reads[0]]);
    constants.extend([
        ("GATED", Constant::Bool(step.reads.len() == 3)),
        ("BEFORE_H", u32(before_h)),
        ("BEFORE_W", u32(before_w)),
        ("SEEN_H", u32(seen_h)),
        ("SEEN_W", u32(seen_w)),
        ("CELLS_W", u32(columns * stride_w)),
    ]);
    constants.extend(row_pieces(kernel_w.div_ceil(stride_w)));
    let n_blocks = conv.groups * group_in.div_ceil(QUAD);
    let n_quads = n_blocks * n_pieces_w.div_ceil(columns) * (batch * in_h.div_ceil(stride_h)).div_ceil(QUAD);
    Some(Row { file: "conv_rows_grad_input", constants, grid: Grid::Invocations(n_quads * QUAD) })
}

/// Of the gradients along an axis that so many pieces of a stride's length meet: how many lie before the map's first, for the
/// first piece, and how many there are. None where the first lies behind the map's first.
fn gradients_met(conv: &Conv2d, axis: usize, n_pieces: usize) -> Option<(usize, usize)> {
    let [kernel, stride, padding] =
        [conv.window.kernel[axis], conv.window.stride[axis], conv.window.padding[axis]].map(|n| n as i64);
    // Cell x meets tap j where the convolution is at (x + padding − j) / stride, if that is whole.
    let met = |tap: i64| ((tap - padding).rem_euclid(stride) + padding - tap) / stride;
    let (first, last) = ((0..kernel).map(met).min()?, (0..kernel).map(met).max()?);
    (first <= 0).then(|| ((-first) as usize, n_pieces + (last - first) as usize))
}

/// The gradients of the weight and of the bias.
pub(super) fn grad_weight(conv: &Conv2d, step: &Step, traits: Traits) -> Option<Row> {
    let [out_channels, group_in, kernel_h, kernel_w]: [usize; 4] = dims(&step.writes[0]);
    let [batch, _, out_h, out_w]: [usize; 4] = dims(&step.reads[1]);
    let group_out = out_channels / conv.groups;
    let columns = columns(out_w, kernel_h * kernel_w * QUAD, MOST_PRODUCTS);
    let n_turns = batch * out_h * out_w.div_ceil(columns);
    if !fits(conv, traits) || group_in < QUAD || group_out < QUAD || n_turns > MOST_TURNS {
        return None;
    }
    let mut constants = constants(conv, out_w, columns, [&step.reads[0], &step.reads[1]]);
    constants.extend([
        ("GATED", Constant::Bool(step.reads.len() == 3)),
        ("HAS_BIAS", Constant::Bool(step.writes.len() == 2)),
        ("SEEN_W", u32((columns - 1) * conv.window.stride[1] + kernel_w)),
    ]);
    constants.extend(row_pieces(columns));
    let n_quads = conv.groups * group_out.div_ceil(QUAD) * group_in.div_ceil(QUAD);
    Some(Row { file: "conv_rows_grad_weight", constants, grid: Grid::Workgroups(n_quads) })
}

#[cfg(test)]
mod tests {
    use tensor::Window;

    use super::*;

    #[test]
    fn pieces_meet_the_gradients_of_all_taps_and_no_others() {
        let met = |kernel, stride, padding| {
            let window =
                Window { kernel: [1, kernel], stride: [1, stride], padding: [0, padding], dilation: [1, 1] };
            gradients_met(&Conv2d { window, groups: 1 }, 1, 4)
        };
        // One tap of a stride of one: each cell meets one gradient; with three taps, those to both sides too.
        assert_eq!(met(1, 1, 0), Some((0, 4)));
        assert_eq!(met(3, 1, 1), Some((1, 6)));
        assert_eq!(met(3, 1, 0), Some((2, 6)));
        // Of two cells of a piece the first meets one, and the other that and the next.
        assert_eq!(met(3, 2, 1), Some((0, 5)));
        assert_eq!(met(5, 2, 2), Some((1, 6)));
        // The stride passes over cells.
        assert_eq!(met(2, 4, 0), Some((0, 4)));
        assert_eq!(met(1, 1, 2), None, "cell 0 meets the third gradient");
    }

    #[test]
    fn tiles_of_a_row_are_of_the_same_width() {
        assert_eq!(columns(28, 36, 512), 14);
        assert_eq!(columns(7, 36, 256), 7);
        assert_eq!(columns(15, 36, 256), 5);
        assert_eq!(columns(3, 1000, 512), 1);
    }
}
