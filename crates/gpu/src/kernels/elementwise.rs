use tensor::Step;
use tensor::ops::{Activation, Dropout};
use tensor::random::Purpose;

use super::{Grid, Row, u32};
use crate::error::GpuError;
use crate::specialise::Constant;

/// One invocation per element of what is written.
pub(super) fn each(file: &'static str, step: &Step, mut constants: Vec<(&'static str, Constant)>) -> Row {
    let n_elements = step.writes[0].value.numel();
    constants.push(("N_ELEMENTS", u32(n_elements)));
    Row { file, constants, grid: Grid::Invocations(n_elements) }
}

pub(super) fn activation(file: &'static str, activation: Activation, step: &Step) -> Result<Row, GpuError> {
    let (kind, argument) = match activation {
        Activation::Relu => (0, 0.0),
        Activation::LeakyRelu { negative_slope } => (1, negative_slope),
        Activation::Sigmoid => (2, 0.0),
        Activation::Tanh => (3, 0.0),
        Activation::Elu { alpha } => (4, alpha),
        Activation::Gelu { tanh: false } => (5, 0.0),
        Activation::Gelu { tanh: true } => (6, 0.0),
    };
    if !argument.is_finite() {
        let reason = format!("an argument of {argument} cannot be written in a shader");
        return Err(GpuError::Unsupported { kernel: step.kernel.name(), reason });
    }
    let constants = vec![("KIND", u32(kind)), ("ARGUMENT", Constant::F32(argument))];
    Ok(each(file, step, constants))
}

pub(super) fn dropout(file: &'static str, dropout: Dropout, step: &Step) -> Row {
    let value = &step.reads[0].value;
    let constants = vec![
        ("PER_PICTURE", u32(value.numel() / value.shape[0])),
        ("PURPOSE", Constant::U32(Purpose::Dropout as u32 | dropout.layer_idx << 8)),
        ("THRESHOLD", Constant::U32(dropout.threshold())),
        ("SCALE", Constant::F32(dropout.scale())),
    ];
    each(file, step, constants)
}
