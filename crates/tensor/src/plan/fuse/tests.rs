use super::*;
use crate::cpu::Executor;
use crate::graph::NodeId;
use crate::ops::{
    Activation, AvgPool2d, Binary, Conv2d, CountCorrect, LogSoftmax, MatMul, MaxPool2d, NllLoss, Reshape,
};
use crate::plan::Plan;
use crate::random::{Purpose, Stream};
use crate::window::Window;

const BATCH: usize = 3;
const N_CLASSES: usize = 5;

/// What follows a convolution in these tests.
#[derive(Clone, Copy, Debug)]
enum After {
    Relu,
    Tanh,
    Pool(Window),
    Average(Window),
}

struct Net {
    graph: Graph,
    node: NodeId,
}

impl Net {
    fn new(input: [usize; 3]) -> Self {
        let mut graph = Graph::new();
        let [channels, height, width] = input;
        let node = graph.input("x", Value::f32([BATCH, channels, height, width]));
        Self { graph, node }
    }

    fn apply(&mut self, op: impl Into<Op>, rest: &[NodeId]) {
        let inputs = [&[self.node], rest].concat();
        self.node = self.graph.apply(op, &inputs).unwrap();
    }

    fn conv(&mut self, window: Window, groups: usize, out_channels: usize, has_bias: bool) {
        let name = format!("w{}", self.graph.nodes().len());
        let channels = self.graph.shape(self.node)[1];
        let [height, width] = window.kernel;
        let weight = self.graph.parameter(&name, &[out_channels, channels / groups, height, width]);
        let bias = has_bias.then(|| self.graph.parameter(&format!("{name}.bias"), &[out_channels]));
        let rest: Vec<NodeId> = [weight].into_iter().chain(bias).collect();
        self.apply(Conv2d { window, groups }, &rest);
    }

    fn after(&mut self, after: After) {
        match after {
            After::Relu => self.apply(Activation::Relu, &[]),
            After::Tanh => self.apply(Activation::Tanh, &[]),
            After::Pool(window) => self.apply(MaxPool2d { window }, &[]),
            After::Average(window) => self.apply(AvgPool2d { window }, &[]),
        }
    }

    /// A linear layer, the cross-entropy, and its gradients by all parameters.
    fn request(mut self) -> (Graph, PlanRequest) {
        let features = self.graph.shape(self.node)[1..].iter().product();
        self.apply(Reshape { shape: vec![BATCH, features] }, &[]);
        let weight = self.graph.parameter("head.weight", &[N_CLASSES, features]);
        let bias = self.graph.parameter("head.bias", &[N_CLASSES]);
        self.apply(MatMul { transpose_a: false, transpose_b: true }, &[weight]);
        self.apply(Binary::Add, &[bias]);
        let (mut graph, logits) = (self.graph, self.node);
        let target = graph.input("target", Value::u32([BATCH]));
        let logs = graph.apply(LogSoftmax, &[logits]).unwrap();
        let loss = graph.apply(NllLoss, &[logs, target]).unwrap();
        let count = graph.apply(CountCorrect, &[logits, target]).unwrap();
        let parameters = graph.parameters().to_vec();
        let gradients = graph.gradients(loss, &parameters).unwrap();
        let outputs = vec![("loss".to_owned(), loss), ("count".to_owned(), count)];
        (graph, PlanRequest { outputs, gradients, ..PlanRequest::default() })
    }
}

/// Loss, count and all gradients.
fn run(graph: &Graph, request: &PlanRequest) -> Vec<f32> {
    let plan = Plan::compile(graph, request);
    let mut executor = Executor::new(&plan.layout, 0);
    let layout = plan.layout.clone();
    let input_len = plan.buffers[plan.input("x").unwrap()].len;
    let plan = executor.add(plan).unwrap();
    let mut stream = Stream::new(0, Purpose::Test, 0);
    let mut numbers = |len: usize| (0..len).map(|_| stream.uniform_in(-1.0, 1.0)).collect::<Vec<f32>>();
    executor.write_input(plan, "x", &numbers(input_len)).unwrap();
    executor.write_input_u32(plan, "target", &[1, 4, 0]).unwrap();
    let mut parameters = vec![0.0; layout.len];
    for slot in &layout.slots {
        let values = numbers(slot.range().len());
        parameters[slot.range()].copy_from_slice(&values);
    }
    executor.set_parameters(&parameters).unwrap();
    // Twice, so that what a run leaves behind is seen.
    executor.run(plan);
    executor.run(plan);
    let outputs = ["loss", "count"].map(|name| executor.output(plan, name).unwrap()[0]);
    outputs.iter().chain(executor.gradients()).copied().collect()
}

fn names(graph: &Graph, request: &PlanRequest) -> Vec<&'static str> {
    Plan::compile(graph, request).steps.iter().map(|step| step.kernel.name()).collect()
}

fn assert_the_same_unfused(graph: &Graph, request: &PlanRequest, what: &str) {
    let fused = run(graph, request);
    let unfused = run(graph, &PlanRequest { unfused: true, ..request.clone() });
    for (idx, (fused, unfused)) in fused.iter().zip(&unfused).enumerate() {
        // Sums of a few thousand products in another order; logits are up to 30, of which softmax takes the exponential.
        assert!((fused - unfused).abs() <= 1e-4 * (1.0 + unfused.abs()), "{what}: {idx}: {fused} {unfused}");
    }
}

fn window(kernel: usize, stride: usize, padding: usize, dilation: usize) -> Window {
    Window { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2], dilation: [dilation; 2] }
}

#[test]
fn a_fused_step_computes_what_its_operations_do() {
    let halve = After::Pool(window(2, 2, 0, 1));
    let overlap = After::Pool(window(3, 2, 1, 1));
    let chains: [&[After]; 9] = [
        &[After::Relu, halve],
        &[halve, After::Relu],
        &[After::Relu, overlap],
        &[overlap, After::Relu],
        &[After::Relu],
        &[halve],
        &[],
        &[After::Relu, After::Relu, halve, halve],
        &[After::Tanh, After::Average(window(2, 2, 0, 1))],
    ];
    let convolutions = [
        (4, window(3, 1, 1, 1), 1, 8, true),
        (4, window(3, 1, 0, 1), 1, 4, false),
        (4, window(5, 2, 2, 1), 1, 6, true),
        (4, window(3, 1, 2, 2), 2, 4, true),
        (4, window(2, 3, 1, 1), 4, 8, true),
        (4, window(1, 1, 0, 1), 1, 40, true),
        (17, window(3, 1, 1, 1), 1, 19, true),
    ];
    for after in chains {
        for (channels, window, groups, out_channels, has_bias) in convolutions {
            let mut net = Net::new([4, 17, 14]);
            // Something before it, so that there is a gradient of its input.
            net.conv(Window::square(1), 1, channels, false);
            net.conv(window, groups, out_channels, has_bias);
            for &after in after {
                net.after(after);
            }
            let (graph, request) = net.request();
            assert_the_same_unfused(&graph, &request, &format!("{after:?} {window:?} {groups}"));
        }
    }
}

#[test]
fn narrow_maps_of_few_channels_are_fused_alike() {
    for width in 2..=9 {
        for (channels, out_channels) in [(3, 5), (4, 2), (6, 12)] {
            let mut net = Net::new([2, 5, width]);
            net.conv(Window::square(1), 1, channels, true);
            net.conv(window(3, 1, 1, 1), 1, out_channels, true);
            net.after(After::Relu);
            net.after(After::Pool(window(2, 2, 0, 1)));
            let (graph, request) = net.request();
            assert_the_same_unfused(&graph, &request, &format!("{width} {channels} {out_channels}"));
        }
    }
}

#[test]
fn a_small_network_becomes_few_steps() {
    let mut net = Net::new([1, 28, 28]);
    for out_channels in [8, 16] {
        net.conv(window(3, 1, 1, 1), 1, out_channels, true);
        net.after(After::Relu);
        net.after(After::Pool(window(2, 2, 0, 1)));
    }
    let (graph, request) = net.request();
    assert_eq!(
        names(&graph, &request),
        [
            "conv_block",
            "conv_block",
            "linear_cross_entropy",
            "linear_grad_weight",
            "conv_block_grad_input",
            "conv_block_grad_weight",
            "conv_block_grad_weight",
        ]
    );
    assert_the_same_unfused(&graph, &request, "small");
}

#[test]
fn what_somebody_else_reads_is_not_fused_away() {
    let mut net = Net::new([2, 8, 8]);
    net.conv(window(3, 1, 1, 1), 1, 4, true);
    let conv = net.node;
    net.after(After::Relu);
    let relu = net.node;
    net.after(After::Pool(window(2, 2, 0, 1)));
    let (graph, mut request) = net.request();
    request.outputs.push(("relu".to_owned(), relu));
    let steps = names(&graph, &request);
    // Up to what is asked for, they are one; pooling is by itself.
    assert!(steps.contains(&"conv_block") && steps.contains(&"max_pool2d"), "{steps:?}");
    assert_the_same_unfused(&graph, &request, "relu is an output");
    request.outputs.push(("conv".to_owned(), conv));
    let steps = names(&graph, &request);
    assert!(steps.contains(&"conv2d") && !steps.contains(&"conv_block"), "{steps:?}");
    assert_the_same_unfused(&graph, &request, "conv is an output");
}

#[test]
fn without_gradients_no_choice_is_kept() {
    let mut net = Net::new([1, 8, 8]);
    net.conv(window(3, 1, 1, 1), 1, 4, true);
    net.after(After::Relu);
    net.after(After::Pool(window(2, 2, 0, 1)));
    let outputs = vec![("y".to_owned(), net.node)];
    let plan = Plan::compile(&net.graph, &PlanRequest { outputs, ..PlanRequest::default() });
    let writes: Vec<usize> = plan.steps.iter().map(|step| step.writes.len()).collect();
    assert_eq!(writes, [1]);
}
