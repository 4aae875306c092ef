//! Networks to start from.

use crate::layers::{AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Linear, MaxPool2d, Residual};
use crate::model::{LayerSpec, ModelSpec, VERSION};

/// A network with a name.
#[derive(Clone, Debug)]
pub struct Preset {
    /// What the command line and the page's link call it.
    pub id: &'static str,
    /// What a menu calls it.
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    /// The network.
    pub model: ModelSpec,
}

/// All presets, in a menu's order.
pub fn all() -> Vec<Preset> {
    let preset = |id, name, about, layers| Preset {
        id,
        name,
        about,
        model: ModelSpec { version: VERSION, input: [1, 28, 28], layers },
    };
    vec![
        preset("s", "Small CNN", "Two convolutions with pooling; trains in seconds.", small()),
        preset("normed", "Normed CNN", "The small CNN with batch normalisation.", normed()),
        preset(
            "residual",
            "Small ResNet",
            "Two residual blocks, each of two normalised convolutions.",
            residual(),
        ),
        preset("f", "Strided CNN", "Five convolutions of stride 2 and no pooling; made for Adam.", strided()),
        preset("l", "Large CNN", "Four convolutions and two linear layers; slow without a GPU.", large()),
        preset("lenet5", "LeNet-5", "LeCun and others, 1998, with tanh and average pooling.", lenet5()),
        preset("linear", "Linear classifier", "One linear layer: a template per digit.", linear_classifier()),
        preset("mlp", "Two-layer perceptron", "A hidden layer of 64 and no convolution.", perceptron()),
    ]
}

/// The preset of this id, in capitals or not.
pub fn model(id: &str) -> Option<ModelSpec> {
    all().into_iter().find(|preset| preset.id.eq_ignore_ascii_case(id)).map(|preset| preset.model)
}

/// The id of the preset that a network is, if it is one.
pub fn id(model: &ModelSpec) -> Option<&'static str> {
    all().into_iter().find(|preset| preset.model == *model).map(|preset| preset.id)
}

fn conv(out_channels: usize, kernel_size: usize, stride: usize, padding: usize) -> LayerSpec {
    LayerSpec::Conv2d(Conv2d {
        out_channels,
        kernel_size: kernel_size.into(),
        stride: stride.into(),
        padding: padding.into(),
        ..Conv2d::default()
    })
}

fn linear(out_features: usize) -> LayerSpec {
    LayerSpec::Linear(Linear { out_features, bias: true })
}

fn pool() -> LayerSpec {
    LayerSpec::MaxPool2d(MaxPool2d::default())
}

fn small() -> Vec<LayerSpec> {
    use LayerSpec::{Flatten, ReLU};
    vec![conv(8, 3, 1, 1), ReLU, pool(), conv(16, 3, 1, 1), ReLU, pool(), Flatten, linear(10)]
}

fn conv_without_bias(out_channels: usize, stride: usize) -> LayerSpec {
    LayerSpec::Conv2d(Conv2d {
        out_channels,
        stride: stride.into(),
        padding: 1.into(),
        bias: false,
        ..Conv2d::default()
    })
}

fn norm() -> LayerSpec {
    LayerSpec::BatchNorm2d(BatchNorm2d::default())
}

fn normed() -> Vec<LayerSpec> {
    use LayerSpec::{Flatten, ReLU};
    vec![
        conv_without_bias(8, 1),
        norm(),
        ReLU,
        pool(),
        conv_without_bias(16, 1),
        norm(),
        ReLU,
        pool(),
        Flatten,
        linear(10),
    ]
}

fn residual() -> Vec<LayerSpec> {
    use LayerSpec::{Flatten, ReLU};
    let mut layers = Vec::new();
    for out_channels in [16, 32] {
        // Half as large, then a block that keeps the shape.
        layers.extend([conv_without_bias(out_channels, 2), norm(), ReLU]);
        let from = layers.len();
        layers.extend([conv_without_bias(out_channels, 1), norm(), ReLU]);
        layers.extend([conv_without_bias(out_channels, 1), norm()]);
        layers.extend([LayerSpec::Residual(Residual { from }), ReLU]);
    }
    layers.extend([LayerSpec::AdaptiveAvgPool2d(AdaptiveAvgPool2d::default()), Flatten, linear(10)]);
    layers
}

fn strided() -> Vec<LayerSpec> {
    use LayerSpec::{Flatten, ReLU};
    vec![
        conv(8, 5, 2, 2),
        ReLU,
        conv(16, 3, 2, 1),
        ReLU,
        conv(32, 3, 2, 1),
        ReLU,
        conv(64, 3, 2, 1),
        ReLU,
        conv(10, 3, 2, 1),
        LayerSpec::AdaptiveAvgPool2d(AdaptiveAvgPool2d::default()),
        Flatten,
    ]
}

fn large() -> Vec<LayerSpec> {
    use LayerSpec::{Flatten, ReLU};
    vec![
        conv(32, 3, 1, 1),
        ReLU,
        conv(32, 3, 1, 1),
        ReLU,
        pool(),
        conv(64, 3, 1, 1),
        ReLU,
        conv(64, 3, 1, 1),
        ReLU,
        pool(),
        Flatten,
        linear(512),
        ReLU,
        linear(10),
    ]
}

fn lenet5() -> Vec<LayerSpec> {
    use crate::layers::AvgPool2d;
    use LayerSpec::{Flatten, Tanh};
    let average = || LayerSpec::AvgPool2d(AvgPool2d::default());
    vec![
        conv(6, 5, 1, 2),
        Tanh,
        average(),
        conv(16, 5, 1, 0),
        Tanh,
        average(),
        Flatten,
        linear(120),
        Tanh,
        linear(84),
        Tanh,
        linear(10),
    ]
}

fn linear_classifier() -> Vec<LayerSpec> {
    vec![LayerSpec::Flatten, linear(10)]
}

fn perceptron() -> Vec<LayerSpec> {
    vec![LayerSpec::Flatten, linear(64), LayerSpec::ReLU, linear(10)]
}
