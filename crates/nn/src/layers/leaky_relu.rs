use serde::{Deserialize, Serialize};

/// The argument of PyTorch's [`nn.LeakyReLU`](https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakyReLU {
    /// The factor for negative inputs.
    #[serde(default = "hundredth")]
    pub negative_slope: f32,
}

const fn hundredth() -> f32 {
    0.01
}

impl Default for LeakyReLU {
    fn default() -> Self {
        Self { negative_slope: hundredth() }
    }
}
