//! The functions behind layers, most of them a tensor's own methods under PyTorch's names.

use tensor::random::Stream;
use tensor::{Tensor, TensorError, Window};

use crate::layers::Pair;

/// `input · weightᵀ + bias`, as
/// [`torch.nn.functional.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).
///
/// # Shapes
/// input `[…, in_features]`, weight `[out_features, in_features]`, bias `[out_features]`; output `[…, out_features]`.
///
/// # Errors
/// [`TensorError::Shapes`], [`TensorError::DType`].
pub fn linear(input: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor, TensorError> {
    input.linear(weight, bias)
}

/// Two-dimensional convolution, as
/// [`torch.nn.functional.conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html). Stride,
/// padding and dilation are one number, or one each for height and width.
///
/// ```
/// use nn::functional::conv2d;
/// use tensor::Tensor;
/// let output = conv2d(&Tensor::ones([1, 2, 7, 9]), &Tensor::ones([3, 2, 3, 5]), None, [2, 1], [1, 2], 1, 1)?;
/// assert_eq!(output.shape(), [1, 3, 4, 9]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// input `[batch, in_channels, height, width]`, weight `[out_channels, in_channels / groups, kernel_height,
/// kernel_width]`, bias `[out_channels]`; output `[batch, out_channels, out_height, out_width]`. Without a batch both input
/// and output have three dimensions.
///
/// # Errors
/// [`TensorError::Shapes`], [`TensorError::DType`].
pub fn conv2d(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: impl Into<Pair>,
    padding: impl Into<Pair>,
    dilation: impl Into<Pair>,
    groups: usize,
) -> Result<Tensor, TensorError> {
    let &[_, _, height, width] = weight.shape() else {
        return Err(TensorError::Shapes {
            operation: "conv2d",
            expected: "a weight [out_channels, in_channels / groups, kernel_height, kernel_width]".into(),
            received: vec![weight.shape().to_vec()],
        });
    };
    let dilation = dilation.into().array();
    input.conv2d(weight, bias, Window { dilation, ..window([height, width], stride, padding) }, groups)
}

/// While training, zeroes each element with probability `p` and multiplies the others by `1 / (1 − p)`, so that the
/// mean stays; the input itself otherwise. As
/// [`torch.nn.functional.dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html), with
/// the stream that its numbers come from.
///
/// ```
/// use nn::functional::dropout;
/// use tensor::{Tensor, random::{Purpose, Stream}};
/// let mut stream = Stream::new(0, Purpose::Eager, 0);
/// let output = dropout(&Tensor::ones([100]), 0.5, true, &mut stream)?;
/// assert!(output.to_vec::<f32>()?.iter().all(|&x| x == 0.0 || x == 2.0));
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// [`TensorError::Argument`] for a probability outside 0 to 1, [`TensorError::DType`].
pub fn dropout(input: &Tensor, p: f32, training: bool, stream: &mut Stream) -> Result<Tensor, TensorError> {
    check_probability("dropout", p)?;
    if !training || p == 0.0 {
        return Ok(input.clone());
    }
    // All are dropped where p is 1: the scale would be infinite.
    let scale = if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 };
    let kept = (0..input.numel()).map(|_| if stream.uniform() < p { 0.0 } else { scale });
    input.mul(Tensor::from_vec(kept.collect::<Vec<f32>>(), input.shape())?)
}

/// Refuses what is no probability.
pub(crate) fn check_probability(operation: &'static str, p: f32) -> Result<(), TensorError> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    let (expected, received) = ("between 0 and 1", p.to_string());
    Err(TensorError::Argument { operation, argument: "p", expected, received })
}

macro_rules! elementwise {
    ($($name:ident($($argument:ident: $type:ty)?), $doc:literal;)+) => {
        $(
            #[doc = $doc]
            ///
            /// # Errors
            /// [`TensorError::DType`] for anything but `F32`.
            pub fn $name(input: &Tensor $(, $argument: $type)?) -> Result<Tensor, TensorError> {
                input.$name($($argument)?)
            }
        )+
    };
}

elementwise! {
    relu(), "`max(x, 0)`, as [`torch.nn.functional.relu`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html).";
    leaky_relu(negative_slope: f32), "`x` where positive, `negative_slope · x` elsewhere, as [`torch.nn.functional.leaky_relu`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html), whose default is 0.01.";
    elu(alpha: f32), "`x` where positive, `alpha · (eˣ − 1)` elsewhere, as [`torch.nn.functional.elu`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.elu.html), whose default is 1.";
    gelu(), "`x · Φ(x)` with the normal distribution Φ, as [`torch.nn.functional.gelu`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html).";
    sigmoid(), "`1 / (1 + e⁻ˣ)`, as [`torch.nn.functional.sigmoid`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.sigmoid.html).";
    tanh(), "The hyperbolic tangent, as [`torch.nn.functional.tanh`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.tanh.html).";
}

/// Probabilities along a dimension, as
/// [`torch.nn.functional.softmax`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html).
///
/// # Errors
/// [`TensorError::Dim`], [`TensorError::DType`].
pub fn softmax(input: &Tensor, dim: isize) -> Result<Tensor, TensorError> {
    input.softmax(dim)
}

/// Logarithms of probabilities along a dimension, as
/// [`torch.nn.functional.log_softmax`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html).
///
/// # Errors
/// [`TensorError::Dim`], [`TensorError::DType`].
pub fn log_softmax(input: &Tensor, dim: isize) -> Result<Tensor, TensorError> {
    input.log_softmax(dim)
}

pub(super) fn window(
    kernel_size: impl Into<Pair>,
    stride: impl Into<Pair>,
    padding: impl Into<Pair>,
) -> Window {
    let (kernel, stride, padding) =
        (kernel_size.into().array(), stride.into().array(), padding.into().array());
    Window { kernel, stride, padding, dilation: [1, 1] }
}
