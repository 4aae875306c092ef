//! Initial weights for eager tensors, in place. PyTorch's
//! [`torch.nn.init`](https://docs.pytorch.org/docs/stable/nn.init.html), with the stream that the numbers come from.
//!
//! ```
//! use nn::init::{self, Fan, Nonlinearity};
//! use tensor::{Tensor, random::{Purpose, Stream}};
//!
//! let weight = Tensor::zeros([64, 784]).with_grad()?;
//! let mut stream = Stream::new(0, Purpose::Eager, 0);
//! init::kaiming_normal_(&weight, Fan::In, Nonlinearity::ReLU, &mut stream)?;
//! let std = weight.detach().std(.., 1, false)?.item()?;
//! assert!((std - (2.0_f64 / 784.0).sqrt()).abs() < 1e-3);
//! # Ok::<(), tensor::TensorError>(())
//! ```

use tensor::random::Stream;
use tensor::{Tensor, TensorError, no_grad};

/// Which sum's variance is kept: that of the way forward, or that of the way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fan {
    /// The inputs that one output sums over. PyTorch's `fan_in`.
    #[default]
    In,
    /// The outputs that one input goes into. PyTorch's `fan_out`.
    Out,
}

/// What follows the layer, and so how much of a signal it takes away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nonlinearity {
    /// Nothing.
    Linear,
    /// The logistic function.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `max(x, 0)`.
    ReLU,
    /// With its factor for negative inputs.
    LeakyReLU(f32),
}

impl Nonlinearity {
    /// By how much weights are to be larger. PyTorch's
    /// [`calculate_gain`](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain).
    pub fn gain(self) -> f32 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::ReLU => std::f32::consts::SQRT_2,
            Self::LeakyReLU(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
        }
    }
}

/// Inputs of each output and outputs of each input, of a weight `[out, in, …]`: PyTorch's `fan_in` and `fan_out`.
///
/// ```
/// assert_eq!(nn::init::fans(&[16, 8, 3, 3]).unwrap(), [72, 144]);
/// ```
///
/// # Errors
/// [`TensorError::Shapes`] for fewer than two dimensions: a bias has no fan.
pub fn fans(shape: &[usize]) -> Result<[usize; 2], TensorError> {
    let &[out, inputs, ref kernel @ ..] = shape else {
        return Err(TensorError::Shapes {
            operation: "fans",
            expected: "a weight of at least two dimensions [out, in, …]".into(),
            received: vec![shape.to_vec()],
        });
    };
    let n_taps: usize = kernel.iter().product();
    Ok([inputs * n_taps, out * n_taps])
}

/// The bound of what layers draw by themselves, `1/√fan_in`, as in PyTorch's `reset_parameters`; 0 where there is nothing
/// to sum over.
pub fn default_bound(fan_in: usize) -> f32 {
    if fan_in == 0 { 0.0 } else { 1.0 / (fan_in as f32).sqrt() }
}

/// Uniform in `[low, high)`, as `torch.nn.init.uniform_`.
///
/// # Errors
/// [`TensorError`] where the tensor cannot be written to.
pub fn uniform_(tensor: &Tensor, low: f32, high: f32, stream: &mut Stream) -> Result<(), TensorError> {
    fill(tensor, || stream.uniform_in(low, high))
}

/// Normal with a mean and a standard deviation, as `torch.nn.init.normal_`.
///
/// # Errors
/// As [`uniform_`].
pub fn normal_(tensor: &Tensor, mean: f32, std: f32, stream: &mut Stream) -> Result<(), TensorError> {
    fill(tensor, || mean + std * stream.normal())
}

/// The same number everywhere, as `torch.nn.init.constant_`.
///
/// # Errors
/// As [`uniform_`].
pub fn constant_(tensor: &Tensor, number: f32) -> Result<(), TensorError> {
    fill(tensor, || number)
}

/// Zeros, as `torch.nn.init.zeros_`.
///
/// # Errors
/// As [`uniform_`].
pub fn zeros_(tensor: &Tensor) -> Result<(), TensorError> {
    constant_(tensor, 0.0)
}

/// Ones, as `torch.nn.init.ones_`.
///
/// # Errors
/// As [`uniform_`].
pub fn ones_(tensor: &Tensor) -> Result<(), TensorError> {
    constant_(tensor, 1.0)
}

/// Uniform in `±gain·√(3 / fan)`, as `torch.nn.init.kaiming_uniform_` (He and others, "Delving Deep into Rectifiers", 2015).
///
/// # Errors
/// As [`uniform_`]; [`TensorError::Shapes`] for fewer than two dimensions.
pub fn kaiming_uniform_(
    weight: &Tensor,
    fan: Fan,
    nonlinearity: Nonlinearity,
    stream: &mut Stream,
) -> Result<(), TensorError> {
    let bound = 3.0_f32.sqrt() * kaiming_std(weight, fan, nonlinearity)?;
    uniform_(weight, -bound, bound, stream)
}

/// Normal with the standard deviation `gain / √fan`, as `torch.nn.init.kaiming_normal_`.
///
/// # Errors
/// As [`kaiming_uniform_`].
pub fn kaiming_normal_(
    weight: &Tensor,
    fan: Fan,
    nonlinearity: Nonlinearity,
    stream: &mut Stream,
) -> Result<(), TensorError> {
    let std = kaiming_std(weight, fan, nonlinearity)?;
    normal_(weight, 0.0, std, stream)
}

/// Uniform in `±gain·√(6 / (fan_in + fan_out))`, as `torch.nn.init.xavier_uniform_` (Glorot and Bengio, "Understanding the difficulty of training deep
/// feedforward neural networks", 2010).
///
/// # Errors
/// As [`kaiming_uniform_`].
pub fn xavier_uniform_(weight: &Tensor, gain: f32, stream: &mut Stream) -> Result<(), TensorError> {
    let bound = 3.0_f32.sqrt() * xavier_std(weight, gain)?;
    uniform_(weight, -bound, bound, stream)
}

/// Normal with the standard deviation `gain·√(2 / (fan_in + fan_out))`, as `torch.nn.init.xavier_normal_`.
///
/// # Errors
/// As [`kaiming_uniform_`].
pub fn xavier_normal_(weight: &Tensor, gain: f32, stream: &mut Stream) -> Result<(), TensorError> {
    let std = xavier_std(weight, gain)?;
    normal_(weight, 0.0, std, stream)
}

fn kaiming_std(weight: &Tensor, fan: Fan, nonlinearity: Nonlinearity) -> Result<f32, TensorError> {
    let [fan_in, fan_out] = fans(weight.shape())?;
    let n = if fan == Fan::In { fan_in } else { fan_out };
    Ok(nonlinearity.gain() * default_bound(n))
}

fn xavier_std(weight: &Tensor, gain: f32) -> Result<f32, TensorError> {
    let [fan_in, fan_out] = fans(weight.shape())?;
    Ok(gain * std::f32::consts::SQRT_2 * default_bound(fan_in + fan_out))
}

fn fill(tensor: &Tensor, mut number: impl FnMut() -> f32) -> Result<(), TensorError> {
    let numbers: Vec<f32> = (0..tensor.numel()).map(|_| number()).collect();
    no_grad(|| tensor.copy_from_slice(&numbers))
}
