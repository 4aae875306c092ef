use tensor::Step;

use super::{Grid, Row, dims, elementwise, u32};
use crate::error::GpuError;
use crate::specialise::Constant;

fn constants(eps: f32, step: &Step) -> Result<Vec<(&'static str, Constant)>, GpuError> {
    if !eps.is_finite() {
        let reason = format!("an eps of {eps} cannot be written in a shader");
        return Err(GpuError::Unsupported { kernel: step.kernel.name(), reason });
    }
    let [_, channels, height, width]: [usize; 4] = dims(&step.reads[0]);
    Ok(vec![("CHANNELS", u32(channels)), ("PLANE", u32(height * width)), ("EPS", Constant::F32(eps))])
}

/// One invocation per element.
pub(super) fn each(file: &'static str, eps: f32, step: &Step) -> Result<Row, GpuError> {
    Ok(elementwise::each(file, step, constants(eps, step)?))
}

/// One workgroup per channel.
pub(super) fn grad_weight(file: &'static str, eps: f32, step: &Step) -> Result<Row, GpuError> {
    let mut constants = constants(eps, step)?;
    let [batch, channels, ..]: [usize; 4] = dims(&step.reads[0]);
    constants.push(("BATCH", u32(batch)));
    Ok(Row { file, constants, grid: Grid::Workgroups(channels) })
}
