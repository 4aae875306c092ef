//! Initial weights.

use tensor::ParameterLayout;
use tensor::random::{Purpose, Stream};

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
}
