//! Both executors follow PyTorch's optimisers: a parameter's path under a fixed sequence of gradients.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::Device;
use nn::optimiser::Sgd;
use nn::{Optimiser, TrainingOptions};
use receptive_tests::{Golden, GoldenCase, Tolerance, assert_close, gpu_tests};
use tensor::ops::{Binary, SumTo};
use tensor::{Graph, Hyper, Plan, PlanRequest, Value};

// Of the CPU too, in a browser as natively.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

gpu_tests!(the_gpu_follows_every_optimiser, the_gpu_clips_gradients_as_the_cpu_does);

const OPTIMISERS: &[u8] = include_bytes!("../golden/optimisers.safetensors");

/// Dozens of steps in 32 bits, each from the last one's rounding; numbers are about 1.
const PATH: Tolerance = Tolerance(3e-6);

/// `Σ x·p`, whose gradient with respect to `p` is `x`, and an optimiser's step.
fn plan(shape: &[usize], optimiser: &Optimiser, clip_grad_norm: bool) -> Plan {
    let mut graph = Graph::new();
    let x = graph.input("x", Value::f32(shape));
    let p = graph.parameter("p", shape);
    let product = graph.apply(Binary::Mul, &[x, p]).unwrap();
    let loss = graph.apply(SumTo { shape: vec![] }, &[product]).unwrap();
    let gradients = graph.gradients(loss, &[p]).unwrap();
    let update = Some(optimiser.update());
    Plan::compile(&graph, &PlanRequest { gradients, update, clip_grad_norm, ..PlanRequest::default() })
}

/// The parameter after every step, and what PyTorch has.
struct Path {
    plan: Plan,
    start: Vec<f32>,
    gradients: Vec<Vec<f32>>,
    hypers: Vec<Hyper>,
    expected: Vec<Vec<f32>>,
}

fn path(golden: GoldenCase<'_>) -> Path {
    let optimiser = golden.optimiser();
    let (shape, start) = golden.tensor("start");
    let plan = plan(&shape, &optimiser, false);
    let rows =
        |role: &str| golden.tensor(role).1.chunks(start.len()).map(<[f32]>::to_vec).collect::<Vec<_>>();
    let (gradients, expected) = (rows("grads"), rows("path"));
    let lr = golden.arguments["lr"].as_f64().unwrap();
    let hypers = (1..=gradients.len() as u64).map(|step| optimiser.hyper(lr, step)).collect();
    Path { plan, start, gradients, hypers, expected }
}

impl Path {
    fn flat(&self, numbers: &[f32]) -> Vec<f32> {
        let mut flat = vec![0.0; self.plan.layout.len];
        flat[..numbers.len()].copy_from_slice(numbers);
        flat
    }

    fn on_cpu(&self) -> Vec<Vec<f32>> {
        let mut executor = tensor::cpu::Executor::new(&self.plan.layout, self.plan.n_states());
        let plan = executor.add(self.plan.clone()).unwrap();
        executor.set_parameters(&self.flat(&self.start)).unwrap();
        let steps = self.gradients.iter().zip(&self.hypers);
        steps
            .map(|(gradient, hyper)| {
                executor.write_input(plan, "x", gradient).unwrap();
                executor.set_hyper(*hyper);
                executor.run(plan);
                executor.parameters()[..self.start.len()].to_vec()
            })
            .collect()
    }

    async fn on_gpu(&self, device: &Rc<Device>) -> Vec<Vec<f32>> {
        let mut executor = gpu::Executor::new(device, &self.plan.layout, self.plan.n_states()).unwrap();
        let plan = executor.add(self.plan.clone()).unwrap();
        executor.set_parameters(&self.flat(&self.start)).unwrap();
        let mut path = Vec::new();
        for (gradient, hyper) in self.gradients.iter().zip(&self.hypers) {
            executor.write_input(plan, "x", gradient).unwrap();
            executor.set_hyper(*hyper);
            executor.run(plan).unwrap();
            path.push(executor.parameters().await.unwrap()[..self.start.len()].to_vec());
        }
        path
    }
}

fn compare(name: &str, received: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(received.len(), expected.len());
    for (step, (received, expected)) in received.iter().zip(expected).enumerate() {
        assert_close(&format!("{name} after step {}", step + 1), received, expected, PATH);
    }
}

async fn the_gpu_follows_every_optimiser(device: Rc<Device>) {
    for golden in Golden::read(OPTIMISERS).cases() {
        let path = path(golden);
        compare(golden.name, &path.on_gpu(&device).await, &path.expected);
    }
}

#[test]
fn the_cpu_follows_every_optimiser() {
    let file = Golden::read(OPTIMISERS);
    assert_eq!(file.cases().len(), 10);
    for golden in file.cases() {
        let path = path(golden);
        compare(golden.name, &path.on_cpu(), &path.expected);
    }
}

/// One step of plain gradient descent with a learning rate of 1 along gradients of several chunks, cut to `max_norm`.
fn clipped(max_norm: f32) -> Path {
    let gradient: Vec<f32> = (0..9001).map(|idx| (idx as f32).sin()).collect();
    let optimiser = Optimiser::Sgd(Sgd { momentum: 0.0, ..Sgd::default() });
    let norm = gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
    let scale = (f64::from(max_norm) / (norm + 1e-6)).min(1.0);
    let expected = gradient.iter().map(|&g| (-scale * f64::from(g)) as f32).collect();
    let options = TrainingOptions { learning_rate: 1.0, optimiser, ..TrainingOptions::default() };
    let hyper = Hyper { max_norm, ..options.hyper(0, 1, 1) };
    Path {
        plan: plan(&[9001], &optimiser, true),
        start: vec![0.0; 9001],
        gradients: vec![gradient],
        hypers: vec![hyper],
        expected: vec![expected],
    }
}

async fn the_gpu_clips_gradients_as_the_cpu_does(device: Rc<Device>) {
    for max_norm in [0.5, 20.0, 1e4, 0.0] {
        let path = clipped(max_norm);
        compare("clipped", &path.on_gpu(&device).await, &path.expected);
    }
}

#[test]
fn gradients_longer_than_the_greatest_norm_are_cut_to_it() {
    for max_norm in [0.5, 20.0, 1e4, 0.0] {
        let path = clipped(max_norm);
        compare("clipped", &path.on_cpu(), &path.expected);
    }
}
