//! Losses, batch normalisation and optimisers over eager tensors compute what PyTorch computed in 64 bits.
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs, reason = "tests are named for what they say")]

use nn::functional::{self, Affine, Reduction, Running};
use nn::optim::Optim;
use receptive_tests::{Golden, GoldenCase, Tolerance, assert_close};
use tensor::{Tensor, autograd::Backward};

const LOSSES: &[u8] = include_bytes!("../golden/losses.safetensors");
const BATCH_NORM: &[u8] = include_bytes!("../golden/batch_norm2d.safetensors");
const OPTIMISERS: &[u8] = include_bytes!("../golden/optimisers.safetensors");

fn tensor(case: &GoldenCase<'_>, role: &str) -> Tensor {
    let (shape, numbers) = case.tensor(role);
    Tensor::from_vec(numbers, shape).unwrap()
}

fn learned(case: &GoldenCase<'_>, role: &str) -> Tensor {
    tensor(case, role).with_grad().unwrap()
}

fn number(case: &GoldenCase<'_>, argument: &str) -> Option<f32> {
    case.arguments[argument].as_f64().map(|number| number as f32)
}

fn assert_same(case: &GoldenCase<'_>, role: &str, received: &Tensor) {
    let (shape, expected) = case.tensor(role);
    assert_eq!(received.shape(), shape, "{}, {role}", case.name);
    let received = received.to_vec::<f32>().unwrap();
    assert_close(&format!("{}, {role}", case.name), &received, &expected, Tolerance::SUMS);
}

/// Walks back from the output, and compares it and every gradient that PyTorch gave.
fn check(case: &GoldenCase<'_>, output: &Tensor, inputs: &[(&str, &Tensor)]) {
    assert_same(case, "output", output);
    Backward::default().gradient(&tensor(case, "grad_output")).run(output).unwrap();
    let mut n_gradients = 0;
    for (role, input) in inputs {
        if case.find(&format!("grad_{role}")).is_some() {
            assert_same(case, &format!("grad_{role}"), &input.grad().expect("there is a gradient"));
            n_gradients += 1;
        }
    }
    assert!(n_gradients > 0, "{} has no gradients", case.name);
}

fn reduction(case: &GoldenCase<'_>) -> Reduction {
    match case.arguments["reduction"].as_str() {
        None | Some("mean") => Reduction::Mean,
        Some("sum") => Reduction::Sum,
        Some("none") => Reduction::None,
        Some(other) => panic!("{other} is no reduction"),
    }
}

#[test]
fn losses_and_their_gradients_are_pytorchs() {
    let golden = Golden::read(LOSSES);
    assert_eq!(golden.cases().len(), 9);
    for case in golden.cases() {
        let input = learned(&case, "input");
        let reduction = reduction(&case);
        let classes = || {
            let (shape, classes) = case.whole_numbers("target");
            Tensor::from_vec(classes, shape).unwrap()
        };
        let target = || learned(&case, "target");
        let (target, output) = match case.arguments["op"].as_str().unwrap() {
            "cross_entropy" => {
                let smoothing = number(&case, "label_smoothing").unwrap_or(0.0);
                (None, functional::cross_entropy(&input, &classes(), smoothing, reduction))
            }
            "nll_loss" => (None, functional::nll_loss(&input.log_softmax(1).unwrap(), &classes(), reduction)),
            op => {
                let target = target();
                let output = match op {
                    "mse_loss" => functional::mse_loss(&input, &target, reduction),
                    "l1_loss" => functional::l1_loss(&input, &target, reduction),
                    "smooth_l1_loss" => {
                        let beta = number(&case, "beta").unwrap_or(1.0);
                        functional::smooth_l1_loss(&input, &target, beta, reduction)
                    }
                    "binary_cross_entropy_with_logits" => {
                        functional::binary_cross_entropy_with_logits(&input, &target, reduction)
                    }
                    other => panic!("{other} is no loss"),
                };
                (Some(target), output)
            }
        };
        let inputs = [("input", &input)].into_iter().chain(target.iter().map(|target| ("target", target)));
        check(&case, &output.unwrap(), &inputs.collect::<Vec<_>>());
    }
}

#[test]
fn batch_normalisation_its_gradients_and_its_running_statistics_are_pytorchs() {
    let golden = Golden::read(BATCH_NORM);
    assert_eq!(golden.cases().len(), 6);
    for case in golden.cases() {
        let [input, weight, bias] = ["input", "weight", "bias"].map(|role| learned(&case, role));
        let (mean, var) = (tensor(&case, "running_mean"), tensor(&case, "running_var"));
        let running = Running { mean: &mean, var: &var };
        let affine = Affine { weight: &weight, bias: &bias };
        let training = case.arguments["training"].as_bool().unwrap();
        let (momentum, eps) = (number(&case, "momentum").unwrap(), number(&case, "eps").unwrap());
        let output =
            functional::batch_norm(&input, Some(running), Some(affine), training, momentum, eps).unwrap();
        check(&case, &output, &[("input", &input), ("weight", &weight), ("bias", &bias)]);
        assert_same(&case, "running_mean_after", &mean);
        assert_same(&case, "running_var_after", &var);
    }
}

#[test]
fn optimisers_follow_pytorchs_path_step_by_step() {
    let golden = Golden::read(OPTIMISERS);
    assert_eq!(golden.cases().len(), 10);
    for case in golden.cases() {
        let parameter = learned(&case, "start");
        let mut optim = Optim::new(vec![parameter.clone()], case.optimiser(), number(&case, "lr").unwrap());
        let (grads, path) = (tensor(&case, "grads"), tensor(&case, "path"));
        for step in 0..grads.shape()[0] as isize {
            optim.zero_grad();
            parameter.mul(grads.get(step).unwrap()).unwrap().sum(.., false).unwrap().backward().unwrap();
            optim.step().unwrap();
            let expected = path.get(step).unwrap().to_vec::<f32>().unwrap();
            let received = parameter.to_vec::<f32>().unwrap();
            assert_close(&format!("{}, step {step}", case.name), &received, &expected, Tolerance::SUMS);
        }
    }
}
