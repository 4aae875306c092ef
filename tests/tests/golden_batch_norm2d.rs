//! Both executors normalise batches as PyTorch does in 64 bits: outputs, gradients, and the running statistics after.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::Device;
use receptive_tests::{Golden, GoldenCase, Tolerance, assert_close, gpu_tests};
use tensor::ops::{BatchNorm2d, Binary, SumTo};
use tensor::{Graph, Plan, PlanRequest, Value};

// Of the CPU too, in a browser as natively.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

gpu_tests!(the_gpu_reproduces_batch_normalisation);

const BATCH_NORM2D: &[u8] = include_bytes!("../golden/batch_norm2d.safetensors");

/// The slots of the plan: the input counts among the parameters, so that its gradient comes with theirs.
const SLOTS: [&str; 5] = ["input", "weight", "bias", "running_mean", "running_var"];

fn plan(golden: GoldenCase<'_>) -> Plan {
    let mut graph = Graph::new();
    let [input, weight, bias, running_mean, running_var] = SLOTS.map(|name| {
        let (shape, _) = golden.tensor(name);
        if name.starts_with("running") { graph.buffer(name, &shape) } else { graph.parameter(name, &shape) }
    });
    let number = |name: &str| golden.arguments[name].as_f64().unwrap() as f32;
    let training = golden.arguments["training"].as_bool().unwrap();
    let op = BatchNorm2d { eps: number("eps"), training };
    let mut blends = Vec::new();
    let [mean, var] = if training {
        let own = BatchNorm2d::statistics(&mut graph, input).unwrap();
        let shape = graph.shape(input);
        let [of_mean, of_var] = BatchNorm2d::running(number("momentum"), shape[0] * shape[2] * shape[3]);
        blends.extend([(running_mean, own[0], of_mean), (running_var, own[1], of_var)]);
        own
    } else {
        [running_mean, running_var]
    };
    let output = graph.apply(op, &[input, mean, var, weight, bias]).unwrap();
    let upstream = graph.input("grad_output", Value::f32(graph.shape(output)));
    let product = graph.apply(Binary::Mul, &[output, upstream]).unwrap();
    let loss = graph.apply(SumTo { shape: Vec::new() }, &[product]).unwrap();
    let gradients = graph.parameter_gradients(loss).unwrap();
    let outputs = vec![("output".to_owned(), output)];
    Plan::compile(&graph, &PlanRequest { outputs, gradients, blends, ..PlanRequest::default() })
}

fn start(golden: GoldenCase<'_>, plan: &Plan) -> Vec<f32> {
    let mut parameters = vec![0.0; plan.layout.len];
    for slot in &plan.layout.slots {
        parameters[slot.range()].copy_from_slice(&golden.tensor(&slot.name).1);
    }
    parameters
}

fn compare(golden: GoldenCase<'_>, plan: &Plan, output: &[f32], gradients: &[f32], parameters: &[f32]) {
    let check = |role: &str, received: &[f32]| {
        assert_close(&format!("{}, {role}", golden.name), received, &golden.tensor(role).1, Tolerance::SUMS);
    };
    check("output", output);
    for slot in &plan.layout.slots {
        let numbers = if slot.trainable { gradients } else { parameters };
        let role =
            if slot.trainable { format!("grad_{}", slot.name) } else { format!("{}_after", slot.name) };
        check(&role, &numbers[slot.range()]);
    }
}

async fn the_gpu_reproduces_batch_normalisation(device: Rc<Device>) {
    for golden in Golden::read(BATCH_NORM2D).cases() {
        let plan = plan(golden);
        let mut executor = gpu::Executor::new(&device, &plan.layout, 0).unwrap();
        executor.set_parameters(&start(golden, &plan)).unwrap();
        let idx = executor.add(plan.clone()).unwrap();
        executor.write_input(idx, "grad_output", &golden.tensor("grad_output").1).unwrap();
        executor.run(idx).unwrap();
        let output = executor.read_output(idx, "output").await.unwrap();
        let gradients = executor.gradients().await.unwrap();
        compare(golden, &plan, &output, &gradients, &executor.parameters().await.unwrap());
    }
}

#[test]
fn the_cpu_reproduces_batch_normalisation() {
    let file = Golden::read(BATCH_NORM2D);
    assert_eq!(file.cases().len(), 6);
    for golden in file.cases() {
        let plan = plan(golden);
        let mut executor = tensor::cpu::Executor::new(&plan.layout, 0);
        executor.set_parameters(&start(golden, &plan)).unwrap();
        let idx = executor.add(plan.clone()).unwrap();
        executor.write_input(idx, "grad_output", &golden.tensor("grad_output").1).unwrap();
        executor.run(idx);
        let output = executor.output(idx, "output").unwrap().to_vec();
        compare(golden, &plan, &output, executor.gradients(), executor.parameters());
    }
}
