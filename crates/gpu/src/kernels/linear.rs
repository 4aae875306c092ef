use tensor::{Operand, Step};

use super::{Grid, Row, dims, u32};
use crate::specialise::Constant;

/// Rows and columns of the tile that one invocation computes.
const TILE: usize = 4;

fn row(file: &'static str, input: &Operand, output: &Operand, tiles: [usize; 2]) -> Row {
    let [batch, in_features] = dims(input);
    let [_, out_features] = dims(output);
    let constants =
        vec![("BATCH", u32(batch)), ("IN_FEATURES", u32(in_features)), ("OUT_FEATURES", u32(out_features))];
    let [rows, columns] = tiles.map(|size| size.div_ceil(TILE));
    Row { file, constants, grid: Grid::Invocations(rows * columns) }
}

pub(super) fn forward(step: &Step) -> Row {
    row("linear", &step.reads[0], &step.writes[0], dims(&step.writes[0]))
}

pub(super) fn grad_weight(step: &Step) -> Row {
    let mut row = row("linear_grad_weight", &step.reads[0], &step.reads[1], dims(&step.writes[0]));
    row.constants.push(("HAS_SCORES", Constant::Bool(step.reads.len() == 3)));
    if let Grid::Invocations(n_invocations) = &mut row.grid {
        *n_invocations += usize::from(step.reads.len() == 3);
    }
    row
}

/// Images of one workgroup.
const IMAGES: usize = 4;

pub(super) fn cross_entropy(step: &Step) -> Row {
    let [batch, in_features]: [usize; 2] = dims(&step.reads[0]);
    let [_, n_classes]: [usize; 2] = dims(&step.writes[0]);
    let constants =
        vec![("BATCH", u32(batch)), ("IN_FEATURES", u32(in_features)), ("N_CLASSES", u32(n_classes))];
    Row { file: "linear_cross_entropy", constants, grid: Grid::Workgroups(batch.div_ceil(IMAGES)) }
}
