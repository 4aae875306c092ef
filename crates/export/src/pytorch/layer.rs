//! Layers as PyTorch's modules.

use nn::layers::{Approximate, BatchNorm2d, Conv2d, Linear, Pair};
use nn::{LayerGeometry, LayerSpec, Network};

use super::source::{boolean, call, number, string};

/// Where the arguments of `nn.Sequential` begin.
const INDENT: usize = 8;

/// The arguments of `nn.Sequential`, a line or more for each, with the shapes that come out.
pub fn lines(network: &Network) -> String {
    let layers = network.model().layers.iter().zip(&network.geometry().layers);
    let lines = layers.map(|(layer, geometry)| {
        let sizes: Vec<String> = geometry.output.iter().map(ToString::to_string).collect();
        let module = if matches!(layer, LayerSpec::Residual(_)) { "" } else { "nn." };
        let function = format!("{module}{}", layer.type_name());
        call(&function, &arguments(layer, geometry), INDENT, ",", &sizes.join(" x "))
    });
    lines.collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(INDENT)))
}

fn arguments(layer: &LayerSpec, geometry: &LayerGeometry) -> Vec<String> {
    match layer {
        LayerSpec::Conv2d(conv) => convolution(conv, geometry.input[0]),
        LayerSpec::MaxPool2d(pool) => window(pool.kernel_size, pool.stride, pool.padding),
        LayerSpec::AvgPool2d(pool) => window(pool.kernel_size, pool.stride, pool.padding),
        LayerSpec::AdaptiveAvgPool2d(pool) => vec![pool.output_size.to_string()],
        LayerSpec::BatchNorm2d(norm) => normalisation(norm, geometry.input[0]),
        LayerSpec::Linear(Linear { out_features, bias }) => {
            let mut arguments = vec![geometry.input[0].to_string(), out_features.to_string()];
            arguments.extend(without_bias(*bias));
            arguments
        }
        LayerSpec::LeakyReLU(leaky) => vec![format!("negative_slope={}", number(leaky.negative_slope))],
        LayerSpec::ELU(elu) => vec![format!("alpha={}", number(elu.alpha))],
        LayerSpec::GELU(gelu) => match gelu.approximate {
            Approximate::None => Vec::new(),
            Approximate::Tanh => vec![format!("approximate={}", string("tanh"))],
        },
        LayerSpec::Dropout(dropout) => vec![format!("p={}", number(dropout.p))],
        LayerSpec::Residual(residual) => vec![format!("start={}", residual.from)],
        LayerSpec::Softmax | LayerSpec::LogSoftmax => vec!["dim=-1".to_owned()],
        LayerSpec::Flatten | LayerSpec::ReLU | LayerSpec::Sigmoid | LayerSpec::Tanh => Vec::new(),
    }
}

fn convolution(conv: &Conv2d, in_channels: usize) -> Vec<String> {
    let mut arguments = vec![in_channels.to_string(), conv.out_channels.to_string()];
    arguments.push(format!("kernel_size={}", conv.kernel_size));
    arguments.extend(unless(conv.stride, 1, "stride"));
    arguments.extend(unless(conv.padding, 0, "padding"));
    arguments.extend(unless(conv.dilation, 1, "dilation"));
    if conv.groups != 1 {
        arguments.push(format!("groups={}", conv.groups));
    }
    arguments.extend(without_bias(conv.bias));
    arguments
}

fn normalisation(norm: &BatchNorm2d, num_features: usize) -> Vec<String> {
    let usual = BatchNorm2d::default();
    let mut arguments = vec![num_features.to_string()];
    arguments.extend((norm.eps != usual.eps).then(|| format!("eps={}", number(norm.eps))));
    arguments
        .extend((norm.momentum != usual.momentum).then(|| format!("momentum={}", number(norm.momentum))));
    for (name, value) in [("affine", norm.affine), ("track_running_stats", norm.track_running_stats)] {
        arguments.extend((!value).then(|| format!("{name}={}", boolean(value))));
    }
    arguments
}

fn window(kernel_size: Pair, stride: Option<Pair>, padding: Pair) -> Vec<String> {
    let mut arguments = vec![format!("kernel_size={kernel_size}")];
    arguments.extend(stride.map(|stride| format!("stride={stride}")));
    arguments.extend(unless(padding, 0, "padding"));
    arguments
}

/// The argument, where it is not PyTorch's default.
fn unless(pair: Pair, default: usize, name: &str) -> Option<String> {
    (pair != default.into()).then(|| format!("{name}={pair}"))
}

fn without_bias(bias: bool) -> Option<String> {
    (!bias).then(|| format!("bias={}", boolean(bias)))
}
