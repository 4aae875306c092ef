use tensor::{Tensor, TensorError};

use super::Module;
use crate::layers::Approximate;

macro_rules! activations {
    ($($name:ident, $method:ident, $shown:literal, $meaning:literal, $url:literal;)+) => {
        $(
            #[doc = concat!($meaning, ", PyTorch's [`nn.", stringify!($name), "`](", $url, ").")]
            #[derive(Clone, Copy, Debug, Default)]
            pub struct $name;

            impl Module for $name {
                fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
                    input.$method()
                }

                fn describe(&self) -> String {
                    $shown.to_owned()
                }
            }
        )+
    };
}

macro_rules! activations_with_an_argument {
    ($($name:ident { $argument:ident: $type:ty = $default:expr, $what:literal }, $method:ident, $meaning:literal, $url:literal;)+) => {
        $(
            #[doc = concat!($meaning, ", PyTorch's [`nn.", stringify!($name), "`](", $url, ").")]
            #[derive(Clone, Copy, Debug)]
            pub struct $name {
                #[doc = $what]
                pub $argument: $type,
            }

            impl Default for $name {
                fn default() -> Self {
                    Self { $argument: $default }
                }
            }

            impl Module for $name {
                fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
                    input.$method(self.$argument)
                }

                fn describe(&self) -> String {
                    format!(concat!(stringify!($name), "(", stringify!($argument), "={:?})"), self.$argument)
                }
            }
        )+
    };
}

activations! {
    ReLU, relu, "ReLU()", "`max(x, 0)`", "https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html";
    Sigmoid, sigmoid, "Sigmoid()", "`1 / (1 + e⁻ˣ)`", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html";
    Tanh, tanh, "Tanh()", "The hyperbolic tangent", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html";
}

activations_with_an_argument! {
    LeakyReLU { negative_slope: f32 = 0.01, "The factor for negative inputs." }, leaky_relu,
        "`x` where positive, `negative_slope · x` elsewhere", "https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html";
    ELU { alpha: f32 = 1.0, "What it tends to, negated, for very negative inputs." }, elu,
        "`x` where positive, `alpha · (eˣ − 1)` elsewhere", "https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html";
    Softmax { dim: isize = -1, "The dimension along which they sum to 1." }, softmax,
        "Probabilities along a dimension", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html";
    LogSoftmax { dim: isize = -1, "The dimension along which probabilities sum to 1." }, log_softmax,
        "Logarithms of probabilities along a dimension", "https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html";
}

/// `x · Φ(x)` with the normal distribution Φ, PyTorch's
/// [`nn.GELU`](https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html).
#[derive(Clone, Copy, Debug, Default)]
pub struct GELU {
    /// How the distribution is computed.
    pub approximate: Approximate,
}

impl Module for GELU {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        match self.approximate {
            Approximate::None => input.gelu(),
            Approximate::Tanh => input.gelu_tanh(),
        }
    }

    fn describe(&self) -> String {
        let approximate = if self.approximate == Approximate::Tanh { "tanh" } else { "none" };
        format!("GELU(approximate='{approximate}')")
    }
}
