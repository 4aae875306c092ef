use serde::{Deserialize, Serialize};

/// The argument of PyTorch's [`nn.GELU`](https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GELU {
    /// How the normal distribution is computed.
    #[serde(default)]
    pub approximate: Approximate,
}

/// How [`GELU`] computes the normal distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approximate {
    /// By the error function.
    #[default]
    None,
    /// Nearly, by the hyperbolic tangent.
    Tanh,
}
