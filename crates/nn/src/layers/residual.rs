use serde::{Deserialize, Serialize};

/// The end of a residual block: adds what an earlier layer receives to what comes in here, so that the layers between
/// learn a difference (He and others, "Deep Residual Learning for Image Recognition", 2015).
///
/// PyTorch has no module for it: there it is the `+` in a block's `forward`. Layers keep their positions in one flat
/// `nn.Sequential`, and parameters the names that go with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// The position of the block's first layer, whose input is added.
    pub from: usize,
}
