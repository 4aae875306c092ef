use tensor::{Operand, Step};

use super::{Grid, QUAD, Row, Traits, WORKGROUP_SIZE, dims, u32};
use crate::specialise::Constant;

/// Rows and columns of the tile that one invocation computes.
const TILE: usize = 4;

/// The sizes of a layer: its input's and its output's.
fn sizes(input: &Operand, output: &Operand) -> Vec<(&'static str, Constant)> {
    let [batch, in_features] = dims(input);
    let [_, out_features] = dims(output);
    vec![("BATCH", u32(batch)), ("IN_FEATURES", u32(in_features)), ("OUT_FEATURES", u32(out_features))]
}

pub(super) fn forward(step: &Step) -> Row {
    let constants = sizes(&step.reads[0], &step.writes[0]);
    let [batch, out_features]: [usize; 2] = dims(&step.writes[0]);
    let n_tiles = batch.div_ceil(TILE) * out_features.div_ceil(TILE);
    Row { file: "linear", constants, grid: Grid::Invocations(n_tiles) }
}

/// The rows of a weight's gradient that one invocation computes on a GPU that is a program: a load is dear there, and
/// few invocations keep it busy.
const SOFTWARE_ROWS: usize = 12;

/// The invocations of one workgroup of a weight's gradient on a GPU that is a program: some workgroups for each of a few cores.
const SOFTWARE_LANES: usize = 16;

pub(super) fn grad_weight(step: &Step, traits: Traits) -> Row {
    let [out_features, in_features]: [usize; 2] = dims(&step.writes[0]);
    let (most, lanes) =
        if traits.is_software { (SOFTWARE_ROWS, SOFTWARE_LANES) } else { (TILE, WORKGROUP_SIZE) };
    // Tiles of the same height, as far as that goes.
    let rows = out_features.div_ceil(out_features.div_ceil(most));
    let shared = if traits.has_quads { QUAD } else { 1 };
    let has_scores = step.reads.len() == 3;
    let mut constants = sizes(&step.reads[0], &step.reads[1]);
    constants.extend([
        ("LANES", u32(lanes)),
        ("HAS_SCORES", Constant::Bool(has_scores)),
        ("ROWS", u32(rows)),
        ("SHARED", u32(shared)),
        ("PIECES", u32(rows.div_ceil(shared))),
        ("UNROLLS_STORES", Constant::Bool(!traits.is_software)),
    ]);
    let n_tiles = out_features.div_ceil(rows) * in_features.div_ceil(TILE).next_multiple_of(shared);
    let n_invocations = n_tiles + out_features + usize::from(has_scores);
    Row { file: "linear_grad_weight", constants, grid: Grid::Workgroups(n_invocations.div_ceil(lanes)) }
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
