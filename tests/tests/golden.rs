//! Both executors compute what PyTorch computed in 64 bits: outputs and gradients of convolutions, pooling
//! and activations.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::Device;
use nn::Loss;
use nn::loss::CrossEntropyLoss;
use receptive_tests::{Case, Golden, GoldenCase, Results, Tolerance, assert_close, gpu_tests};
use tensor::Window;
use tensor::ops::{Activation, AdaptiveAvgPool2d, AvgPool2d, Conv2d, ElementLoss, LogSoftmax, MaxPool2d, Op};

// Of the CPU too, in a browser as natively.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

gpu_tests!(
    the_gpu_reproduces_the_convolutions,
    the_gpu_reproduces_the_poolings,
    the_gpu_reproduces_the_activations,
    the_gpu_reproduces_the_losses,
);

const CONV2D: &[u8] = include_bytes!("../golden/conv2d.safetensors");
const ELEMENTWISE: &[u8] = include_bytes!("../golden/elementwise.safetensors");
const LOSSES: &[u8] = include_bytes!("../golden/losses.safetensors");
const POOL2D: &[u8] = include_bytes!("../golden/pool2d.safetensors");

/// The case's operation over its inputs, with the upstream gradient that PyTorch was given.
fn case(golden: GoldenCase<'_>) -> Case {
    let mut case = Case::default();
    let mut inputs = Vec::new();
    for role in ["input", "weight", "bias"] {
        if let Some((shape, numbers)) = golden.find(role) {
            inputs.push(case.input(role, &shape, numbers));
        }
    }
    let output = case.graph.apply(operation(golden), &inputs).unwrap();
    assert_eq!(case.graph.shape(output), golden.tensor("output").0);
    case.output("output", output);
    case.output_gradients(output, &inputs, Some(golden.tensor("grad_output").1));
    case
}

fn operation(golden: GoldenCase<'_>) -> Op {
    let window = |kernel, dilation| Window {
        kernel,
        stride: golden.pair("stride"),
        padding: golden.pair("padding"),
        dilation,
    };
    let pooling = || window(golden.pair("kernel_size"), [1, 1]);
    match golden.arguments["op"].as_str() {
        Some("conv2d") => {
            let (weight, _) = golden.tensor("weight");
            let window = window([weight[2], weight[3]], golden.pair("dilation"));
            Conv2d { window, groups: golden.pair("groups")[0] }.into()
        }
        Some("max_pool2d") => MaxPool2d { window: pooling() }.into(),
        Some("avg_pool2d") => AvgPool2d { window: pooling() }.into(),
        Some("adaptive_avg_pool2d") => AdaptiveAvgPool2d { output_size: golden.pair("output_size") }.into(),
        other => match activation(golden) {
            Some(activation) => activation.into(),
            None => panic!("{} is of {other:?}", golden.name),
        },
    }
}

/// The case's loss of its input, as training plans have it, with the gradient of the input; none for sums, which no
/// plan has.
fn loss_case(golden: GoldenCase<'_>) -> Option<Case> {
    let mut case = Case::default();
    let (shape, numbers) = golden.tensor("input");
    let input = case.input("input", &shape, numbers);
    let element = match golden.arguments["op"].as_str() {
        Some("cross_entropy") if golden.arguments["reduction"] == "sum" => return None,
        Some("mse_loss") => Some(ElementLoss::Mse),
        Some("l1_loss") => Some(ElementLoss::L1),
        Some("smooth_l1_loss") => Some(ElementLoss::SmoothL1),
        Some("binary_cross_entropy_with_logits") => Some(ElementLoss::BceWithLogits),
        _ => None,
    };
    let output = if let Some(element) = element {
        let (shape, numbers) = golden.tensor("target");
        let target = case.input("target", &shape, numbers);
        case.graph.apply(element, &[input, target]).unwrap()
    } else {
        let labels = golden.whole_numbers("target").1.into_iter().map(|label| label as u32).collect();
        let labels = case.given_labels(labels);
        match golden.arguments["op"].as_str() {
            Some("cross_entropy") => {
                let label_smoothing = golden.arguments["label_smoothing"].as_f64().unwrap_or(0.0) as f32;
                let loss = Loss::CrossEntropyLoss(CrossEntropyLoss { label_smoothing });
                loss.record(&mut case.graph, input, labels).unwrap()
            }
            Some("nll_loss") => {
                let logs = case.graph.apply(LogSoftmax, &[input]).unwrap();
                Loss::NLLLoss.record(&mut case.graph, logs, labels).unwrap()
            }
            other => panic!("{} is of {other:?}", golden.name),
        }
    };
    case.output("output", output);
    case.output_gradients(output, &[input], Some(golden.tensor("grad_output").1));
    Some(case)
}

/// The activation that a case of elementwise functions is of, if it is.
fn activation(golden: GoldenCase<'_>) -> Option<Activation> {
    let number = |name: &str, default: f32| golden.arguments[name].as_f64().map_or(default, |x| x as f32);
    Some(match golden.arguments["op"].as_str()? {
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu { negative_slope: number("negative_slope", 0.01) },
        "sigmoid" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        "elu" => Activation::Elu { alpha: number("alpha", 1.0) },
        "gelu" => Activation::Gelu { tanh: golden.arguments["approximate"] == "tanh" },
        _ => return None,
    })
}

fn compare(golden: GoldenCase<'_>, results: Results) {
    for (name, received) in results {
        let role = name.replace("grad of ", "grad_");
        let (_, expected) = golden.tensor(&role);
        assert_close(&format!("{}, {role}", golden.name), &received, &expected, Tolerance::SUMS);
    }
}

async fn on_gpu_all(device: &Rc<Device>, file: &'static [u8]) {
    for golden in Golden::read(file).cases() {
        compare(golden, case(golden).on_gpu(device).await);
    }
}

async fn the_gpu_reproduces_the_activations(device: Rc<Device>) {
    for golden in Golden::read(ELEMENTWISE).cases().filter(|golden| activation(*golden).is_some()) {
        compare(golden, case(golden).on_gpu(&device).await);
    }
}

async fn the_gpu_reproduces_the_convolutions(device: Rc<Device>) {
    on_gpu_all(&device, CONV2D).await;
}

async fn the_gpu_reproduces_the_losses(device: Rc<Device>) {
    for golden in Golden::read(LOSSES).cases() {
        if let Some(case) = loss_case(golden) {
            compare(golden, case.on_gpu(&device).await);
        }
    }
}

#[test]
fn the_cpu_reproduces_the_losses() {
    let file = Golden::read(LOSSES);
    let cases: Vec<_> = file.cases().filter_map(|golden| Some((golden, loss_case(golden)?))).collect();
    assert_eq!(cases.len(), 8);
    for (golden, case) in cases {
        compare(golden, case.on_cpu());
    }
}

async fn the_gpu_reproduces_the_poolings(device: Rc<Device>) {
    on_gpu_all(&device, POOL2D).await;
}

#[test]
fn the_cpu_reproduces_convolutions_and_poolings() {
    for (file, n_cases) in [(CONV2D, 14), (POOL2D, 9)] {
        let file = Golden::read(file);
        assert_eq!(file.cases().len(), n_cases);
        for golden in file.cases() {
            compare(golden, case(golden).on_cpu());
        }
    }
}

#[test]
fn the_cpu_reproduces_the_activations() {
    let file = Golden::read(ELEMENTWISE);
    let cases: Vec<_> = file.cases().filter(|golden| activation(*golden).is_some()).collect();
    assert_eq!(cases.len(), 6);
    for golden in cases {
        compare(golden, case(golden).on_cpu());
    }
}
