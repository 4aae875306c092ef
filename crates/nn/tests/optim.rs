//! Parameter groups, and optimisers that change on the way.
#![allow(missing_docs, reason = "tests are named for what they say")]

use nn::Optimiser;
use nn::optim::Optim;
use nn::optimiser::Sgd;
use tensor::Tensor;

fn learned(number: f64) -> Tensor {
    Tensor::from([number]).with_grad().unwrap()
}

/// A gradient of 1 for each.
fn backward(parameters: &[&Tensor]) {
    for parameter in parameters {
        parameter.zero_grad();
        parameter.sum(.., false).unwrap().backward().unwrap();
    }
}

#[test]
fn groups_have_learning_rates_and_weight_decays_of_their_own() {
    let (a, b) = (learned(1.0), learned(1.0));
    let mut optim = Optim::sgd(vec![a.clone()], 0.1, 0.0);
    let decayed = Optimiser::Sgd(Sgd { momentum: 0.0, weight_decay: 1.0, ..Sgd::default() });
    optim.add_param_group(vec![b.clone()], decayed, 0.01);
    backward(&[&a, &b]);
    optim.step().unwrap();
    assert!(a.all_close(&Tensor::from([0.9]), 1e-6, 0.0));
    assert!(b.all_close(&Tensor::from([0.98]), 1e-6, 0.0));
    optim.param_groups()[1].learning_rate = 0.0;
    optim.step().unwrap();
    assert!(b.all_close(&Tensor::from([0.98]), 1e-6, 0.0));
    optim.set_learning_rate(0.5);
    optim.step().unwrap();
    assert!(a.all_close(&Tensor::from([0.3]), 1e-5, 0.0));
}

#[test]
fn a_parameter_without_a_gradient_stays_and_counts_no_step() {
    let (a, b) = (learned(1.0), learned(1.0));
    let mut optim = Optim::adam(vec![a.clone(), b.clone()], 0.1);
    backward(&[&a]);
    optim.step().unwrap();
    assert_eq!(b.item().unwrap(), 1.0);
    backward(&[&b]);
    optim.step().unwrap();
    // Adam's first step has the length of the learning rate, whatever the gradient.
    assert!(b.all_close(&Tensor::from([0.9]), 1e-5, 0.0));
}

#[test]
fn another_rule_starts_with_states_of_its_own() {
    let parameter = learned(1.0);
    let mut optim = Optim::sgd(vec![parameter.clone()], 0.1, 0.9);
    backward(&[&parameter]);
    optim.step().unwrap();
    optim.param_groups()[0].optimiser = Optimiser::adam();
    optim.step().unwrap();
    assert!(parameter.all_close(&Tensor::from([0.8]), 1e-5, 0.0));
}
