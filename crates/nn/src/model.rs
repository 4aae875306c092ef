//! [`ModelSpec`]: the serialisable description of a network.

use serde::{Deserialize, Serialize};

use crate::layers::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Dropout, ELU, GELU, LeakyReLU, Linear, MaxPool2d,
    Residual,
};

/// The version of the format that this crate writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// A network: its input's shape and its layers in order, with PyTorch's names and arguments.
///
/// ```
/// let json = r#"{"version":1,"input":[1,28,28],"layers":[{"type":"Flatten"},{"type":"Linear","out_features":10}]}"#;
/// let model = nn::ModelSpec::from_json(json).unwrap();
/// assert_eq!(model.layers.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The format's version, [`VERSION`].
    pub version: u32,
    /// `[channels, height, width]` of one input.
    pub input: [usize; 3],
    /// The layers, first to last, as in `nn.Sequential`.
    pub layers: Vec<LayerSpec>,
}

/// One layer and its arguments, named as PyTorch's module is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum LayerSpec {
    /// A two-dimensional convolution.
    Conv2d(Conv2d),
    /// Each channel with mean 0 and variance 1, then scaled and moved.
    BatchNorm2d(BatchNorm2d),
    /// The largest value of each window.
    MaxPool2d(MaxPool2d),
    /// The mean of each window.
    AvgPool2d(AvgPool2d),
    /// The mean of windows chosen so that the output has a given size.
    AdaptiveAvgPool2d(AdaptiveAvgPool2d),
    /// An affine map of features.
    Linear(Linear),
    /// `[channels, height, width]` to `[features]`.
    Flatten,
    /// `max(x, 0)`.
    ReLU,
    /// `x` where positive, `negative_slope · x` elsewhere.
    LeakyReLU(LeakyReLU),
    /// `x` where positive, `alpha · (eˣ − 1)` elsewhere.
    ELU(ELU),
    /// `x · Φ(x)` with the normal distribution Φ.
    GELU(GELU),
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// Some numbers become zero while training.
    Dropout(Dropout),
    /// What an earlier layer receives, added.
    Residual(Residual),
    /// Probabilities over the last dimension.
    Softmax,
    /// Logarithms of the probabilities over the last dimension.
    LogSoftmax,
}

impl LayerSpec {
    /// The layer types in the order of a menu, each with PyTorch's defaults or the arguments most often meant.
    pub fn menu() -> Vec<Self> {
        vec![
            Self::Conv2d(Conv2d { out_channels: 8, padding: 1.into(), ..Conv2d::default() }),
            Self::BatchNorm2d(BatchNorm2d::default()),
            Self::ReLU,
            Self::MaxPool2d(MaxPool2d::default()),
            Self::Flatten,
            Self::Linear(Linear::default()),
            Self::AvgPool2d(AvgPool2d::default()),
            Self::AdaptiveAvgPool2d(AdaptiveAvgPool2d::default()),
            Self::LeakyReLU(LeakyReLU::default()),
            Self::ELU(ELU::default()),
            Self::GELU(GELU::default()),
            Self::Sigmoid,
            Self::Tanh,
            Self::Dropout(Dropout::default()),
            Self::Residual(Residual::default()),
            Self::Softmax,
            Self::LogSoftmax,
        ]
    }

    /// PyTorch's name of the layer's type, such as `Conv2d`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "Conv2d",
            Self::BatchNorm2d(_) => "BatchNorm2d",
            Self::MaxPool2d(_) => "MaxPool2d",
            Self::AvgPool2d(_) => "AvgPool2d",
            Self::AdaptiveAvgPool2d(_) => "AdaptiveAvgPool2d",
            Self::Linear(_) => "Linear",
            Self::Flatten => "Flatten",
            Self::ReLU => "ReLU",
            Self::LeakyReLU(_) => "LeakyReLU",
            Self::ELU(_) => "ELU",
            Self::GELU(_) => "GELU",
            Self::Dropout(_) => "Dropout",
            Self::Residual(_) => "Residual",
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::Softmax => "Softmax",
            Self::LogSoftmax => "LogSoftmax",
        }
    }
}

/// What is wrong with the text of a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not JSON, or not of the model's form; the message names the field and the place.
    #[error("not a model: {0}")]
    Json(#[from] serde_json::Error),
    /// A version that this crate does not know.
    #[error("the model says version {0}, but only version {VERSION} can be read")]
    Version(u32),
}

impl ModelSpec {
    /// Reads a model from JSON.
    ///
    /// # Errors
    /// [`ModelError`] where the text is not a model of this version. Whether the layers fit together is another
    /// question, which [`ModelSpec::geometry`] answers.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let model: Self = serde_json::from_str(text)?;
        if model.version == VERSION { Ok(model) } else { Err(ModelError::Version(model.version)) }
    }

    /// The model as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a model has only strings for keys and finite numbers")
    }
}
