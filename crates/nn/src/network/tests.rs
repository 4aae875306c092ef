use super::*;
use crate::initialisation::initial_parameters;
use crate::layers;
use crate::model::LayerSpec;
use crate::{Optimiser, presets};
use tensor::Hyper;
use tensor::cpu::Executor;
use tensor::random::{Purpose, Stream};

#[test]
fn every_preset_compiles_into_three_plans_over_one_layout() {
    for preset in presets::all() {
        let network = Network::new(preset.model, 10).unwrap();
        let layout = network.layout();
        let plans = [
            network.training_plan(2, Optimiser::adam().update()).unwrap(),
            network.evaluation_plan(3).unwrap(),
            network.inspection_plan().unwrap(),
        ];
        assert!(plans.iter().all(|plan| plan.layout == layout), "{}", preset.id);
    }
}

#[test]
fn an_invalid_network_is_refused_with_the_layer_named() {
    let mut model = presets::model("s").unwrap();
    model.layers.remove(6);
    let error = Network::new(model, 10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer 6 (Linear): Linear expects features but receives maps [16, 7, 7]; insert Flatten (784) before it"
    );
}

#[test]
fn an_inspection_shows_the_shape_that_the_geometry_promises() {
    let network = Network::new(presets::model("lenet5").unwrap(), 10).unwrap();
    let plan = network.inspection_plan().unwrap();
    for (layer_idx, layer) in network.geometry().layers.iter().enumerate() {
        assert_eq!(plan.output(&names::layer(layer_idx)).unwrap().value.shape[1..], layer.output[..]);
    }
}

#[test]
fn twenty_steps_on_one_batch_learn_it_by_heart() {
    let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
    let layout = network.layout();
    let optimiser = Optimiser::sgd();
    let mut executor = Executor::new(&layout, optimiser.update().n_states());
    let plan = executor.add(network.training_plan(16, optimiser.update()).unwrap()).unwrap();
    executor.set_parameters(&initial_parameters(&layout, 0)).unwrap();
    executor.set_hyper(optimiser.hyper(0.05, 1));
    let mut stream = Stream::new(0, Purpose::Test, 0);
    let images: Vec<f32> = (0..16 * 784).map(|_| stream.uniform()).collect();
    let labels: Vec<u32> = (0..16).map(|n| n % 10).collect();
    executor.write_input(plan, names::IMAGES, &images).unwrap();
    executor.write_input_u32(plan, names::LABELS, &labels).unwrap();
    let mut losses = Vec::new();
    for _ in 0..60 {
        executor.run(plan);
        losses.push(executor.output(plan, names::LOSS).unwrap()[0]);
    }
    assert!((losses[0] - 10_f32.ln()).abs() < 0.2, "an untrained network guesses: {}", losses[0]);
    assert!(losses[59] < 0.1 * losses[0], "{losses:?}");
}

#[test]
fn gradients_and_an_update_are_a_training_step_bit_for_bit() {
    let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
    let layout = network.layout();
    let optimiser = Optimiser::adam();
    let plans = [
        vec![network.training_plan(3, optimiser.update()).unwrap()],
        vec![network.gradient_plan(3, Loss::default()).unwrap(), network.update_plan(optimiser.update())],
    ];
    let mut stream = Stream::new(0, Purpose::Test, 1);
    let images: Vec<f32> = (0..3 * 784).map(|_| stream.uniform()).collect();
    let [one, two] = plans.map(|plans| {
        let mut executor = Executor::new(&layout, optimiser.update().n_states());
        let plans: Vec<usize> = plans.into_iter().map(|plan| executor.add(plan).unwrap()).collect();
        executor.set_parameters(&initial_parameters(&layout, 0)).unwrap();
        executor.write_input(plans[0], names::IMAGES, &images).unwrap();
        executor.write_input_u32(plans[0], names::LABELS, &[4, 0, 9]).unwrap();
        for step in 1..4 {
            executor.set_hyper(optimiser.hyper(0.01, step));
            plans.iter().for_each(|&plan| executor.run(plan));
        }
        (executor.parameters().to_vec(), executor.output(plans[0], names::LOSS).unwrap().to_vec())
    });
    assert_ne!(one.0, initial_parameters(&layout, 0));
    assert!(one == two);
}

fn of_layers(input: [usize; 3], layers: Vec<LayerSpec>) -> Network {
    Network::new(ModelSpec { version: crate::model::VERSION, input, layers }, 10).unwrap()
}

#[test]
fn batch_normalisation_learns_running_statistics_that_an_evaluation_uses() {
    let norm = layers::BatchNorm2d { momentum: 0.5, ..layers::BatchNorm2d::default() };
    let network = of_layers([10, 2, 1], vec![LayerSpec::BatchNorm2d(norm), pool([1, 1]), LayerSpec::Flatten]);
    let layout = network.layout();
    let slot = |name: &str| layout.slots.iter().find(|slot| slot.name == name).unwrap();
    assert!(!slot("0.running_mean").trainable && slot("0.weight").trainable);
    let optimiser =
        Optimiser::Sgd(crate::optimiser::Sgd { momentum: 0.0, weight_decay: 0.1, ..Default::default() });
    let mut executor = Executor::new(&layout, 1);
    let training = executor.add(network.training_plan(2, optimiser.update()).unwrap()).unwrap();
    let evaluation = executor.add(network.evaluation_plan(1).unwrap()).unwrap();
    executor.set_parameters(&initial_parameters(&layout, 0)).unwrap();
    executor.set_hyper(optimiser.hyper(0.0, 1));
    // Channel c has the values c, c + 1, c + 2 and c + 9: the mean is c + 3, the unbiased variance 50/3.
    let image = |values: [f32; 2]| (0..10_u8).flat_map(move |c| values.map(|value| f32::from(c) + value));
    let images: Vec<f32> = image([0.0, 1.0]).chain(image([2.0, 9.0])).collect();
    executor.write_input(training, names::IMAGES, &images).unwrap();
    executor.write_input_u32(training, names::LABELS, &[3, 1]).unwrap();
    executor.run(training);
    executor.run(training);
    let parameters = executor.parameters().to_vec();
    let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "{a} is not {b}");
    for (c, (mean, var)) in (0_u8..).zip(
        parameters[slot("0.running_mean").range()].iter().zip(&parameters[slot("0.running_var").range()]),
    ) {
        close(*mean, 0.75 * (f32::from(c) + 3.0));
        close(*var, 0.25 + 0.75 * 50.0 / 3.0);
    }
    assert_eq!(parameters[slot("0.num_batches_tracked").range()], [2.0]);
    // A rate of 0 moves no weight, and weight decay no running statistic.
    assert_eq!(parameters[slot("0.weight").range()], [1.0; 10]);

    executor.write_input(evaluation, names::IMAGES, &[5.0; 20]).unwrap();
    executor.run(evaluation);
    let logits = executor.output(evaluation, names::LOGITS).unwrap();
    for (c, logit) in (0_u8..).zip(logits) {
        close(*logit, (5.0 - 0.75 * (f32::from(c) + 3.0)) / (12.75_f32 + 1e-5).sqrt());
    }
}

fn pool(output_size: [usize; 2]) -> LayerSpec {
    LayerSpec::AdaptiveAvgPool2d(layers::AdaptiveAvgPool2d { output_size: output_size.into() })
}

#[test]
fn training_refuses_to_normalise_a_single_value_per_channel() {
    let norm = || LayerSpec::BatchNorm2d(layers::BatchNorm2d::default());
    let network = of_layers([10, 1, 1], vec![norm(), LayerSpec::Flatten]);
    let error = network.training_plan(1, Optimiser::sgd().update()).unwrap_err().to_string();
    assert!(error.contains("batch_norm2d: more than one value per channel when training"), "{error}");
    assert!(network.training_plan(2, Optimiser::sgd().update()).is_ok());
    assert!(network.inspection_plan().is_ok());
}

#[test]
fn without_running_statistics_an_evaluation_takes_the_batch_s_own() {
    let norm =
        layers::BatchNorm2d { track_running_stats: false, affine: false, ..layers::BatchNorm2d::default() };
    let network = of_layers([10, 1, 2], vec![LayerSpec::BatchNorm2d(norm), pool([1, 1]), LayerSpec::Flatten]);
    let layout = network.layout();
    assert!(layout.slots.is_empty());
    let mut executor = Executor::new(&layout, 0);
    let plan = executor.add(network.evaluation_plan(2).unwrap()).unwrap();
    let images: Vec<f32> = [[1.0, 1.0]; 10].into_iter().chain([[3.0, 3.0]; 10]).flatten().collect();
    executor.write_input(plan, names::IMAGES, &images).unwrap();
    executor.run(plan);
    let logits = executor.output(plan, names::LOGITS).unwrap();
    assert!(logits[..10].iter().all(|logit| (logit + 1.0).abs() < 1e-5), "{logits:?}");
    assert!(logits[10..].iter().all(|logit| (logit - 1.0).abs() < 1e-5), "{logits:?}");
}

#[test]
fn a_residual_adds_what_its_block_receives() {
    let half = layers::LeakyReLU { negative_slope: 0.5 };
    let network = of_layers(
        [10, 1, 1],
        vec![
            LayerSpec::Tanh,
            LayerSpec::LeakyReLU(half.clone()),
            LayerSpec::LeakyReLU(half),
            LayerSpec::Residual(layers::Residual { from: 1 }),
            LayerSpec::Residual(layers::Residual { from: 0 }),
            LayerSpec::Flatten,
        ],
    );
    let mut executor = Executor::new(&network.layout(), 0);
    let plan = executor.add(network.inspection_plan().unwrap()).unwrap();
    let image: Vec<f32> = (0..10_u8).map(|idx| f32::from(idx) - 4.5).collect();
    executor.write_input(plan, names::IMAGES, &image).unwrap();
    executor.run(plan);
    for (x, y) in image.iter().zip(executor.output(plan, &names::layer(5)).unwrap()) {
        let inner = x.tanh();
        let expected = x + inner + if inner > 0.0 { inner } else { 0.25 * inner };
        assert!((y - expected).abs() < 1e-6, "{y} is not {expected}");
    }
}

#[test]
fn dropout_drops_while_training_only_and_other_elements_at_every_step() {
    let dropout = || LayerSpec::Dropout(layers::Dropout { p: 0.5 });
    let network = of_layers([10, 1, 1], vec![dropout(), LayerSpec::Flatten]);
    assert!(network.is_random());
    assert!(!of_layers([10, 1, 1], vec![LayerSpec::Flatten]).is_random());
    let mut executor = Executor::new(&network.layout(), 1);
    let training = executor.add(network.training_plan(4, Optimiser::sgd().update()).unwrap()).unwrap();
    let evaluation = executor.add(network.evaluation_plan(1).unwrap()).unwrap();
    let inspection = executor.add(network.inspection_plan().unwrap()).unwrap();
    let images: Vec<f32> = (0..40_u8).map(f32::from).collect();
    executor.write_input(training, names::IMAGES, &images).unwrap();
    executor.write_input_u32(training, names::LABELS, &[1, 2, 3, 4]).unwrap();
    let mut loss = |step| {
        let key = tensor::ops::Dropout::key(3, step, 0);
        executor.write_input_u32(training, names::RANDOM, &key).unwrap();
        executor.run(training);
        executor.output(training, names::LOSS).unwrap()[0]
    };
    let losses: Vec<f32> = (0..5).map(&mut loss).collect();
    assert!(losses.windows(2).all(|pair| pair[0].to_bits() != pair[1].to_bits()), "{losses:?}");
    assert_eq!(loss(0).to_bits(), losses[0].to_bits());
    for (plan, name) in [(evaluation, names::LOGITS), (inspection, "layer 0")] {
        executor.write_input(plan, names::IMAGES, &images[..10]).unwrap();
        executor.run(plan);
        assert_eq!(executor.output(plan, name).unwrap(), &images[..10]);
    }
}

#[test]
fn a_frozen_layer_lies_behind_what_is_trained_and_stays_as_it_is() {
    let linear = || LayerSpec::Linear(layers::Linear { out_features: 10, bias: true });
    let model = vec![LayerSpec::Flatten, linear(), LayerSpec::Tanh, linear()];
    let network = of_layers([1, 2, 2], model).with_frozen(&[1]).unwrap();
    let layout = network.layout();
    let trainable: Vec<(&str, bool)> =
        layout.slots.iter().map(|slot| (slot.name.as_str(), slot.trainable)).collect();
    assert_eq!(trainable, [("1.weight", false), ("1.bias", false), ("3.weight", true), ("3.bias", true)]);
    let optimiser = Optimiser::AdamW(crate::optimiser::AdamW::default());
    let mut executor = Executor::new(&layout, optimiser.update().n_states());
    let plan = executor.add(network.training_plan(2, optimiser.update()).unwrap()).unwrap();
    let start = initial_parameters(&layout, 0);
    executor.set_parameters(&start).unwrap();
    executor.set_hyper(Hyper { l1: 0.1, ..optimiser.hyper(0.1, 1) });
    executor.write_input(plan, names::IMAGES, &[1.0, -1.0, 0.5, 2.0, 0.0, 1.0, 1.0, -2.0]).unwrap();
    executor.write_input_u32(plan, names::LABELS, &[3, 7]).unwrap();
    executor.run(plan);
    for slot in &layout.slots {
        let is_same = executor.parameters()[slot.range()] == start[slot.range()];
        assert_eq!(is_same, !slot.trainable, "{}", slot.name);
    }
    assert!(matches!(network.clone().with_frozen(&[2]), Err(NetworkError::Frozen { layer_idx: 2, .. })));
}

#[test]
fn a_residuals_gradient_goes_through_its_block_and_around_it() {
    // logits = W·x + x, with a block that is trained and an input that is.
    let linear = || LayerSpec::Linear(layers::Linear { out_features: 10, bias: false });
    let residual = LayerSpec::Residual(layers::Residual { from: 2 });
    let gradient = |layers: Vec<LayerSpec>| {
        let network = of_layers([1, 1, 10], layers);
        let layout = network.layout();
        let mut executor = Executor::new(&layout, 0);
        let plan = executor.add(network.gradient_plan(1, Loss::default()).unwrap()).unwrap();
        // The first layer passes its input on; the second, inside the block, gives zeros.
        let mut parameters = vec![0.0; layout.len];
        let first = layout.slots[0].range();
        (0..10).for_each(|idx| parameters[first.start + 11 * idx] = 1.0);
        executor.set_parameters(&parameters).unwrap();
        let image: Vec<f32> = (0..10_u8).map(|idx| f32::from(idx) / 10.0).collect();
        executor.write_input(plan, names::IMAGES, &image).unwrap();
        executor.write_input_u32(plan, names::LABELS, &[4]).unwrap();
        executor.run(plan);
        let of = |idx: usize| executor.gradients()[layout.slots[idx].range()].to_vec();
        (of(0), if layout.slots.len() > 1 { of(1) } else { Vec::new() })
    };
    let (around, block) = gradient(vec![LayerSpec::Flatten, linear(), linear(), residual]);
    // Without the block the logits are the same, and so is the gradient of the first layer.
    let (plain, _) = gradient(vec![LayerSpec::Flatten, linear()]);
    assert!(plain.iter().any(|slope| slope.abs() > 0.01));
    for (a, b) in around.iter().zip(&plain) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }
    // The block receives what the first layer gives, so its weights' slopes are the first layer's.
    for (a, b) in block.iter().zip(&plain) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }
}
