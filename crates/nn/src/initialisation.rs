//! Initial weights.

use serde::{Deserialize, Serialize};
use tensor::ParameterLayout;
use tensor::random::{Purpose, Stream};

use crate::init::{Nonlinearity, fans};
use crate::model::LayerSpec;
use crate::network::Network;

/// How initial weights are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// PyTorch's defaults, as [`initial_parameters`] says.
    #[default]
    Default,
    /// Uniform in `±gain·√(3 / fan_in)` (He and others, 2015); biases are 0.
    KaimingUniform,
    /// Normal with the standard deviation `gain / √fan_in`; biases are 0.
    KaimingNormal,
    /// Uniform in `±gain·√(6 / (fan_in + fan_out))` (Glorot and Bengio, 2010); biases are 0.
    XavierUniform,
    /// Normal with the standard deviation `gain·√(2 / (fan_in + fan_out))`; biases are 0.
    XavierNormal,
    /// All 0, with which nothing but the last layer's biases can learn.
    Zeros,
}

impl Initialisation {
    /// All of them, in the order of a menu.
    pub const ALL: [Self; 6] = [
        Self::Default,
        Self::KaimingUniform,
        Self::KaimingNormal,
        Self::XavierUniform,
        Self::XavierNormal,
        Self::Zeros,
    ];

    /// The name in options, `torch.nn.init`'s.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::KaimingUniform => "kaiming_uniform",
            Self::KaimingNormal => "kaiming_normal",
            Self::XavierUniform => "xavier_uniform",
            Self::XavierNormal => "xavier_normal",
            Self::Zeros => "zeros",
        }
    }

    /// A network's initial parameters, laid out as its layout. The gain is that of the activation which follows a layer.
    ///
    /// Normalisation, and every number with [`Initialisation::Default`], starts as [`initial_parameters`] says. A
    /// parameter's numbers depend on the seed and its position alone.
    pub fn parameters(self, network: &Network, seed: u64) -> Vec<f32> {
        let layout = network.layout();
        let mut parameters = initial_parameters(&layout, seed);
        let layers = &network.model().layers;
        for (position, slot) in layout.slots.iter().enumerate() {
            let (layer_idx, of) = slot.name.split_once('.').unwrap_or_default();
            let layer_idx: usize = layer_idx.parse().unwrap_or_default();
            let is_drawn = matches!(layers.get(layer_idx), Some(LayerSpec::Conv2d(_) | LayerSpec::Linear(_)));
            if self == Self::Default || !is_drawn {
                continue;
            }
            let numbers = &mut parameters[slot.range()];
            let Ok([fan_in, fan_out]) = fans(&slot.shape) else {
                debug_assert_eq!(of, "bias", "weights have fans");
                numbers.fill(0.0);
                continue;
            };
            let gain = nonlinearity_after(layers, layer_idx).gain();
            let kaiming = gain / (fan_in as f32).sqrt();
            let xavier = gain * (2.0 / (fan_in + fan_out) as f32).sqrt();
            let mut stream = Stream::new(seed, Purpose::Initialisation, position as u64);
            let mut uniform = |std: f32| {
                let bound = 3.0_f32.sqrt() * std;
                numbers.fill_with(|| stream.uniform_in(-bound, bound));
            };
            match self {
                Self::KaimingUniform => uniform(kaiming),
                Self::XavierUniform => uniform(xavier),
                Self::KaimingNormal => numbers.fill_with(|| kaiming * stream.normal()),
                Self::XavierNormal => numbers.fill_with(|| xavier * stream.normal()),
                Self::Zeros | Self::Default => numbers.fill(0.0),
            }
        }
        parameters
    }
}

/// The activation that follows the layer at a position, before the next layer with weights: what decides how large its
/// initial weights are.
///
/// ```
/// use nn::init::Nonlinearity;
/// let model = nn::presets::model("mlp").unwrap();
/// assert_eq!(nn::initialisation::nonlinearity_after(&model.layers, 1), Nonlinearity::ReLU);
/// ```
pub fn nonlinearity_after(layers: &[LayerSpec], layer_idx: usize) -> Nonlinearity {
    let of = |layer: &LayerSpec| match layer {
        LayerSpec::ReLU => Some(Nonlinearity::ReLU),
        LayerSpec::LeakyReLU(leaky) => Some(Nonlinearity::LeakyReLU(leaky.negative_slope)),
        LayerSpec::Sigmoid => Some(Nonlinearity::Sigmoid),
        LayerSpec::Tanh => Some(Nonlinearity::Tanh),
        LayerSpec::Conv2d(_) | LayerSpec::Linear(_) => Some(Nonlinearity::Linear),
        _ => None,
    };
    layers.iter().skip(layer_idx + 1).find_map(of).unwrap_or(Nonlinearity::Linear)
}

/// PyTorch's defaults for convolutions and linear layers: weights and biases alike uniform in `±1/√fan_in`, where
/// `fan_in` is the number of inputs that one output sums over (`nn.Conv2d`'s and `nn.Linear`'s `reset_parameters`: He
/// and others' "Kaiming" initialisation with `a = √5`). Normalisation starts with weights and running variances of 1; its
/// biases, running means and counts start with 0.
///
/// A parameter's numbers depend on the seed and its position alone. The result is laid out as `layout` says.
pub fn initial_parameters(layout: &ParameterLayout, seed: u64) -> Vec<f32> {
    let mut parameters = vec![0.0; layout.len];
    let mut bound = 0.0;
    for (position, slot) in layout.slots.iter().enumerate() {
        let numbers = &mut parameters[slot.range()];
        match (slot.name.rsplit('.').next(), slot.shape.as_slice()) {
            (Some("running_var"), _) => numbers.fill(1.0),
            (Some("running_mean" | "num_batches_tracked"), _) => {}
            // One weight per channel scales it. The bias that follows moves it, from 0.
            (Some("weight"), [_]) => {
                numbers.fill(1.0);
                bound = 0.0;
            }
            (_, shape) => {
                // A bias follows its weight, and shares its fan-in.
                if let [_, fan_in @ ..] = shape
                    && !fan_in.is_empty()
                {
                    bound = 1.0 / (fan_in.iter().product::<usize>() as f32).sqrt();
                }
                let mut stream = Stream::new(seed, Purpose::Initialisation, position as u64);
                numbers.fill_with(|| stream.uniform_in(-bound, bound));
            }
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use crate::presets;

    #[test]
    fn weights_fill_the_interval_that_the_fan_in_gives_and_gaps_stay_zero() {
        let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
        let layout = network.layout();
        let parameters = initial_parameters(&layout, 0);
        let linear = layout.slots.iter().find(|slot| slot.name == "7.weight").unwrap();
        let bound = 1.0 / 784_f32.sqrt();
        let weights = &parameters[linear.range()];
        let largest = weights.iter().fold(0.0_f32, |a, w| a.max(w.abs()));
        assert!(largest <= bound && largest > 0.99 * bound, "{largest}");
        let in_slots: usize = layout.slots.iter().map(|slot| slot.range().len()).sum();
        assert_eq!(in_slots, 9_098);
        assert_eq!(parameters.iter().filter(|w| **w != 0.0).count(), in_slots);
    }

    #[test]
    fn a_seed_gives_the_same_weights_and_another_gives_others() {
        let network = Network::new(presets::model("mlp").unwrap(), 10).unwrap();
        let layout = network.layout();
        let with = |seed| initial_parameters(&layout, seed);
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
    }

    #[test]
    fn weights_have_the_spread_that_their_initialisation_names() {
        let network = Network::new(presets::model("mlp").unwrap(), 10).unwrap();
        let layout = network.layout();
        let slot = layout.slots.iter().find(|slot| slot.shape.len() > 1).unwrap();
        let [fan_in, fan_out] = [slot.shape[1] as f32, slot.shape[0] as f32];
        // The first linear layer of this network is followed by ReLU.
        let kaiming = (2.0 / fan_in).sqrt();
        let xavier = (2.0_f32).sqrt() * (2.0 / (fan_in + fan_out)).sqrt();
        let cases = [
            (Initialisation::KaimingUniform, kaiming, Some(3.0_f32.sqrt())),
            (Initialisation::KaimingNormal, kaiming, None),
            (Initialisation::XavierUniform, xavier, Some(3.0_f32.sqrt())),
            (Initialisation::XavierNormal, xavier, None),
        ];
        for (initialisation, std, most) in cases {
            let parameters = initialisation.parameters(&network, 1);
            assert_eq!(parameters, initialisation.parameters(&network, 1));
            assert_ne!(parameters, initialisation.parameters(&network, 2));
            let weights = &parameters[slot.range()];
            let n = weights.len() as f32;
            let mean = weights.iter().sum::<f32>() / n;
            let square = weights.iter().map(|w| w * w).sum::<f32>() / n;
            // Of n numbers, the mean is off by std/√n and the square by √2·std²/√n or so.
            assert!(mean.abs() < 5.0 * std / n.sqrt(), "{initialisation:?}: mean {mean}");
            assert!((square / (std * std) - 1.0).abs() < 8.0 / n.sqrt(), "{initialisation:?}: {square}");
            let largest = weights.iter().fold(0.0_f32, |a, w| a.max(w.abs()));
            match most {
                Some(most) => assert!(largest <= most * std && largest > 0.99 * most * std, "{largest}"),
                None => assert!(largest > 3.0 * std, "{initialisation:?} has no tails: {largest}"),
            }
            let bias = layout.slots.iter().find(|slot| slot.name.ends_with("bias")).unwrap();
            assert!(parameters[bias.range()].iter().all(|&b| b == 0.0));
        }
        assert!(Initialisation::Zeros.parameters(&network, 1).iter().all(|&w| w == 0.0));
        assert_eq!(Initialisation::Default.parameters(&network, 1), initial_parameters(&layout, 1));
    }

    #[test]
    fn names_are_those_of_the_json() {
        for initialisation in Initialisation::ALL {
            assert_eq!(serde_json::to_value(initialisation).unwrap(), initialisation.name());
        }
    }
}
