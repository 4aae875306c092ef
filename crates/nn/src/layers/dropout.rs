use serde::{Deserialize, Serialize};

/// The argument of PyTorch's [`nn.Dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html). It
/// drops while training only; an evaluation passes everything on as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// How probable it is that a number is dropped; the others are multiplied by `1 / (1 − p)`.
    #[serde(default = "half")]
    pub p: f32,
}

const fn half() -> f32 {
    0.5
}

impl Default for Dropout {
    fn default() -> Self {
        Self { p: half() }
    }
}
