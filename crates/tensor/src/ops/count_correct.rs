use super::{Operation, check_dtype, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Value};

/// How many rows have their largest number at the target; the first of equals counts as the largest.
///
/// # Shapes
/// logits `[batch, classes]`, target `[batch]` of unsigned integers; output: one number, a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountCorrect;

impl Operation for CountCorrect {
    fn name(&self) -> &'static str {
        "count_correct"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [_, target]: [&Value; 2] = take(self.name(), inputs)?;
        let [batch, _] = dims(self.name(), "the logits", inputs, 0)?;
        check_dtype(self.name(), inputs, 1, DType::U32)?;
        if target.shape != [batch] {
            return Err(mismatch(self.name(), format!("a target for each of the {batch}"), inputs));
        }
        Ok(Value::f32([]))
    }
}
