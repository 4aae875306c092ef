//! Writing into storage. Every write is seen through all views of the storage, and counted in its version, so that a
//! value that was saved for a gradient and then written over is noticed. A write to what gradients flow through is
//! recorded: the tensor's history becomes that of its new numbers, and a view's write becomes part of its base's history.

use std::rc::Rc;

use super::Tensor;
use super::arithmetic::IntoTensor;
use super::autograd::{Meta, is_recording};
use super::run::compute;
use super::storage::{Data, Element};
use crate::error::TensorError;
use crate::graph::DType;
use crate::ops::{Activation, Binary, Op, Operation};

macro_rules! arithmetic {
    ($($name:ident $op:expr, $formula:literal;)+) => {
        /// Arithmetic in place. The other operand is broadcast to this tensor's shape, never the reverse.
        impl Tensor {
            $(
                #[doc = $formula]
                ///
                #[doc = concat!(
                    "```\nuse tensor::Tensor;\nlet x = Tensor::ones([2, 2]);\nx.", stringify!($name),
                    "(Tensor::full([2], 3.0))?;\nassert_eq!(x.version(), 1);\n# Ok::<(), tensor::TensorError>(())\n```"
                )]
                ///
                /// # Errors
                /// [`TensorError::Shapes`] where the result would have another shape, [`TensorError::SharedPlaces`] for
                /// an expanded tensor; while recording, [`TensorError::LeafInPlace`] for a leaf that requires a gradient
                /// and for a view of one, and [`TensorError::ViewInPlace`] for a view that was taken under
                /// [`no_grad`](crate::no_grad).
                pub fn $name(&self, other: impl IntoTensor) -> Result<(), TensorError> {
                    self.replace_by_arithmetic($op, &other.into_tensor())
                }
            )+
        }
    };
}

arithmetic! {
    add_ Binary::Add, "`self ← self + other`, as `torch.Tensor.add_`.";
    sub_ Binary::Sub, "`self ← self − other`, as `torch.Tensor.sub_`.";
    mul_ Binary::Mul, "`self ← self · other`, as `torch.Tensor.mul_`.";
    div_ Binary::Div, "`self ← self / other`, as `torch.Tensor.div_`.";
}

impl Tensor {
    /// `self ← max(self, 0)`, as `torch.relu_`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([-1.0, 2.0]);
    /// x.relu_()?;
    /// assert_eq!(x.to_vec::<f32>()?, [0.0, 2.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::add_`].
    pub fn relu_(&self) -> Result<(), TensorError> {
        self.replace_by(Activation::Relu.into(), None)
    }

    /// Takes another tensor's numbers, broadcast and converted, as
    /// [`torch.Tensor.copy_`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let base = Tensor::zeros([2, 3]);
    /// base.select(1, 0)?.copy_(&Tensor::from([7.0, 8.0]))?;
    /// assert_eq!(base.to_vec::<f32>()?, [7.0, 0.0, 0.0, 8.0, 0.0, 0.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::add_`].
    pub fn copy_(&self, source: &Self) -> Result<(), TensorError> {
        let recorded = self.begin_write("copy_", &[source])?;
        let numbers = source.to(self.dtype())?.expand_as(self)?;
        if recorded {
            // What was here before has no part in the new value.
            return self.write_recorded(&numbers);
        }
        self.overwrite(&numbers.copied());
        Ok(())
    }

    /// The same number everywhere, as `torch.Tensor.fill_`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2, 2]);
    /// x.get(0)?.fill_(3.0)?;
    /// assert_eq!(x.to_vec::<f32>()?, [3.0, 3.0, 0.0, 0.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::add_`].
    pub fn fill_(&self, number: f64) -> Result<(), TensorError> {
        self.copy_(&Self::from_data(Data::of(number, self.dtype()), &[]))
    }

    /// Zeros everywhere, as `torch.Tensor.zero_`.
    ///
    /// # Errors
    /// As [`Tensor::add_`].
    pub fn zero_(&self) -> Result<(), TensorError> {
        self.fill_(0.0)
    }

    /// Puts one number at a position, one index for each dimension, as `x[i, j] = number`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2, 2]);
    /// x.set(&[1, 0], 5.0)?;
    /// assert_eq!(x.to_vec::<f32>()?, [0.0, 0.0, 5.0, 0.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Index`], [`TensorError::Shapes`] where there are more or fewer indices than dimensions, and as
    /// [`Tensor::add_`].
    pub fn set(&self, index: &[usize], number: f64) -> Result<(), TensorError> {
        if index.len() != self.rank() {
            let (expected, received) = (format!("{} dimensions", index.len()), vec![self.shape().to_vec()]);
            return Err(TensorError::Shapes { operation: "set", expected, received });
        }
        let mut cell = self.clone();
        for (&index, &size) in index.iter().zip(self.shape()) {
            if index >= size {
                return Err(TensorError::Index { operation: "set", index: index as i64, size });
            }
            cell = cell.get(index.cast_signed())?;
        }
        cell.fill_(number)
    }

    /// Takes these numbers, in order, as `x.copy_(torch.tensor(elements).view_as(x))`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2]);
    /// x.copy_from_slice(&[1.0_f32, 2.0])?;
    /// assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Length`], [`TensorError::DType`] where they are of another kind, and as [`Tensor::add_`].
    pub fn copy_from_slice<T: Element>(&self, elements: &[T]) -> Result<(), TensorError> {
        if T::DTYPE != self.dtype() {
            let (expected, received) = (self.dtype(), T::DTYPE);
            return Err(TensorError::DType {
                operation: "copy_from_slice",
                input_idx: 1,
                expected,
                received,
            });
        }
        self.copy_(&Self::from_vec(elements.to_vec(), self.shape())?)
    }

    /// Whole numbers become floats beside floats, never the reverse.
    fn replace_by_arithmetic(&self, op: Binary, other: &Self) -> Result<(), TensorError> {
        let kind = self.dtype();
        if kind.is_float() {
            let other = if other.dtype() == DType::F16 { other.clone() } else { other.to(kind)? };
            return self.replace_by(op.into(), Some(&other));
        }
        let operation = op.name();
        let result = self.promoted(op, other)?;
        if result.shape() != self.shape() {
            return Err(not_in_place(operation, &[self, other]));
        }
        let is_mask = kind == DType::Bool && result.dtype() != DType::Bool;
        if result.dtype().is_float() || is_mask {
            let received = result.dtype();
            return Err(TensorError::DType { operation, input_idx: 1, expected: kind, received });
        }
        self.copy_(&result.to(kind)?)
    }

    /// Replaces the numbers by what an operation makes of them.
    fn replace_by(&self, op: Op, other: Option<&Self>) -> Result<(), TensorError> {
        let operation = op.operation().name();
        let inputs: Vec<&Self> = [self].into_iter().chain(other).collect();
        let recorded = self.begin_write(operation, &inputs)?;
        let values: Vec<_> = inputs.iter().map(|input| input.value()).collect();
        let value = op.operation().output(&values.iter().collect::<Vec<_>>())?;
        if value.shape != self.shape() {
            return Err(not_in_place(operation, &inputs));
        }
        let result = compute(&op, &inputs, &value)?;
        if !recorded {
            self.overwrite(&result);
            return Ok(());
        }
        let sources: Vec<_> = inputs.iter().map(|&input| (input, input.meta())).collect();
        let is_view = self.looking().is_some();
        let mut meta = Meta::recorded(op, &sources, if is_view { &result } else { self });
        // The old numbers are about to go.
        meta.copy_saved_input(0);
        if is_view {
            result.set_meta(Some(Rc::new(meta)));
            self.write_recorded(&result)
        } else {
            self.overwrite(&result);
            meta.saved_output_is_current(self);
            self.rewrite(Some(Rc::new(meta)));
            Ok(())
        }
    }

    /// Whether the write has to be recorded, if it may happen at all.
    fn begin_write(&self, operation: &'static str, inputs: &[&Self]) -> Result<bool, TensorError> {
        if self.layout().repeats() {
            return Err(TensorError::SharedPlaces { operation });
        }
        let learned = self.requires_grad() || inputs.iter().any(|input| input.requires_grad());
        if !learned || !is_recording() || !self.dtype().is_float() {
            return Ok(false);
        }
        self.check_history(operation)?;
        for input in inputs {
            input.check_history(operation)?;
        }
        self.check_rewritable(operation)?;
        Ok(true)
    }

    /// Takes these numbers and their history, which for a view becomes part of its base's.
    fn write_recorded(&self, numbers: &Self) -> Result<(), TensorError> {
        let whole = if self.looking().is_some() { self.in_base(numbers)? } else { numbers.clone() };
        self.overwrite(&numbers.copied());
        self.base().rewrite(whole.meta());
        Ok(())
    }

    /// Takes numbers that lie in order.
    fn overwrite(&self, numbers: &Self) {
        let from = numbers.storage().data();
        self.storage().write(|data| data.replace(self.layout(), &from));
    }
}

fn not_in_place(operation: &'static str, operands: &[&Tensor]) -> TensorError {
    TensorError::Shapes {
        operation,
        expected: format!("operands that broadcast to {:?}, which is written in place", operands[0].shape()),
        received: operands.iter().map(|operand| operand.shape().to_vec()).collect(),
    }
}
