//! Mathematics element by element.

use super::storage::Element;
use super::{Tensor, no_grad};
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::ops::{Activation, Binary, Compare, Extremum, Operation, Unary, View};

/// What can stand beside a tensor in arithmetic: another tensor, or a number.
pub trait IntoTensor {
    /// As a tensor; a number becomes one without dimensions.
    fn into_tensor(self) -> Tensor;
}

impl IntoTensor for Tensor {
    fn into_tensor(self) -> Tensor {
        self
    }
}

impl IntoTensor for &Tensor {
    fn into_tensor(self) -> Tensor {
        self.clone()
    }
}

macro_rules! numbers {
    ($($type:ty),+) => {
        $(impl IntoTensor for $type {
            fn into_tensor(self) -> Tensor {
                Tensor::full([], self as f32)
            }
        })+
    };
}

numbers!(f32, f64);

/// A whole number is one of `I64`, as in Python: beside floats it counts as a float, beside whole numbers it stays whole.
impl IntoTensor for i32 {
    fn into_tensor(self) -> Tensor {
        Tensor::from(self)
    }
}

macro_rules! elementwise {
    ($($name:ident $op:expr, $formula:literal;)+) => {
        /// One tensor, each element by itself. All give a tensor of the same shape. They are PyTorch's functions of the
        /// same names, and take the same kinds: functions that give fractions make `F32` of whole numbers and masks,
        /// `neg`, `abs`, `sign`, `square` and `relu` keep whole numbers whole.
        impl Tensor {
            $(
                #[doc = $formula]
                ///
                #[doc = concat!(
                    "```\nuse tensor::Tensor;\nlet x = Tensor::from([[0.5, 2.0]]).", stringify!($name),
                    "()?;\nassert_eq!(x.shape(), [1, 2]);\n# Ok::<(), tensor::TensorError>(())\n```"
                )]
                ///
                /// # Errors
                /// [`TensorError::DType`] for `F16`, and for kinds of which it gives nothing.
                pub fn $name(&self) -> Result<Self, TensorError> {
                    self.mapped($op)
                }
            )+
        }
    };
}

elementwise! {
    neg Unary::Neg, "`−x`, as `torch.neg`.";
    exp Unary::Exp, "`eˣ`, as `torch.exp`.";
    log Unary::Log, "`ln x`, as `torch.log`.";
    sqrt Unary::Sqrt, "`√x`, as `torch.sqrt`.";
    abs Unary::Abs, "`|x|`, as `torch.abs`.";
    sign Unary::Sign, "`−1, 0 or 1`, as `torch.sign`.";
    square Unary::Square, "`x²`, as `torch.square`.";
    sin Unary::Sin, "`sin x`, as `torch.sin`.";
    cos Unary::Cos, "`cos x`, as `torch.cos`.";
    erf Unary::Erf, "The error function, as `torch.erf`.";
    gelu Activation::Gelu { tanh: false }, "`x · Φ(x), with the normal distribution Φ`, as `torch.nn.functional.gelu`.";
    gelu_tanh Activation::Gelu { tanh: true }, "`gelu`, nearly, by a hyperbolic tangent, as `torch.nn.functional.gelu` with `approximate='tanh'`.";
    relu Activation::Relu, "`max(x, 0)`, as `torch.relu`.";
    tanh Activation::Tanh, "The hyperbolic tangent, as `torch.tanh`.";
    sigmoid Activation::Sigmoid, "`1 / (1 + e⁻ˣ)`, as `torch.sigmoid`.";
}

macro_rules! pairwise {
    ($($name:ident $op:expr, $formula:literal;)+) => {
        /// Two tensors, element by element, [broadcast](crate::ops::broadcast): shapes are aligned at the right, and
        /// sizes of 1 are repeated. Whole numbers (`I64`, `U32`, `U8`) become floats beside `F32` and when divided, and
        /// stay whole among themselves; a mask counts as 0 and 1 beside numbers, and two masks give a mask.
        impl Tensor {
            $(
                #[doc = $formula]
                ///
                #[doc = concat!(
                    "```\nuse tensor::Tensor;\nlet x = Tensor::from([[0.5, 2.0]]).", stringify!($name),
                    "(Tensor::ones([3, 1]))?;\nassert_eq!(x.shape(), [3, 2]);\n# Ok::<(), tensor::TensorError>(())\n```"
                )]
                ///
                /// # Shapes
                /// Any that broadcast; the output has the shape to which they do.
                ///
                /// # Errors
                /// [`TensorError::Broadcast`], [`TensorError::DType`] for `F16`, and for a difference of masks.
                pub fn $name(&self, other: impl IntoTensor) -> Result<Self, TensorError> {
                    self.promoted($op, &other.into_tensor())
                }
            )+
        }
    };
}

pairwise! {
    add Binary::Add, "`a + b`, as `torch.add`.";
    sub Binary::Sub, "`a − b`, as `torch.sub`.";
    mul Binary::Mul, "`a · b`, as `torch.mul`.";
    div Binary::Div, "`a / b`, as `torch.div`.";
    maximum Extremum::Maximum, "`max(a, b)`, as `torch.maximum`; equals share the gradient.";
    minimum Extremum::Minimum, "`min(a, b)`, as `torch.minimum`; equals share the gradient.";
}

macro_rules! comparisons {
    ($($name:ident $op:expr, $formula:literal;)+) => {
        /// Comparison, element by element, broadcast as arithmetic is; what comes out is a mask.
        impl Tensor {
            $(
                #[doc = $formula]
                ///
                #[doc = concat!(
                    "```\nuse tensor::Tensor;\nlet x = Tensor::from([[0.5, 2.0]]).", stringify!($name),
                    "(1.0)?;\nassert_eq!(x.dtype(), tensor::DType::Bool);\n# Ok::<(), tensor::TensorError>(())\n```"
                )]
                ///
                /// # Shapes
                /// Any that broadcast; the output has the shape to which they do, of `Bool`.
                ///
                /// # Errors
                /// [`TensorError::Broadcast`].
                pub fn $name(&self, other: impl IntoTensor) -> Result<Self, TensorError> {
                    self.compared($op, &other.into_tensor())
                }
            )+
        }
    };
}

comparisons! {
    eq Compare::Eq, "`a = b`, as `torch.eq`.";
    ne Compare::Ne, "`a ≠ b`, as `torch.ne`.";
    lt Compare::Lt, "`a < b`, as `torch.lt`.";
    le Compare::Le, "`a ≤ b`, as `torch.le`.";
    gt Compare::Gt, "`a > b`, as `torch.gt`.";
    ge Compare::Ge, "`a ≥ b`, as `torch.ge`.";
}

impl Tensor {
    /// Compares without recording: masks have no gradient. Floats go through the kernel; whole numbers are compared as
    /// they are, as not every one of them is an `F32`.
    fn compared(&self, op: Compare, other: &Self) -> Result<Self, TensorError> {
        if self.dtype() == DType::F32 && other.dtype() == DType::F32 {
            return no_grad(|| Self::apply(op, &[self, other]))?.to(DType::Bool);
        }
        let shapes = [self, other].map(|tensor| Value::f32(tensor.shape()));
        let shape = op.output(&[&shapes[0], &shapes[1]])?.shape;
        let mask: Vec<bool> = if self.dtype().is_float() || other.dtype().is_float() {
            let numbers = |tensor: &Self| -> Result<Vec<f64>, TensorError> {
                let expanded = Self::apply(View::Expand { shape: shape.clone() }, &[&tensor.detach()])?;
                Ok(expanded.numbers())
            };
            numbers(self)?.into_iter().zip(numbers(other)?).map(|(a, b)| holds(op, a, b)).collect()
        } else {
            let [a, b] = [self.whole_numbers(&shape)?, other.whole_numbers(&shape)?];
            a.into_iter().zip(b).map(|(a, b)| holds(op, a, b)).collect()
        };
        Ok(Self::from_data(bool::store(mask), &shape))
    }

    /// `self` where the mask is true, `other` elsewhere. PyTorch's
    /// [`torch.where(mask, self, other)`](https://docs.pytorch.org/docs/stable/generated/torch.where.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([-2.0, 0.5, 3.0]);
    /// let positive = x.where_(&x.gt(0.0)?, 0.0)?;
    /// assert_eq!(positive.to_vec::<f32>()?, [0.0, 0.5, 3.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// All three broadcast; the output has the shape to which they do, and the kind that arithmetic would give.
    ///
    /// # Errors
    /// [`TensorError::Shapes`].
    pub fn where_(&self, mask: &Self, other: impl IntoTensor) -> Result<Self, TensorError> {
        Self::chosen(mask, self, &other.into_tensor())
    }

    /// `x^exponent`, as `torch.pow` with a number.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([2.0, 3.0]).pow(2.0)?.to_vec::<f32>()?, [4.0, 9.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::DType`] for `F16`.
    pub fn pow(&self, exponent: f32) -> Result<Self, TensorError> {
        self.mapped(Unary::Pow { exponent })
    }

    /// `x`, but no less than `min` and no more than `max`, as `torch.clamp`; infinities are no bounds.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5]).clamp(-1.0, 1.0)?.to_vec::<f32>()?, [-1.0, 0.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::DType`] for `F16`.
    pub fn clamp(&self, min: f32, max: f32) -> Result<Self, TensorError> {
        self.mapped(Unary::Clamp { min, max })
    }

    /// `x` where positive, `negative_slope · x` elsewhere, as `torch.nn.functional.leaky_relu`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).leaky_relu(0.5)?.to_vec::<f32>()?, [-1.0, 3.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::DType`] for anything but `F32`.
    pub fn leaky_relu(&self, negative_slope: f32) -> Result<Self, TensorError> {
        Self::apply(Activation::LeakyRelu { negative_slope }, &[self])
    }

    /// `x` where positive, `alpha · (eˣ − 1)` elsewhere, as `torch.nn.functional.elu`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([f64::NEG_INFINITY, 3.0]).elu(1.0)?.to_vec::<f32>()?, [-1.0, 3.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::DType`] for anything but `F32`.
    pub fn elu(&self, alpha: f32) -> Result<Self, TensorError> {
        Self::apply(Activation::Elu { alpha }, &[self])
    }

    /// Whether every element lies within `rtol · |b| + atol` of the other's, as `torch.allclose`; never where shapes
    /// differ or a NaN is there.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert!(Tensor::from([0.1]).mul(3.0)?.all_close(&Tensor::from([0.3]), 1e-5, 1e-8));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn all_close(&self, other: &Self, rtol: f64, atol: f64) -> bool {
        let close = |(a, b): (f64, f64)| a == b || (a - b).abs() <= atol + rtol * b.abs();
        self.shape() == other.shape() && self.numbers().into_iter().zip(other.numbers()).all(close)
    }
}

fn holds<T: PartialOrd>(op: Compare, a: T, b: T) -> bool {
    match op {
        Compare::Eq => a == b,
        Compare::Ne => a != b,
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),+) => {
        $(impl<T: IntoTensor> std::ops::$trait<T> for &Tensor {
            type Output = Result<Tensor, TensorError>;

            fn $method(self, other: T) -> Self::Output {
                Tensor::$method(self, other)
            }
        }

        impl<T: IntoTensor> std::ops::$trait<T> for Tensor {
            type Output = Result<Tensor, TensorError>;

            fn $method(self, other: T) -> Self::Output {
                Self::$method(&self, other)
            }
        })+

        operators_after_numbers!(f64: $($trait $method),+);
        operators_after_numbers!(i32: $($trait $method),+);
    };
}

/// A number may also come first, as in `1.0 - &x`: one kind of each sort, so that a literal's kind is known.
macro_rules! operators_after_numbers {
    ($type:ty: $($trait:ident $method:ident),+) => {
        $(impl std::ops::$trait<&Tensor> for $type {
            type Output = Result<Tensor, TensorError>;

            fn $method(self, other: &Tensor) -> Self::Output {
                self.into_tensor().$method(other)
            }
        }

        impl std::ops::$trait<Tensor> for $type {
            type Output = Result<Tensor, TensorError>;

            fn $method(self, other: Tensor) -> Self::Output {
                self.into_tensor().$method(&other)
            }
        })+
    };
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl std::ops::Neg for &Tensor {
    type Output = Result<Tensor, TensorError>;

    fn neg(self) -> Self::Output {
        Tensor::neg(self)
    }
}

impl std::ops::Neg for Tensor {
    type Output = Result<Self, TensorError>;

    fn neg(self) -> Self::Output {
        Self::neg(&self)
    }
}
