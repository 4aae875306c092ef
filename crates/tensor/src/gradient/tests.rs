//! Gradients against finite differences, operation by operation.

use super::*;
use crate::cpu::Executor;
use crate::graph::Value;
use crate::layout::Layout;
use crate::ops::*;
use crate::plan::{Plan, PlanRequest};
use crate::random::{Purpose, Stream};
use crate::window::Window;

/// A loss that is different for every element: `Σ weight · output`, with fixed random weights.
fn weighted_sum(graph: &mut Graph, node: NodeId) -> NodeId {
    let shape = graph.shape(node).to_vec();
    let weights = graph.input("weights", Value::f32(shape));
    let product = graph.apply(Binary::Mul, &[node, weights]).unwrap();
    graph.apply(SumTo { shape: vec![] }, &[product]).unwrap()
}

/// Compares the gradient with respect to every element of every parameter with the slope between two nearby points.
fn check(
    shapes: &[&[usize]],
    from: [f32; 2],
    build: impl Fn(&mut Graph, &[NodeId]) -> Result<NodeId, TensorError>,
) {
    let mut graph = Graph::new();
    let parameters: Vec<NodeId> =
        shapes.iter().enumerate().map(|(idx, shape)| graph.parameter(&idx.to_string(), shape)).collect();
    let output = build(&mut graph, &parameters).unwrap();
    let loss = weighted_sum(&mut graph, output);
    let gradients = graph.gradients(loss, &parameters).unwrap();
    let n_outputs = graph.node(output).value.numel();
    let outputs = vec![("loss".to_owned(), loss)];
    let plan = Plan::compile(&graph, &PlanRequest { outputs, gradients, ..PlanRequest::default() });
    let layout = plan.layout.clone();
    let mut executor = Executor::new(&layout, 0);
    let plan = executor.add(plan).unwrap();
    let mut stream = Stream::new(5, Purpose::Test, 0);
    let weights: Vec<f32> = (0..n_outputs).map(|_| stream.uniform_in(-1.0, 1.0)).collect();
    executor.write_input(plan, "weights", &weights).unwrap();
    let mut values = vec![0.0; layout.len];
    for slot in &layout.slots {
        values[slot.range()].fill_with(|| stream.uniform_in(from[0], from[1]));
    }
    let mut loss_at = |values: &[f32]| {
        executor.set_parameters(values).unwrap();
        executor.run(plan);
        (executor.output(plan, "loss").unwrap()[0], executor.gradients().to_vec())
    };
    let (_, gradients) = loss_at(&values);
    let step = 1e-2;
    for slot in &layout.slots {
        for position in slot.range() {
            let mut moved = values.clone();
            moved[position] += step;
            let above = loss_at(&moved).0;
            moved[position] -= 2.0 * step;
            let below = loss_at(&moved).0;
            let slope = (above - below) / (2.0 * step);
            // Float32 differences of a sum of up to a few hundred numbers, over 0.02: about 3e-3 of noise, and the
            // curvature's step² beside it.
            let tolerance = 1e-2 * (1.0 + slope.abs());
            let gradient = gradients[position];
            assert!((gradient - slope).abs() < tolerance, "{}[{position}]: {gradient} {slope}", slot.name);
        }
    }
}

#[test]
fn conv2d() {
    let window = Window { kernel: [3, 2], stride: [2, 1], padding: [1, 1], dilation: [1, 2] };
    let conv = Conv2d { window, groups: 2 };
    check(&[&[2, 4, 5, 6], &[6, 2, 3, 2], &[6]], [-1.0, 1.0], |graph, p| graph.apply(conv, p));
}

#[test]
fn max_pool2d() {
    let window = Window { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1] };
    // Far apart, so that no step changes which is the largest: the input is 7 times as wide as the steps.
    check(&[&[1, 2, 5, 5]], [-40.0, 40.0], |graph, p| graph.apply(MaxPool2d { window }, p));
    let halving = Window { stride: [2, 2], ..Window::square(2) };
    check(&[&[1, 2, 5, 5]], [-40.0, 40.0], |graph, p| graph.apply(MaxPool2d { window: halving }, p));
}

#[test]
fn averages() {
    let window = Window { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1] };
    check(&[&[2, 2, 7, 5]], [-1.0, 1.0], |graph, p| graph.apply(AvgPool2d { window }, p));
    check(&[&[2, 2, 7, 5]], [-1.0, 1.0], |graph, p| {
        graph.apply(AdaptiveAvgPool2d { output_size: [3, 2] }, p)
    });
}

#[test]
fn matmul_in_all_four_layouts() {
    for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
        let a: &[usize] = if transpose_a { &[4, 3] } else { &[3, 4] };
        let b: &[usize] = if transpose_b { &[5, 4] } else { &[4, 5] };
        check(&[a, b], [-1.0, 1.0], |graph, p| graph.apply(MatMul { transpose_a, transpose_b }, p));
    }
}

#[test]
fn arithmetic_with_broadcasting() {
    for kind in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
        check(&[&[2, 3, 4], &[3, 1]], [0.5, 2.0], |graph, p| graph.apply(kind, p));
        check(&[&[1], &[2, 3]], [0.5, 2.0], |graph, p| graph.apply(kind, p));
    }
}

#[test]
fn activations() {
    let leaky = Activation::LeakyRelu { negative_slope: 0.1 };
    let gelu = [false, true].map(|tanh| Activation::Gelu { tanh });
    let others =
        [Activation::Relu, leaky, Activation::Sigmoid, Activation::Tanh, Activation::Elu { alpha: 1.5 }];
    for activation in others.into_iter().chain(gelu) {
        check(&[&[3, 5]], [0.1, 2.0], |graph, p| graph.apply(activation, p));
        check(&[&[3, 5]], [-2.0, -0.1], |graph, p| graph.apply(activation, p));
    }
}

#[test]
fn elementwise_mathematics() {
    let anywhere = [Unary::Neg, Unary::Exp, Unary::Square, Unary::Sin, Unary::Cos, Unary::Erf];
    for function in anywhere {
        check(&[&[3, 5]], [-2.0, 2.0], |graph, p| graph.apply(function, p));
    }
    for function in [Unary::Log, Unary::Sqrt, Unary::Pow { exponent: 1.5 }] {
        check(&[&[3, 5]], [0.5, 2.0], |graph, p| graph.apply(function, p));
    }
    // Away from their corners, on either side.
    for function in [Unary::Abs, Unary::Clamp { min: -1.0, max: 2.0 }] {
        check(&[&[3, 5]], [0.1, 1.9], |graph, p| graph.apply(function, p));
        check(&[&[3, 5]], [-0.9, -0.1], |graph, p| graph.apply(function, p));
        check(&[&[3, 5]], [2.1, 3.0], |graph, p| graph.apply(function, p));
    }
}

#[test]
fn views() {
    let views = [
        View::Permute { dims: vec![2, 0, 1] },
        View::Slice { dim: 2, start: 1, len: 2, step: 2 },
        View::Select { dim: 1, index: 2 },
        View::Expand { shape: vec![2, 2, 3, 4] },
        View::Diagonal { dims: [0, 2] },
    ];
    for view in views {
        check(&[&[2, 3, 4]], [-1.0, 1.0], |graph, p| graph.apply(view.clone(), p));
        // What a view's gradient computes is differentiated as well.
        let shape = Layout::contiguous(&[2, 3, 4]);
        let viewed = view.layout(&shape).unwrap().shape;
        check(&[&viewed], [-1.0, 1.0], |graph, p| {
            graph.apply(ViewGrad { view: view.clone(), shape: shape.shape.clone() }, p)
        });
    }
}

#[test]
fn reductions() {
    for kind in [Reduce::Mean, Reduce::Var { correction: 1 }, Reduce::Var { correction: 0 }] {
        for shape in [vec![], vec![2, 1, 4], vec![1, 3, 1]] {
            check(&[&[2, 3, 4]], [-1.0, 1.0], |graph, p| {
                graph.apply(Reduction { kind, shape: shape.clone() }, p)
            });
        }
    }
    // Far apart, so that no step changes which is the largest.
    for kind in [Reduce::Amax, Reduce::Amin] {
        check(&[&[2, 3, 4]], [-40.0, 40.0], |graph, p| graph.apply(Reduction { kind, shape: vec![3, 1] }, p));
    }
}

#[test]
fn extremes_and_choices() {
    for kind in [Extremum::Maximum, Extremum::Minimum] {
        check(&[&[2, 3, 4], &[3, 1]], [-40.0, 40.0], |graph, p| graph.apply(kind, p));
    }
    check(&[&[2, 3], &[3], &[2, 1]], [-40.0, 40.0], |graph, p| {
        let zero = graph.constant(0.0, &[]);
        let mask = graph.apply(Compare::Gt, &[p[0], zero])?;
        graph.apply(Where, &[mask, p[1], p[2]])
    });
}

#[test]
fn joining_and_padding() {
    check(&[&[2, 3], &[2, 1], &[2, 2]], [-1.0, 1.0], |graph, p| graph.apply(Cat { dim: 1 }, p));
    let pad = Pad { padding: vec![[1, 0], [2, 3]], value: 0.5 };
    check(&[&[2, 3]], [-1.0, 1.0], |graph, p| graph.apply(pad.clone(), p));
}

#[test]
fn picking_by_position() {
    // Positions are inputs of zeros here: every pick is the first, and their gradients add up.
    check(&[&[3, 4]], [-1.0, 1.0], |graph, p| {
        let index = graph.input("index", Value::u32([3, 2]));
        graph.apply(Gather { dim: 1 }, &[p[0], index])
    });
    check(&[&[3, 4]], [-1.0, 1.0], |graph, p| {
        let index = graph.input("index", Value::u32([5]));
        graph.apply(IndexSelect { dim: 0 }, &[p[0], index])
    });
    check(&[&[5, 2]], [-1.0, 1.0], |graph, p| {
        let index = graph.input("index", Value::u32([5]));
        graph.apply(IndexAdd { dim: 0, size: 4 }, &[index, p[0]])
    });
    check(&[&[3, 4], &[3, 1]], [-1.0, 1.0], |graph, p| {
        let index = graph.input("index", Value::u32([3, 1]));
        graph.apply(Scatter { dim: 1 }, &[p[0], index, p[1]])
    });
    check(&[&[3, 2]], [-1.0, 1.0], |graph, p| {
        let index = graph.input("index", Value::u32([3, 2]));
        graph.apply(ScatterAdd { dim: 1, shape: vec![3, 4] }, &[index, p[0]])
    });
}

#[test]
fn batches_of_matrices_in_all_four_layouts() {
    for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
        let a: &[usize] = if transpose_a { &[2, 1, 4, 3] } else { &[2, 1, 3, 4] };
        let b: &[usize] = if transpose_b { &[3, 5, 4] } else { &[3, 4, 5] };
        let matmul = MatMul { transpose_a, transpose_b };
        check(&[a, b], [-1.0, 1.0], |graph, p| graph.apply(BatchMatMul { matmul }, p));
    }
}

#[test]
fn gradients_of_gradients() {
    let window = Window { kernel: [3, 2], stride: [2, 1], padding: [1, 1], dilation: [1, 2] };
    let conv = Conv2d { window, groups: 2 };
    check(&[&[2, 6, 3, 6], &[6, 2, 3, 2]], [-1.0, 1.0], |graph, p| {
        graph.apply(Conv2dGradInput { conv, input_size: [5, 6] }, p)
    });
    check(&[&[2, 4, 5, 6], &[2, 6, 3, 6]], [-1.0, 1.0], |graph, p| graph.apply(Conv2dGradWeight { conv }, p));
    let window = Window { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1] };
    check(&[&[1, 2, 4, 3]], [-1.0, 1.0], |graph, p| {
        graph.apply(AvgPool2dGrad { window, input_size: [7, 5] }, p)
    });
    check(&[&[1, 2, 3, 2]], [-1.0, 1.0], |graph, p| {
        graph.apply(AdaptiveAvgPool2dGrad { input_size: [7, 5] }, p)
    });
    check(&[&[3, 4], &[3, 4]], [-1.0, 1.0], |graph, p| graph.apply(SoftmaxGrad, p));
    check(&[&[3, 4], &[3, 4]], [-1.0, 1.0], |graph, p| graph.apply(LogSoftmaxGrad, p));
    let leaky = Activation::LeakyRelu { negative_slope: 0.1 };
    for activation in [Activation::Relu, leaky, Activation::Sigmoid, Activation::Tanh] {
        check(&[&[3, 5], &[3, 5]], [0.1, 1.0], |graph, p| graph.apply(ActivationGrad { activation }, p));
    }
}

#[test]
fn softmaxes_and_the_cross_entropy() {
    check(&[&[3, 4]], [-2.0, 2.0], |graph, p| graph.apply(Softmax, p));
    check(&[&[3, 4]], [-2.0, 2.0], |graph, p| graph.apply(LogSoftmax, p));
    check(&[&[3, 4]], [-2.0, 2.0], |graph, p| {
        let target = graph.input("target", Value::u32([3]));
        let logs = graph.apply(LogSoftmax, p)?;
        graph.apply(NllLoss, &[logs, target])
    });
}

#[test]
fn a_value_used_twice_gets_both_gradients() {
    check(&[&[2, 3]], [-1.0, 1.0], |graph, p| {
        let squashed = graph.apply(Activation::Tanh, p)?;
        graph.apply(Binary::Mul, &[squashed, p[0]])
    });
}

#[test]
fn a_missing_rule_and_a_loss_of_many_numbers_are_errors() {
    let mut graph = Graph::new();
    let logits = graph.parameter("logits", &[2, 3]);
    let target = graph.input("target", Value::u32([2]));
    let count = graph.apply(CountCorrect, &[logits, target]).unwrap();
    let error = graph.gradients(count, &[logits]).unwrap_err();
    assert_eq!(error, TensorError::NoGradient { operation: "count_correct" });
    let error = graph.gradients(logits, &[logits]).unwrap_err();
    assert_eq!(error, TensorError::NotScalar { shape: vec![2, 3] });
}

#[test]
fn what_the_loss_does_not_depend_on_has_no_gradient() {
    let mut graph = Graph::new();
    let used = graph.parameter("used", &[2]);
    let unused = graph.parameter("unused", &[2]);
    let loss = graph.apply(SumTo { shape: vec![] }, &[used]).unwrap();
    let gradients = graph.gradients(loss, &[used, unused]).unwrap();
    assert!(gradients[0].is_some() && gradients[1].is_none());
}
