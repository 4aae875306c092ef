//! First weights by `torch.nn.init`.

use nn::init::Nonlinearity;
use nn::initialisation::nonlinearity_after;
use nn::{Initialisation, LayerSpec};

use super::source::number;

/// The function that draws first weights as the options say; nothing where PyTorch's modules draw them so by themselves.
pub fn function(layers: &[LayerSpec], initialisation: Initialisation) -> String {
    let (meaning, draw) = match initialisation {
        Initialisation::Default => return String::new(),
        Initialisation::Zeros => return zeros(layers),
        Initialisation::KaimingUniform => {
            (KAIMING, "kaiming_uniform_(layer.weight, slope, nonlinearity=name)")
        }
        Initialisation::KaimingNormal => (KAIMING, "kaiming_normal_(layer.weight, slope, nonlinearity=name)"),
        Initialisation::XavierUniform => (XAVIER, "xavier_uniform_(layer.weight, gain)"),
        Initialisation::XavierNormal => (XAVIER, "xavier_normal_(layer.weight, gain)"),
    };
    let gain = if meaning == XAVIER { "        gain = nn.init.calculate_gain(name, slope)\n" } else { "" };
    let rows: String = drawn(layers)
        .map(|position| {
            let (name, slope) = named(nonlinearity_after(layers, position));
            format!("        ({position}, \"{name}\", {}),\n", number(slope))
        })
        .collect();
    format!(
        r#"def draw_weights(model):
    """{meaning}"""
    # Each layer that has weights, and the function that follows it.
    for position, name, slope in [
{rows}    ]:
        layer = model[position]
{gain}        nn.init.{draw}
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

"#
    )
}

fn zeros(layers: &[LayerSpec]) -> String {
    let positions: Vec<String> = drawn(layers).map(|position| position.to_string()).collect();
    format!(
        r#"def draw_weights(model):
    """First weights of 0, with which hardly anything learns."""
    for position in [{}]:
        for parameter in model[position].parameters():
            nn.init.zeros_(parameter)

"#,
        positions.join(", ")
    )
}

/// The positions of layers whose weights are drawn.
fn drawn(layers: &[LayerSpec]) -> impl Iterator<Item = usize> {
    let has_weights = |layer: &LayerSpec| matches!(layer, LayerSpec::Conv2d(_) | LayerSpec::Linear(_));
    layers.iter().enumerate().filter(move |(_, layer)| has_weights(layer)).map(|(position, _)| position)
}

const KAIMING: &str = "First weights as He and others draw them; biases are 0.";
const XAVIER: &str = "First weights as Glorot and Bengio draw them; biases are 0.";

/// By its name in `torch.nn.init.calculate_gain`, with the argument.
const fn named(nonlinearity: Nonlinearity) -> (&'static str, f32) {
    match nonlinearity {
        Nonlinearity::Linear => ("linear", 0.0),
        Nonlinearity::Sigmoid => ("sigmoid", 0.0),
        Nonlinearity::Tanh => ("tanh", 0.0),
        Nonlinearity::ReLU => ("relu", 0.0),
        Nonlinearity::LeakyReLU(slope) => ("leaky_relu", slope),
    }
}
