//! The CPU engine's kernels, each alone in a plan: `cargo bench -p receptive-tensor`.
//!
//! Shapes are those of the presets S (small maps, few channels), F (strides) and L (many channels).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tensor::cpu::Executor;
use tensor::ops::{
    AvgPool2d, Conv2d, Conv2dGradInput, Conv2dGradWeight, MatMul, MaxPool2d, MaxPool2dGrad, Op,
};
use tensor::random::{Purpose, Stream};
use tensor::{Graph, Hyper, ParameterLayout, Plan, PlanRequest, Update, Value, Window};

const BATCH: usize = 64;

/// An executor whose plan is one operation on random inputs.
fn alone(op: impl Into<Op>, inputs: &[&[usize]]) -> (Executor, usize) {
    let mut graph = Graph::new();
    let nodes: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(idx, &shape)| graph.input(&idx.to_string(), Value::f32(shape)))
        .collect();
    let output = graph.apply(op, &nodes).expect("the shapes fit");
    let request = PlanRequest { outputs: vec![("output".to_owned(), output)], ..PlanRequest::default() };
    let mut executor = Executor::new(&ParameterLayout::default(), 0);
    let plan = executor.add(Plan::compile(&graph, &request)).expect("the CPU runs every operation");
    let mut stream = Stream::new(0, Purpose::Test, 0);
    for (idx, shape) in inputs.iter().enumerate() {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal()).collect();
        executor.write_input(plan, &idx.to_string(), &values).expect("the plan reads it");
    }
    (executor, plan)
}

/// Measures one operation; `n_operations` are its additions and multiplications.
fn measure(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    n_operations: usize,
    op: impl Into<Op>,
    inputs: &[&[usize]],
) {
    let (mut executor, plan) = alone(op, inputs);
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(n_operations as u64));
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter(|| black_box(&mut executor).run(plan));
    });
    group.finish();
}

/// A convolution's forward pass and both of its gradients.
fn convolutions(criterion: &mut Criterion) {
    // Name, channels in and out, height and width, kernel, stride, padding.
    let layers = [
        ("S 1 to 8, 28x28", 1, 8, 28, 3, 1, 1),
        ("S 8 to 16, 14x14", 8, 16, 14, 3, 1, 1),
        ("F 1 to 8, 28x28, stride 2", 1, 8, 28, 5, 2, 2),
        ("F 16 to 32, 7x7, stride 2", 16, 32, 7, 3, 2, 1),
        ("F 32 to 64, 4x4, stride 2", 32, 64, 4, 3, 2, 1),
        ("L 32 to 32, 28x28", 32, 32, 28, 3, 1, 1),
        ("L 64 to 64, 14x14", 64, 64, 14, 3, 1, 1),
    ];
    for (name, in_channels, out_channels, size, kernel, stride, padding) in layers {
        let window =
            Window { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2], dilation: [1, 1] };
        let conv = Conv2d { window, groups: 1 };
        let [height, width] = window.output([size; 2]).expect("the kernel fits");
        let input: &[usize] = &[BATCH, in_channels, size, size];
        let weight: &[usize] = &[out_channels, in_channels, kernel, kernel];
        let output: &[usize] = &[BATCH, out_channels, height, width];
        let n = 2 * output.iter().product::<usize>() * in_channels * kernel * kernel;
        measure(criterion, "conv2d", name, n, conv, &[input, weight]);
        let grad_input = Conv2dGradInput { conv, input_size: [size; 2] };
        measure(criterion, "conv2d_grad_input", name, n, grad_input, &[output, weight]);
        measure(criterion, "conv2d_grad_weight", name, n, Conv2dGradWeight { conv }, &[input, output]);
    }
}

fn products(criterion: &mut Criterion) {
    for n in [512, 1024] {
        let op = MatMul { transpose_a: false, transpose_b: false };
        measure(criterion, "matmul", &format!("{n}x{n}x{n}"), 2 * n * n * n, op, &[&[n, n], &[n, n]]);
    }
    let op = MatMul { transpose_a: false, transpose_b: true };
    for (name, n, k) in
        [("S 64x784, transposed 10x784", 10, 784), ("L 64x3136, transposed 512x3136", 512, 3136)]
    {
        measure(criterion, "matmul", name, 2 * BATCH * n * k, op, &[&[BATCH, k], &[n, k]]);
    }
}

fn pools(criterion: &mut Criterion) {
    let window = Window { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1] };
    let (input, output): (&[usize], &[usize]) = (&[BATCH, 8, 28, 28], &[BATCH, 8, 14, 14]);
    let n = input.iter().product();
    measure(criterion, "pool", "max, S 8x28x28", n, MaxPool2d { window }, &[input]);
    measure(criterion, "pool", "max's gradient, S 8x28x28", n, MaxPool2dGrad { window }, &[input, output]);
    measure(criterion, "pool", "average, S 8x28x28", n, AvgPool2d { window }, &[input]);
}

/// The optimiser's step of as many parameters as S and L have.
fn updates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update");
    for (name, update) in [("SGD", Update::Sgd { nesterov: false }), ("Adam", Update::Adam)] {
        for n in [9_098, 1_676_266] {
            let mut graph = Graph::new();
            graph.parameter("weight", &[n]);
            let layout = ParameterLayout::of(&graph);
            let request = PlanRequest { update: Some(update), ..PlanRequest::default() };
            let mut executor = Executor::new(&layout, update.n_states());
            let plan = executor.add(Plan::compile(&graph, &request)).expect("it steps");

            executor.set_hyper(Hyper { learning_rate: 0.001, eps: 1e-8, ..Hyper::default() });
            group.throughput(Throughput::Elements(n as u64));
            group.bench_function(BenchmarkId::new(name, n), |bencher| {
                bencher.iter(|| black_box(&mut executor).run(plan));
            });
        }
    }
    group.finish();
}

criterion_group!(kernels, convolutions, products, pools, updates);
criterion_main!(kernels);
