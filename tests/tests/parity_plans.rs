//! Optimisers, what is kept beside the parameters, and gradients that parameters share: the same on both executors.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::Device;
use receptive_tests::{Tolerance, assert_close, gpu_tests};
use tensor::ops::{Binary, SumTo};
use tensor::{Blend, Graph, Hyper, Plan, PlanRequest, Update, Value, cpu};

gpu_tests!(
    optimisers_agree,
    what_is_not_trained_is_blended_and_not_stepped,
    gradients_that_two_parameters_share_are_copied,
);

/// `Σ x·p` for two parameters, whose gradients are `x`, and three steps of an optimiser.
fn updating_plan(update: Update) -> Plan {
    let mut graph = Graph::new();
    let mut terms = Vec::new();
    for (name, shape) in [("a", [7, 11]), ("b", [3, 1])] {
        let x = graph.input(name, Value::f32(shape));
        let parameter = graph.parameter(name, &shape);
        let product = graph.apply(Binary::Mul, &[x, parameter]).unwrap();
        terms.push(graph.apply(SumTo { shape: vec![] }, &[product]).unwrap());
    }
    let loss = graph.apply(Binary::Add, &terms).unwrap();
    let parameters = graph.parameters().to_vec();
    let gradients = graph.gradients(loss, &parameters).unwrap();
    let outputs = vec![("loss".to_owned(), loss)];
    Plan::compile(
        &graph,
        &PlanRequest {
            outputs,
            gradients,
            update: Some(update),
            clip_grad_norm: true,
            ..PlanRequest::default()
        },
    )
}

async fn optimisers_agree(device: Rc<Device>) {
    for update in [
        Update::Sgd { nesterov: false },
        Update::Sgd { nesterov: true },
        Update::Adam,
        Update::AdamW,
        Update::RMSprop { centered: false },
        Update::RMSprop { centered: true },
        Update::Adagrad,
    ] {
        let plan = updating_plan(update);
        let (layout, n_states) = (plan.layout.clone(), plan.n_states());
        let mut cpu = cpu::Executor::new(&layout, n_states);
        let cpu_plan = cpu.add(plan.clone()).unwrap();
        let mut gpu = gpu::Executor::new(&device, &layout, n_states).unwrap();
        let gpu_plan = gpu.add(plan).unwrap();
        let mut parameters = vec![0.0; layout.len];
        for slot in &layout.slots {
            for position in slot.range() {
                parameters[position] = (position % 13) as f32 / 13.0 - 0.4;
            }
        }
        cpu.set_parameters(&parameters).unwrap();
        gpu.set_parameters(&parameters).unwrap();
        for step in 1..=3 {
            let a: Vec<f32> = (0..77).map(|idx| (idx as f32 + step as f32).sin()).collect();
            let b = [0.0, 1e-3, -2.0];
            for (name, numbers) in [("a", a.as_slice()), ("b", &b)] {
                cpu.write_input(cpu_plan, name, numbers).unwrap();
                gpu.write_input(gpu_plan, name, numbers).unwrap();
            }
            let hyper = Hyper {
                learning_rate: 0.05,
                weight_decay: 0.01,
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                bias_correction2_sqrt: (1.0 - 0.999f32.powi(step)).sqrt(),
                l1: 0.002,
                max_norm: 1.5,
            };
            cpu.set_hyper(hyper);
            gpu.set_hyper(hyper);
            cpu.run(cpu_plan);
            gpu.run(gpu_plan).unwrap();
            let what = format!("{update:?}, step {step}");
            let received = gpu.parameters().await.unwrap();
            assert_close(&format!("{what}, parameters"), &received, cpu.parameters(), Tolerance::SUMS);
            let received = gpu.gradients().await.unwrap();
            assert_close(&format!("{what}, gradients"), &received, cpu.gradients(), Tolerance::SUMS);
            for state_idx in 0..n_states {
                let received = gpu.state(state_idx).await.unwrap();
                let what = format!("{what}, state {state_idx}");
                assert_close(&what, &received, cpu.state(state_idx), Tolerance::SUMS);
            }
        }
    }
}

async fn what_is_not_trained_is_blended_and_not_stepped(device: Rc<Device>) {
    let mut graph = Graph::new();
    let kept = graph.buffer("kept", &[70]);
    let w = graph.parameter("w", &[3]);
    let x = graph.input("x", Value::f32([70]));
    let loss = graph.apply(SumTo { shape: vec![] }, &[w]).unwrap();
    let request = PlanRequest {
        gradients: graph.parameter_gradients(loss).unwrap(),
        blends: vec![(kept, x, Blend { decay: 0.75, factor: 0.5 })],
        update: Some(Update::Sgd { nesterov: false }),
        ..PlanRequest::default()
    };
    assert!(request.gradients[0].is_none());
    let plan = Plan::compile(&graph, &request);
    let layout = plan.layout.clone();
    let mut cpu = cpu::Executor::new(&layout, 1);
    let mut gpu = gpu::Executor::new(&device, &layout, 1).unwrap();
    let (on_cpu, on_gpu) = (cpu.add(plan.clone()).unwrap(), gpu.add(plan).unwrap());
    let mut parameters = vec![0.0; layout.len];
    for position in layout.slots.iter().flat_map(|slot| slot.range()) {
        parameters[position] = position as f32;
    }
    let x: Vec<f32> = (0..70).map(|idx| (idx as f32).cos()).collect();
    let hyper = Hyper { learning_rate: 0.1, weight_decay: 0.5, ..Hyper::default() };
    cpu.set_parameters(&parameters).unwrap();
    gpu.set_parameters(&parameters).unwrap();
    cpu.set_hyper(hyper);
    gpu.set_hyper(hyper);
    cpu.write_input(on_cpu, "x", &x).unwrap();
    gpu.write_input(on_gpu, "x", &x).unwrap();
    for _ in 0..2 {
        cpu.run(on_cpu);
        gpu.run(on_gpu).unwrap();
    }
    let received = gpu.parameters().await.unwrap();
    assert_close("parameters", &received, cpu.parameters(), Tolerance::SUMS);
    // 70 · 0.75² + 0.5 · (0.75 + 1) · cos 6, at position 6 behind the weights.
    let expected = 70.0 * 0.5625 + 0.875 * 6f32.cos();
    assert_close("kept", &received[70..71], &[expected], Tolerance::SUMS);
}

async fn gradients_that_two_parameters_share_are_copied(device: Rc<Device>) {
    let mut graph = Graph::new();
    let a = graph.parameter("a", &[3]);
    let b = graph.parameter("b", &[3]);
    let sum = graph.apply(Binary::Add, &[a, b]).unwrap();
    let squared = graph.apply(Binary::Mul, &[sum, sum]).unwrap();
    let loss = graph.apply(SumTo { shape: vec![] }, &[squared]).unwrap();
    let gradients = graph.gradients(loss, &[a, b]).unwrap();
    let plan = Plan::compile(&graph, &PlanRequest { gradients, ..PlanRequest::default() });
    let slots = plan.layout.slots.clone();
    let mut executor = gpu::Executor::new(&device, &plan.layout.clone(), 0).unwrap();
    let mut parameters = vec![0.0; plan.layout.len];
    parameters[slots[0].range()].copy_from_slice(&[1.0, 2.0, 3.0]);
    parameters[slots[1].range()].copy_from_slice(&[0.5, 0.0, -3.0]);
    executor.set_parameters(&parameters).unwrap();
    let plan = executor.add(plan).unwrap();
    executor.run(plan).unwrap();
    let gradients = executor.gradients().await.unwrap();
    for slot in slots {
        assert_eq!(gradients[slot.range()], [3.0, 4.0, 0.0]);
    }
}
