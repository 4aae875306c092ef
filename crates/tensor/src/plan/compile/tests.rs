use super::*;
use crate::graph::Value;
use crate::ops::{Activation, Binary, MatMul, Reshape, SumTo};

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
