use tensor::ops::ElementLoss;
use tensor::{NORM_CHUNK, Step};

use super::{Grid, Row, dims, u32};
use crate::specialise::Constant;

/// One invocation per row of the last dimension.
pub(super) fn last_dimension(file: &'static str, step: &Step) -> Row {
    let value = &step.writes[0].value;
    let n_columns = *value.shape.last().expect("the operation's shape rule asks for a dimension");
    let n_rows = value.numel() / n_columns;
    let constants = vec![("N_ROWS", u32(n_rows)), ("N_COLUMNS", u32(n_columns))];
    Row { file, constants, grid: Grid::Invocations(n_rows) }
}

/// One workgroup over the whole batch, for a single number.
pub(super) fn over_batch(file: &'static str, step: &Step) -> Row {
    let [batch, n_classes] = dims(&step.reads[0]);
    let constants = vec![("BATCH", u32(batch)), ("N_CLASSES", u32(n_classes))];
    Row { file, constants, grid: Grid::Workgroups(1) }
}

pub(super) fn nll_loss_grad(file: &'static str, step: &Step) -> Row {
    let [batch, n_classes] = dims(&step.writes[0]);
    let constants = vec![("BATCH", u32(batch)), ("N_CLASSES", u32(n_classes))];
    Row { file, constants, grid: Grid::Invocations(batch * n_classes) }
}

/// One workgroup per sum of squares.
pub(super) fn grad_norm(file: &'static str, step: &Step) -> Row {
    let constants = vec![("N_ELEMENTS", u32(step.reads[0].value.numel())), ("CHUNK", u32(NORM_CHUNK))];
    Row { file, constants, grid: Grid::Workgroups(step.writes[0].value.numel()) }
}

/// One workgroup for a single number.
pub(super) fn clip_coefficient(file: &'static str, step: &Step) -> Row {
    let constants = vec![("N_ELEMENTS", u32(step.reads[0].value.numel()))];
    Row { file, constants, grid: Grid::Workgroups(1) }
}

/// One workgroup over all elements, for a single number.
pub(super) fn element_loss(file: &'static str, kind: ElementLoss, step: &Step) -> Row {
    let constants = vec![("N_ELEMENTS", u32(step.reads[0].value.numel())), loss_kind(kind)];
    Row { file, constants, grid: Grid::Workgroups(1) }
}

pub(super) fn loss_kind(kind: ElementLoss) -> (&'static str, Constant) {
    let number = match kind {
        ElementLoss::Mse => 0,
        ElementLoss::L1 => 1,
        ElementLoss::SmoothL1 => 2,
        ElementLoss::BceWithLogits => 3,
    };
    ("KIND", u32(number))
}

/// Times four neighbours that one invocation gathers on a GPU that is a program: loads are dear there, and what neighbours
/// have in common is loaded once. SwiftShader takes 0.6 of the time for rows of 28.
const SOFTWARE_RUN: usize = 8;

/// One invocation per four numbers of a row of the images, or several times four.
pub(super) fn gather_batch(file: &'static str, step: &Step, is_software: bool) -> Row {
    let [batch, channels, height, width]: [usize; 4] = dims(&step.writes[0]);
    let [n_images]: [usize; 1] = dims(&step.reads[1]);
    let n_quads = width.div_ceil(4);
    let run = if is_software { n_quads.clamp(1, SOFTWARE_RUN) } else { 1 };
    let constants = vec![
        ("BATCH", u32(batch)),
        ("CHANNELS", u32(channels)),
        ("HEIGHT", u32(height)),
        ("WIDTH", u32(width)),
        ("N_IMAGES", u32(n_images)),
        ("RUN", u32(run)),
    ];
    Row { file, constants, grid: Grid::Invocations(batch * channels * height * n_quads.div_ceil(run)) }
}
