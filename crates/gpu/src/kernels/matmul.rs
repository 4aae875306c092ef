use tensor::Step;
use tensor::ops::MatMul;

use super::{Grid, Row, dims, u32};
use crate::specialise::Constant;

/// Rows and columns of the tile that one invocation computes.
const TILE: usize = 4;

pub(super) fn matmul(file: &'static str, matmul: MatMul, step: &Step) -> Row {
    let [m, n, k] = matmul.sizes(dims(&step.reads[0]), dims(&step.reads[1]));
    let constants = vec![
        ("M", u32(m)),
        ("N", u32(n)),
        ("K", u32(k)),
        ("TRANSPOSE_A", Constant::Bool(matmul.transpose_a)),
        ("TRANSPOSE_B", Constant::Bool(matmul.transpose_b)),
    ];
    Row { file, constants, grid: Grid::Invocations(m.div_ceil(TILE) * n.div_ceil(TILE)) }
}
