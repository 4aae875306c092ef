use serde::{Deserialize, Serialize};

/// The arguments of PyTorch's [`nn.Linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html);
/// `in_features` follows from the layer before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// The number of features that come out.
    pub out_features: usize,
    /// Whether a learned constant is added to each feature.
    #[serde(default = "yes")]
    pub bias: bool,
}

const fn yes() -> bool {
    true
}

impl Default for Linear {
    fn default() -> Self {
        Self { out_features: 10, bias: true }
    }
}
