//! The operations, one file each: what it computes, its shape rule, its gradient rule in terms of other operations.

mod activation;
mod adaptive_avg_pool2d;
mod avg_pool2d;
mod batch_matmul;
mod batch_norm2d;
mod binary;
mod cast;
mod cat;
mod compare;
mod conv2d;
mod count_correct;
mod dropout;
mod element_loss;
mod fused;
mod gather;
mod index_select;
mod matmul;
mod max_pool2d;
mod nll_loss;
mod one_hot;
mod pad;
mod reduction;
mod reshape;
mod softmax;
mod sum_to;
mod unary;
mod view;
mod where_;

pub use activation::{Activation, ActivationGrad};
pub(crate) use activation::{CUBIC, DENSITY, SCALE};
pub use adaptive_avg_pool2d::{AdaptiveAvgPool2d, AdaptiveAvgPool2dGrad};
pub use avg_pool2d::{AvgPool2d, AvgPool2dGrad};
pub use batch_matmul::BatchMatMul;
pub use batch_norm2d::{BatchNorm2d, BatchNorm2dGradInput, BatchNorm2dGradWeight};
pub use binary::{Binary, broadcast, broadcast_strides};
pub use cast::Cast;
pub use cat::Cat;
pub use compare::{Compare, Extremum};
pub use conv2d::{Conv2d, Conv2dGradInput, Conv2dGradWeight};
pub use count_correct::CountCorrect;
pub use dropout::Dropout;
pub use element_loss::{ElementLoss, ElementLossGrad};
pub use fused::{
    ConvBlock, ConvBlockGradInput, ConvBlockGradWeight, CrossEntropy, Further, Linear, LinearCrossEntropy,
    LinearGradWeight, NO_CHOICE,
};
pub use gather::{Gather, Scatter, ScatterAdd};
pub use index_select::{IndexAdd, IndexSelect};
pub use matmul::MatMul;
pub use max_pool2d::{MaxPool2d, MaxPool2dGrad, MaxPool2dPick};
pub use nll_loss::{NllLoss, NllLossGrad};
pub use one_hot::OneHot;
pub use pad::Pad;
pub use reduction::{Reduce, Reduction};
pub use reshape::Reshape;
pub use softmax::{LogSoftmax, LogSoftmaxGrad, Softmax, SoftmaxGrad};
pub use sum_to::SumTo;
pub use unary::Unary;
pub use view::{View, ViewGrad};
pub use where_::Where;

use binary::sum_to_shape_of;

use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// What every operation can say of itself.
pub trait Operation {
    /// Its name, the same in errors, shaders and tests.
    fn name(&self) -> &'static str;

    /// What comes out of these inputs.
    ///
    /// # Errors
    /// [`TensorError`] where they do not fit.
    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError>;

    /// Appends the operations that turn the gradient of `node`'s output into those of its inputs, one each; only those
    /// that are `wanted` have to be there.
    ///
    /// # Errors
    /// [`TensorError::NoGradient`] where no rule is defined.
    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let _ = (graph, node, grad_output, wanted);
        Err(TensorError::NoGradient { operation: self.name() })
    }
}

macro_rules! operations {
    ($($name:ident),+ $(,)?) => {
        /// Any operation. The leaves are given from outside; all others are computed.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented at its own type")]
        pub enum Op {
            /// Given anew at every run, under this name.
            Input(String),
            /// Learned, under this name.
            Parameter(String),
            /// The same number everywhere.
            Constant(f32),
            $($name($name),)+
        }

        $(impl From<$name> for Op {
            fn from(operation: $name) -> Self {
                Self::$name(operation)
            }
        })+

        impl Op {
            /// The operation's own rules.
            pub fn operation(&self) -> &dyn Operation {
                match self {
                    Self::Input(_) | Self::Parameter(_) | Self::Constant(_) => &Leaf,
                    $(Self::$name(operation) => operation,)+
                }
            }
        }
    };
}

// The kernel table of the CPU and that of the GPU have one row for each of these.
operations! {
    Activation, ActivationGrad, AdaptiveAvgPool2d, AdaptiveAvgPool2dGrad, AvgPool2d, AvgPool2dGrad, BatchMatMul, BatchNorm2d, BatchNorm2dGradInput, BatchNorm2dGradWeight, Binary, Cast, Cat, Compare, Conv2d, Conv2dGradInput, Conv2dGradWeight, ConvBlock, ConvBlockGradInput, ConvBlockGradWeight, CountCorrect, CrossEntropy, Dropout, ElementLoss, ElementLossGrad, Extremum, Further, Gather, IndexAdd, IndexSelect, Linear, LinearCrossEntropy, LinearGradWeight, LogSoftmax, LogSoftmaxGrad, MatMul, MaxPool2d, MaxPool2dGrad, MaxPool2dPick, NllLoss, NllLossGrad, OneHot, Pad, Reduction, Reshape, Scatter, ScatterAdd, Softmax, SoftmaxGrad, SumTo, Unary, View, ViewGrad, Where,
}

#[derive(Debug)]
struct Leaf;

impl Operation for Leaf {
    fn name(&self) -> &'static str {
        "leaf"
    }

    fn output(&self, _inputs: &[&Value]) -> Result<Value, TensorError> {
        Err(TensorError::NoGradient { operation: self.name() })
    }
}

/// The inputs as an array of the expected length.
fn take<'a, const N: usize>(
    operation: &'static str,
    inputs: &[&'a Value],
) -> Result<[&'a Value; N], TensorError> {
    inputs.try_into().map_err(|_| TensorError::InputCount { operation, expected: N, received: inputs.len() })
}

/// An input's shape as an array, where it has floating-point elements and the expected rank.
fn dims<const N: usize>(
    operation: &'static str,
    what: &str,
    inputs: &[&Value],
    input_idx: usize,
) -> Result<[usize; N], TensorError> {
    check_dtype(operation, inputs, input_idx, DType::F32)?;
    let shape = &inputs[input_idx].shape;
    shape.as_slice().try_into().map_err(|_| mismatch(operation, format!("{what} has {N} dimensions"), inputs))
}

fn check_dtype(
    operation: &'static str,
    inputs: &[&Value],
    input_idx: usize,
    expected: DType,
) -> Result<(), TensorError> {
    let received = inputs[input_idx].dtype;
    if received == expected {
        Ok(())
    } else {
        Err(TensorError::DType { operation, input_idx, expected, received })
    }
}

fn mismatch(operation: &'static str, expected: impl Into<String>, inputs: &[&Value]) -> TensorError {
    let received = inputs.iter().map(|value| value.shape.clone()).collect();
    TensorError::Shapes { operation, expected: expected.into(), received }
}
