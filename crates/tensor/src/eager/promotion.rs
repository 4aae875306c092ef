//! Arithmetic between tensors of different kinds, by PyTorch's
//! [rules of promotion](https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc).

use super::Tensor;
use super::storage::Element;
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::ops::{Binary, Op, View};

impl Tensor {
    /// Two tensors element by element: whole numbers beside floats become floats, whole numbers among themselves stay
    /// whole but for division, and the larger kind wins.
    pub(super) fn promoted(&self, op: impl Into<Op>, other: &Self) -> Result<Self, TensorError> {
        let op = op.into();
        match (is_whole(self.dtype()), is_whole(other.dtype())) {
            (true, true) => match whole_arithmetic(&op) {
                Some(compute) => self.among_whole_numbers(&op, other, compute),
                None => Self::apply(op, &[&self.to(DType::F32)?, &other.to(DType::F32)?]),
            },
            (true, false) => Self::apply(op, &[&self.to(other.dtype())?, other]),
            (false, true) => Self::apply(op, &[self, &other.to(self.dtype())?]),
            (false, false) => Self::apply(op, &[self, other]),
        }
    }

    fn among_whole_numbers(
        &self,
        op: &Op,
        other: &Self,
        compute: fn(i64, i64) -> i64,
    ) -> Result<Self, TensorError> {
        let shapes = [self, other].map(|tensor| Value::f32(tensor.shape()));
        let shape = op.operation().output(&[&shapes[0], &shapes[1]])?.shape;
        let numbers = |tensor: &Self| {
            let expanded = Self::apply(View::Expand { shape: shape.clone() }, &[tensor])?;
            expanded.to(DType::I64)?.to_vec::<i64>()
        };
        let results = numbers(self)?.into_iter().zip(numbers(other)?).map(|(a, b)| compute(a, b)).collect();
        let kind = common(self, other);
        let results = Self::from_data(i64::store(results), &shape);
        if kind == DType::U8 { results.wrapped_to_bytes() } else { results.to(kind) }
    }

    /// The lowest byte of each, as arithmetic on bytes leaves it.
    fn wrapped_to_bytes(&self) -> Result<Self, TensorError> {
        let bytes = self.to_vec::<i64>()?.into_iter().map(|number| number as u8).collect();
        Ok(Self::from_data(u8::store(bytes), self.shape()))
    }
}

/// Kinds that floats win over. Masks are not among them: `to` says what they are to count as.
const fn is_whole(kind: DType) -> bool {
    matches!(kind, DType::I64 | DType::U32 | DType::U8)
}

/// The kind of a result: a single number does not change that of a tensor with dimensions.
fn common(a: &Tensor, b: &Tensor) -> DType {
    match (a.rank(), b.rank()) {
        (0, 1..) => b.dtype(),
        (1.., 0) => a.dtype(),
        _ if a.dtype() == b.dtype() => a.dtype(),
        _ if a.dtype() == DType::I64 || b.dtype() == DType::I64 => DType::I64,
        _ => DType::U32,
    }
}

fn whole_arithmetic(op: &Op) -> Option<fn(i64, i64) -> i64> {
    use crate::ops::Extremum;
    match op {
        Op::Binary(Binary::Add) => Some(i64::wrapping_add),
        Op::Binary(Binary::Sub) => Some(i64::wrapping_sub),
        Op::Binary(Binary::Mul) => Some(i64::wrapping_mul),
        Op::Extremum(Extremum::Maximum) => Some(i64::max),
        Op::Extremum(Extremum::Minimum) => Some(i64::min),
        _ => None,
    }
}
