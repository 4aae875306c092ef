use super::*;
use crate::graph::Value;
use crate::ops::{Activation, Binary, MatMul, Reshape, SumTo};
use crate::plan::Blend;
use crate::update::{Hyper, Update};

fn chain(n: usize) -> (Graph, NodeId) {
    let mut graph = Graph::new();
    let mut node = graph.input("x", Value::f32([4, 4]));
    for _ in 0..n {
        node = graph.apply(Activation::Tanh, &[node]).unwrap();
    }
    (graph, node)
}

fn n_scratch(plan: &Plan) -> usize {
    plan.buffers.iter().filter(|buffer| buffer.role == Role::Scratch).count()
}

#[test]
fn a_chain_needs_two_scratch_buffers_however_long_it_is() {
    let (graph, last) = chain(10);
    let plan =
        Plan::compile(&graph, &PlanRequest { outputs: vec![("y".into(), last)], ..PlanRequest::default() });
    assert_eq!(plan.steps.len(), 10);
    assert_eq!(n_scratch(&plan), 2);
}

#[test]
fn an_output_keeps_its_buffer() {
    let (mut graph, early) = chain(1);
    let mut node = early;
    for _ in 0..4 {
        node = graph.apply(Activation::Tanh, &[node]).unwrap();
    }
    let outputs = vec![("early".into(), early), ("late".into(), node)];
    let plan = Plan::compile(&graph, &PlanRequest { outputs, ..PlanRequest::default() });
    let early = plan.output("early").unwrap().region.buffer;
    let writers = plan.steps.iter().filter(|step| step.writes[0].region.buffer == early).count();
    assert_eq!(writers, 1);
}

#[test]
fn no_step_reads_the_buffer_that_it_writes() {
    let mut graph = Graph::new();
    let x = graph.input("x", Value::f32([4, 3]));
    let w = graph.parameter("w", &[3, 2]);
    let y = graph.apply(MatMul::default(), &[x, w]).unwrap();
    let z = graph.apply(Binary::Mul, &[y, y]).unwrap();
    let loss = graph.apply(SumTo { shape: vec![] }, &[z]).unwrap();
    let gradients = graph.gradients(loss, &[w]).unwrap();
    let plan = Plan::compile(
        &graph,
        &PlanRequest { outputs: vec![("loss".into(), loss)], gradients, ..PlanRequest::default() },
    );
    for step in &plan.steps {
        for write in &step.writes {
            assert!(step.reads.iter().all(|read| read.region.buffer != write.region.buffer), "{step:?}");
        }
    }
}

#[test]
fn what_no_output_needs_is_dropped_and_reshape_moves_nothing() {
    let (mut graph, last) = chain(2);
    graph.apply(Activation::Relu, &[last]).unwrap();
    let flat = graph.apply(Reshape { shape: vec![16] }, &[last]).unwrap();
    let plan =
        Plan::compile(&graph, &PlanRequest { outputs: vec![("y".into(), flat)], ..PlanRequest::default() });
    assert_eq!(plan.steps.len(), 2);
    assert_eq!(plan.output("y").unwrap().value.shape, [16]);
}

#[test]
fn a_gradient_that_something_else_reads_is_copied_to_its_place() {
    let mut graph = Graph::new();
    let a = graph.parameter("a", &[3]);
    let b = graph.parameter("b", &[3]);
    let sum = graph.apply(Binary::Add, &[a, b]).unwrap();
    let squared = graph.apply(Binary::Mul, &[sum, sum]).unwrap();
    let loss = graph.apply(SumTo { shape: vec![] }, &[squared]).unwrap();
    // d/da and d/db are the same node: one of them, at least, is a copy.
    let gradients = graph.gradients(loss, &[a, b]).unwrap();
    assert_eq!(gradients[0], gradients[1]);
    let plan = Plan::compile(&graph, &PlanRequest { gradients, ..PlanRequest::default() });
    assert_eq!(plan.steps.iter().filter(|step| step.kernel == Kernel::Copy).count(), 2);
}

#[test]
fn what_is_not_trained_lies_behind_what_is_and_the_optimiser_never_touches_it() {
    let mut graph = Graph::new();
    let w = graph.parameter("w", &[3]);
    let kept = graph.buffer("kept", &[2]);
    let v = graph.parameter("v", &[]);
    let x = graph.input("x", Value::f32([2]));
    let y = graph.apply(Binary::Add, &[x, kept]).unwrap();
    let scaled = graph.apply(Binary::Mul, &[w, v]).unwrap();
    let loss = graph.apply(SumTo { shape: vec![] }, &[scaled]).unwrap();
    let mut gradients = graph.gradients(loss, &[w, v]).unwrap();
    gradients.insert(1, None);
    let plan = Plan::compile(
        &graph,
        &PlanRequest {
            gradients,
            blends: vec![(kept, y, Blend { decay: 0.5, factor: 2.0 })],
            update: Some(Update::Sgd { nesterov: false }),
            ..PlanRequest::default()
        },
    );
    let layout = plan.layout.clone();
    let offsets: Vec<usize> = layout.slots.iter().map(|slot| slot.offset).collect();
    assert_eq!((offsets.as_slice(), layout.trainable_len, layout.len), (&[0, 128, 64][..], 128, 192));
    let mut executor = crate::cpu::Executor::new(&layout, 1);
    let idx = executor.add(plan).unwrap();
    let mut parameters = vec![0.0; layout.len];
    parameters[0..3].copy_from_slice(&[1.0, 2.0, 3.0]);
    (parameters[64], parameters[128], parameters[129]) = (1.0, 10.0, 20.0);
    executor.set_parameters(&parameters).unwrap();
    executor.write_input(idx, "x", &[1.0, 0.0]).unwrap();
    executor.set_hyper(Hyper { learning_rate: 0.5, weight_decay: 1.0, ..Hyper::default() });
    executor.run(idx);
    // w ← w − 0.5·(1 + w), v ← v − 0.5·(6 + v); no decay of what is kept: k ← 0.5·k + 2·(x + k).
    assert_eq!(executor.parameters()[0..3], [0.0, 0.5, 1.0]);
    assert_eq!(executor.parameters()[64], -2.5);
    assert_eq!(executor.parameters()[128..130], [27.0, 50.0]);
    assert!(executor.state(0)[128..].iter().all(|velocity| *velocity == 0.0));
}

#[test]
fn where_nothing_is_trained_there_is_no_update() {
    let mut graph = Graph::new();
    graph.buffer("kept", &[2]);
    let update = Some(Update::Adam);
    let plan = Plan::compile(&graph, &PlanRequest { update, ..PlanRequest::default() });
    assert!(plan.steps.is_empty() && plan.n_states() == 0);
}
