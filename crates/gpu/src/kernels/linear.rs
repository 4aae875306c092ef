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

/// The rows of a weight's gradient that one invocation computes on a GPU that is a program: a load is dear there, and
/// few invocations keep it busy.
const SOFTWARE_ROWS: usize = 12;

pub(super) fn grad_weight(step: &Step, is_software: bool) -> Row {
    let [out_features, in_features]: [usize; 2] = dims(&step.writes[0]);
    let mut row = row("linear_grad_weight", &step.reads[0], &step.reads[1], [out_features, in_features]);
    let most = if is_software { SOFTWARE_ROWS } else { TILE };
    // Tiles of the same height, as far as that goes.
    let rows = out_features.div_ceil(out_features.div_ceil(most));
    let has_scores = step.reads.len() == 3;
    row.constants.extend([
        ("HAS_SCORES", Constant::Bool(has_scores)),
        ("ROWS", u32(rows)),
        ("UNROLLS_STORES", Constant::Bool(!is_software)),
    ]);
    let n_tiles = out_features.div_ceil(rows) * in_features.div_ceil(TILE);
    row.grid = Grid::Invocations(n_tiles + usize::from(has_scores));
    row
}

/// Images of one workgroup.
const IMAGES: usize = 4;

/// Invocations of one workgroup: as many as there is memory for, or as few as occupy a GPU that is a program, where adding
/// their shares is dear.
const fn classifier_lanes(n_classes: usize, is_software: bool) -> usize {
    if is_software {
        4
    } else if n_classes <= 12 {
        64
    } else {
        32
    }
}

pub(super) fn cross_entropy(step: &Step, is_software: bool) -> Row {
    let [batch, in_features]: [usize; 2] = dims(&step.reads[0]);
    let [_, n_classes]: [usize; 2] = dims(&step.writes[0]);
    let constants = vec![
        ("BATCH", u32(batch)),
        ("IN_FEATURES", u32(in_features)),
        ("N_CLASSES", u32(n_classes)),
        ("LANES", u32(classifier_lanes(n_classes, is_software))),
        ("UNROLLS_STORES", Constant::Bool(!is_software)),
    ];
    Row { file: "linear_cross_entropy", constants, grid: Grid::Workgroups(batch.div_ceil(IMAGES)) }
}
