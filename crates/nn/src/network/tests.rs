use super::*;
use crate::initialisation::initial_parameters;
use crate::{Optimiser, presets};
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
        vec![network.gradient_plan(3).unwrap(), network.update_plan(optimiser.update())],
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
