//! Tensors of different kinds beside each other, by PyTorch's
//! [rules of promotion](https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc).

use super::Tensor;
use super::storage::Element;
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::ops::{Activation, Binary, Extremum, Op, Unary, View, Where};

impl Tensor {
    /// Two tensors element by element: whole numbers beside floats become floats, masks beside numbers become numbers,
    /// whole numbers among themselves stay whole but for division, and the larger kind wins.
    pub(super) fn promoted(&self, op: impl Into<Op>, other: &Self) -> Result<Self, TensorError> {
        let op = op.into();
        let kind = common(self, other);
        match whole_arithmetic(&op, kind) {
            Some(compute) if !kind.is_float() => self.among_whole_numbers(&op, other, kind, compute),
            _ => {
                let kind = if is_division(&op) && !kind.is_float() { DType::F32 } else { kind };
                Self::apply(op, &[&self.to(kind)?, &other.to(kind)?])
            }
        }
    }

    fn among_whole_numbers(
        &self,
        op: &Op,
        other: &Self,
        kind: DType,
        compute: fn(i64, i64) -> i64,
    ) -> Result<Self, TensorError> {
        let shapes = [self, other].map(|tensor| Value::f32(tensor.shape()));
        let shape = op.operation().output(&[&shapes[0], &shapes[1]])?.shape;
        let [a, b] = [self.whole_numbers(&shape)?, other.whole_numbers(&shape)?];
        let results = a.into_iter().zip(b).map(|(a, b)| compute(a, b)).collect();
        Self::from_data(i64::store(results), &shape).to(kind)
    }

    /// The numbers as `I64`, repeated to a shape.
    pub(super) fn whole_numbers(&self, shape: &[usize]) -> Result<Vec<i64>, TensorError> {
        let expanded = Self::apply(View::Expand { shape: shape.to_vec() }, &[self])?;
        expanded.to(DType::I64)?.to_vec::<i64>()
    }

    /// The lowest byte of each, as PyTorch leaves whole numbers that a byte cannot hold.
    pub(super) fn wrapped_to_bytes(&self) -> Result<Self, TensorError> {
        let bytes = self.whole_numbers(self.shape())?.into_iter().map(|number| number as u8).collect();
        Ok(Self::from_data(u8::store(bytes), self.shape()))
    }

    /// Each element by itself: functions whose values are whole where their arguments are keep the kind, those that give
    /// fractions make floats of it.
    pub(super) fn mapped(&self, op: impl Into<Op>) -> Result<Self, TensorError> {
        let op = op.into();
        if self.dtype().is_float() {
            return Self::apply(op, &[self]);
        }
        match whole_function(&op) {
            Some(function) if self.dtype() != DType::Bool => {
                let results = self.whole_numbers(self.shape())?.into_iter().map(function).collect();
                Self::from_data(i64::store(results), self.shape()).to(self.dtype())
            }
            None if gives_fractions(&op) => Self::apply(op, &[&self.to(DType::F32)?]),
            _ => Self::apply(op, &[self]),
        }
    }

    /// `a` where the mask is true, `b` elsewhere, of their common kind.
    pub(super) fn chosen(mask: &Self, a: &Self, b: &Self) -> Result<Self, TensorError> {
        let kind = common(a, b);
        let mask = mask.to(DType::Bool)?.to(DType::F32)?;
        if kind.is_float() {
            let [a, b] = [a.to(kind)?.to(DType::F32)?, b.to(kind)?.to(DType::F32)?];
            return Self::apply(Where, &[&mask, &a, &b])?.to(kind);
        }
        let shapes = [&mask, a, b].map(|tensor| Value::f32(tensor.shape()));
        let shape = Op::from(Where).operation().output(&shapes.each_ref())?.shape;
        let [mask, a, b] = [mask.whole_numbers(&shape)?, a.whole_numbers(&shape)?, b.whole_numbers(&shape)?];
        let chosen = mask.into_iter().zip(a).zip(b).map(|((mask, a), b)| if mask == 0 { b } else { a });
        Self::from_data(i64::store(chosen.collect()), &shape).to(kind)
    }
}

/// The kind of two tensors' result. Floats win over whole numbers, those over masks; within one of these three a single
/// number does not change the kind of a tensor with dimensions, else the larger wins.
pub(super) fn common(a: &Tensor, b: &Tensor) -> DType {
    let (kind_a, kind_b) = (a.dtype(), b.dtype());
    let of_a = match category(kind_a).cmp(&category(kind_b)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => match (a.rank(), b.rank()) {
            (0, 1..) => false,
            (1.., 0) => true,
            _ => size(kind_a) >= size(kind_b),
        },
    };
    if of_a { kind_a } else { kind_b }
}

const fn category(kind: DType) -> u8 {
    match kind {
        DType::Bool => 0,
        DType::U8 | DType::U32 | DType::I64 => 1,
        DType::F16 | DType::F32 => 2,
    }
}

/// Bytes of an element.
const fn size(kind: DType) -> u8 {
    match kind {
        DType::Bool | DType::U8 => 1,
        DType::F16 => 2,
        DType::F32 | DType::U32 => 4,
        DType::I64 => 8,
    }
}

fn whole_arithmetic(op: &Op, kind: DType) -> Option<fn(i64, i64) -> i64> {
    match op {
        Op::Binary(Binary::Add) => Some(i64::wrapping_add),
        // PyTorch has no difference of masks.
        Op::Binary(Binary::Sub) if kind != DType::Bool => Some(i64::wrapping_sub),
        Op::Binary(Binary::Mul) => Some(i64::wrapping_mul),
        Op::Extremum(Extremum::Maximum) => Some(i64::max),
        Op::Extremum(Extremum::Minimum) => Some(i64::min),
        _ => None,
    }
}

const fn is_division(op: &Op) -> bool {
    matches!(op, Op::Binary(Binary::Div))
}

fn whole_function(op: &Op) -> Option<fn(i64) -> i64> {
    match op {
        Op::Unary(Unary::Neg) => Some(i64::wrapping_neg),
        Op::Unary(Unary::Abs) => Some(i64::wrapping_abs),
        Op::Unary(Unary::Sign) => Some(i64::signum),
        Op::Unary(Unary::Square) => Some(|number| number.wrapping_mul(number)),
        Op::Activation(Activation::Relu) => Some(|number| number.max(0)),
        _ => None,
    }
}

const fn gives_fractions(op: &Op) -> bool {
    match op {
        Op::Unary(function) => !matches!(function, Unary::Neg | Unary::Abs | Unary::Sign | Unary::Square),
        Op::Activation(function) => matches!(function, Activation::Tanh | Activation::Sigmoid),
        _ => false,
    }
}
