use serde::{Deserialize, Serialize};

/// The argument of PyTorch's [`nn.ELU`](https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ELU {
    /// Minus what very negative inputs tend to.
    #[serde(default = "one")]
    pub alpha: f32,
}

const fn one() -> f32 {
    1.0
}

impl Default for ELU {
    fn default() -> Self {
        Self { alpha: one() }
    }
}
