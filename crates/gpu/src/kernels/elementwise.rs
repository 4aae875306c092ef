use tensor::Step;
use tensor::ops::Activation;

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
    let (kind, negative_slope) = match activation {
        Activation::Relu => (0, 0.0),
        Activation::LeakyRelu { negative_slope } => (1, negative_slope),
        Activation::Sigmoid => (2, 0.0),
        Activation::Tanh => (3, 0.0),
    };
    if !negative_slope.is_finite() {
        let reason = format!("a slope of {negative_slope} cannot be written in a shader");
        return Err(GpuError::Unsupported { kernel: step.kernel.name(), reason });
    }
    let constants = vec![("KIND", u32(kind)), ("NEGATIVE_SLOPE", Constant::F32(negative_slope))];
    Ok(each(file, step, constants))
}
