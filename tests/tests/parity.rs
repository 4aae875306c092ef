//! The GPU computes what the CPU computes, for every operation, over awkward shapes.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::Device;
use receptive_tests::{CONVOLUTIONS, Case, Tolerance, assert_close, gpu_tests, window};
use tensor::Window;
use tensor::ops::{
    Activation, AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Binary, Conv2d, CountCorrect, Dropout,
    ElementLoss, LogSoftmax, MatMul, MaxPool2d, NllLoss, OneHot, Reduce, Reduction, Softmax, SumTo,
};

gpu_tests!(
    convolutions_agree,
    convolutions_without_bias_agree,
    max_pooling_agrees,
    max_pooling_routes_the_gradient_to_the_first_of_equal_numbers,
    a_nan_wins_in_max_pooling,
    average_pooling_agrees,
    adaptive_average_pooling_agrees,
    matrix_products_agree,
    arithmetic_with_broadcasting_agrees,
    sums_agree,
    means_and_variances_agree,
    batch_normalisation_agrees,
    activations_agree,
    dropout_drops_the_same_elements,
    activations_stay_finite_for_large_inputs,
    softmax_agrees,
    softmax_of_huge_logits_agrees,
    losses_agree,
    element_losses_agree,
    the_first_of_equal_logits_counts,
    grids_of_more_than_65535_workgroups_cover_everything,
);

async fn convolutions_agree(device: Rc<Device>) {
    for &([batch, in_channels, height, width, out_channels], window, groups) in CONVOLUTIONS {
        let [kernel_h, kernel_w] = window.kernel;
        let weight = [out_channels, in_channels / groups, kernel_h, kernel_w];
        let input = [batch, in_channels, height, width];
        let op = Conv2d { window, groups };
        let what = format!("{input:?} by {weight:?}, {op:?}");
        Case::of(op, &[&input, &weight, &[out_channels]]).assert_parity(&device, &what).await;
    }
}

async fn convolutions_without_bias_agree(device: Rc<Device>) {
    let op = Conv2d { window: window([3, 3], [2, 1], [1, 0], [1, 1]), groups: 1 };
    Case::of(op, &[&[3, 2, 7, 6], &[5, 2, 3, 3]]).assert_parity(&device, "without bias").await;
}

const POOLINGS: &[([usize; 4], Window)] = &[
    ([2, 3, 8, 8], window([2, 2], [2, 2], [0, 0], [1, 1])),
    ([17, 2, 7, 7], window([2, 2], [2, 2], [0, 0], [1, 1])),
    ([1, 2, 7, 9], window([3, 3], [2, 2], [1, 1], [1, 1])),
    ([1, 2, 6, 6], window([3, 3], [1, 1], [0, 0], [1, 1])),
    ([2, 1, 9, 7], window([3, 2], [1, 3], [1, 0], [1, 1])),
    ([3, 2, 5, 5], window([5, 5], [1, 1], [0, 0], [1, 1])),
    // Windows that do not touch, and that begin outside.
    ([1, 1, 8, 8], window([2, 2], [3, 3], [0, 0], [1, 1])),
    ([2, 2, 8, 7], window([2, 2], [2, 3], [1, 1], [1, 1])),
];

async fn max_pooling_agrees(device: Rc<Device>) {
    for &(input, window) in POOLINGS {
        let what = format!("{input:?}, {window:?}");
        Case::of(MaxPool2d { window }, &[&input]).assert_parity(&device, &what).await;
    }
}

async fn max_pooling_routes_the_gradient_to_the_first_of_equal_numbers(device: Rc<Device>) {
    let mut case = Case::default();
    let numbers = [1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 2.0, 2.0, -3.0, -3.0, -4.0, -4.0, -3.0, -3.0, -4.0, -4.0];
    let input = case.input("input", &[1, 1, 4, 4], numbers.to_vec());
    let op = MaxPool2d { window: window([2, 2], [2, 2], [0, 0], [1, 1]) };
    let output = case.graph.apply(op, &[input]).unwrap();
    case.output("output", output);
    case.output_gradients(output, &[input], Some(vec![10.0, 20.0, 30.0, 40.0]));
    let results = case.on_gpu(&device).await;
    assert_eq!(results[0].1, [1.0, 2.0, -3.0, -4.0]);
    let expected = [10.0, 0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.0, 30.0, 0.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(results[1].1, expected);
    case.assert_parity(&device, "ties").await;

    // Overlapping windows over nothing but equal numbers, so that padding meets ties.
    let mut case = Case::default();
    let input = case.input("input", &[1, 1, 5, 5], vec![-1.0; 25]);
    let op = MaxPool2d { window: window([3, 3], [2, 2], [1, 1], [1, 1]) };
    let output = case.graph.apply(op, &[input]).unwrap();
    case.output("output", output);
    case.output_gradients(output, &[input], None);
    case.assert_parity(&device, "ties and padding").await;
}

async fn a_nan_wins_in_max_pooling(device: Rc<Device>) {
    let mut case = Case::default();
    let input = case.input("input", &[1, 1, 2, 4], vec![f32::NAN, 1.0, 3.0, 4.0, 0.0, 2.0, 5.0, f32::NAN]);
    let op = MaxPool2d { window: Window { stride: [2, 2], ..Window::square(2) } };
    let output = case.graph.apply(op, &[input]).unwrap();
    case.output("output", output);
    let results = case.on_gpu(&device).await;
    assert!(results[0].1.iter().all(|number| number.is_nan()), "{results:?}");
}

async fn average_pooling_agrees(device: Rc<Device>) {
    for &(input, window) in POOLINGS {
        let what = format!("{input:?}, {window:?}");
        Case::of(AvgPool2d { window }, &[&input]).assert_parity(&device, &what).await;
    }
}

async fn adaptive_average_pooling_agrees(device: Rc<Device>) {
    let rows = [
        ([2, 5, 7, 7], [1, 1]),
        ([17, 1, 5, 9], [2, 3]),
        ([1, 3, 7, 4], [3, 4]),
        // More outputs than inputs: cells are used more than once.
        ([1, 2, 3, 3], [5, 4]),
    ];
    for (input, output_size) in rows {
        let what = format!("{input:?} to {output_size:?}");
        Case::of(AdaptiveAvgPool2d { output_size }, &[&input]).assert_parity(&device, &what).await;
    }
}

async fn matrix_products_agree(device: Rc<Device>) {
    for [m, n, k] in [[1, 1, 1], [7, 10, 33], [64, 10, 784], [65, 17, 33], [3, 129, 65], [5, 4, 1]] {
        for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
            let a = if transpose_a { [k, m] } else { [m, k] };
            let b = if transpose_b { [n, k] } else { [k, n] };
            let op = MatMul { transpose_a, transpose_b };
            Case::of(op, &[&a, &b]).assert_parity(&device, &format!("{a:?} by {b:?}, {op:?}")).await;
        }
    }
}

async fn arithmetic_with_broadcasting_agrees(device: Rc<Device>) {
    let shapes: &[[&[usize]; 2]] = &[
        [&[7, 5], &[7, 5]],
        [&[64, 10], &[10]],
        [&[2, 3, 4, 5], &[1, 3, 1, 1]],
        [&[3, 1, 2], &[1, 8, 1]],
        [&[2, 3, 4], &[]],
        [&[], &[5]],
        [&[1], &[1]],
        [&[2, 1, 3, 1, 2, 1], &[1, 2, 1, 3, 1, 2]],
    ];
    for op in [Binary::Add, Binary::Sub, Binary::Mul] {
        for &[a, b] in shapes {
            Case::of(op, &[a, b]).assert_parity(&device, &format!("{op:?} of {a:?} and {b:?}")).await;
        }
    }
    for &[a, b] in shapes {
        // Away from zero, where a quotient's error would have no bound.
        let mut case = Case::default();
        let a_node = case.uniform(0, a);
        let len: usize = b.iter().product();
        let b_node = case.input("divisor", b, (0..len).map(|idx| 0.5 + (idx % 7) as f32 / 4.0).collect());
        let output = case.graph.apply(Binary::Div, &[a_node, b_node]).unwrap();
        case.output("output", output);
        case.output_gradients(output, &[a_node, b_node], None);
        case.assert_parity(&device, &format!("{a:?} over {b:?}")).await;
    }
}

async fn sums_agree(device: Rc<Device>) {
    let rows: &[(&[usize], &[usize])] = &[
        (&[17, 5, 7, 3], &[1, 5, 1, 1]),
        (&[64, 10], &[10]),
        (&[64, 10], &[64, 1]),
        (&[3, 4, 5], &[]),
        (&[1], &[]),
        (&[3, 4, 5], &[3, 4, 5]),
        (&[2, 3, 2, 3, 2, 3], &[2, 1, 2, 1, 2, 1]),
        (&[300, 70], &[1, 70]),
    ];
    for &(input, shape) in rows {
        let op = SumTo { shape: shape.to_vec() };
        Case::of(op, &[input]).assert_parity(&device, &format!("{input:?} to {shape:?}")).await;
    }
}

async fn means_and_variances_agree(device: Rc<Device>) {
    let rows: &[(&[usize], &[usize])] = &[
        (&[17, 5, 7, 3], &[1, 5, 1, 1]),
        (&[64, 10], &[64, 1]),
        (&[3, 4, 5], &[]),
        (&[7, 3], &[1, 3]),
        (&[2, 3, 2, 3, 2, 3], &[2, 1, 2, 1, 2, 1]),
    ];
    for &(input, shape) in rows {
        for kind in [Reduce::Mean, Reduce::Var { correction: 0 }, Reduce::Var { correction: 1 }] {
            let op = Reduction { kind, shape: shape.to_vec() };
            Case::of(op, &[input])
                .assert_parity(&device, &format!("{kind:?} of {input:?} to {shape:?}"))
                .await;
        }
    }
    // Far from zero, where the mean square less the squared mean would have no digits left.
    let mut case = Case::default();
    let numbers = (0..300).map(|idx| 1000.0 + (idx % 7) as f32 / 8.0).collect();
    let input = case.input("input", &[300], numbers);
    let op = Reduction { kind: Reduce::Var { correction: 0 }, shape: vec![] };
    let output = case.graph.apply(op, &[input]).unwrap();
    case.output("output", output);
    case.assert_parity(&device, "a variance far from zero").await;
}

async fn batch_normalisation_agrees(device: Rc<Device>) {
    for shape in [[2, 3, 4, 5], [1, 1, 1, 2], [17, 5, 1, 1], [64, 8, 28, 28], [3, 70, 7, 1]] {
        for training in [true, false] {
            let op = BatchNorm2d { eps: 1e-3, training };
            let mut case = Case::default();
            let channels = shape[1];
            let input = case.uniform(0, &shape);
            let weight = case.uniform(1, &[channels]);
            let bias = case.uniform(2, &[channels]);
            let [mean, var] = if training {
                BatchNorm2d::statistics(&mut case.graph, input).unwrap()
            } else {
                let var = (0..channels).map(|idx| 0.5 + (idx % 7) as f32).collect();
                [case.uniform(3, &[channels]), case.input("var", &[channels], var)]
            };
            let output = case.graph.apply(op, &[input, mean, var, weight, bias]).unwrap();
            case.output("output", output);
            case.output_gradients(output, &[input, weight, bias], None);
            case.assert_parity(&device, &format!("{shape:?}, {op:?}")).await;
        }
    }
}

const ACTIVATIONS: [Activation; 8] = [
    Activation::Relu,
    Activation::LeakyRelu { negative_slope: 0.1 },
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 0.3 },
    Activation::Gelu { tanh: false },
    Activation::Gelu { tanh: true },
];

async fn activations_agree(device: Rc<Device>) {
    for activation in ACTIVATIONS {
        let what = format!("{activation:?}");
        Case::of(activation, &[&[17, 3, 5, 5]]).assert_parity(&device, &what).await;
    }
}

async fn activations_stay_finite_for_large_inputs(device: Rc<Device>) {
    let numbers = [0.0, -0.0, 1e-6, -1e-6, 9.0, -9.0, 20.0, -20.0, 90.0, -90.0, 1e4, -1e4, 3e38, -3e38];
    for activation in ACTIVATIONS {
        let mut case = Case::default();
        let input = case.input("input", &[numbers.len()], numbers.to_vec());
        let output = case.graph.apply(activation, &[input]).unwrap();
        case.output("output", output);
        case.output_gradients(output, &[input], Some(vec![1.0; numbers.len()]));
        let results = case.on_gpu(&device).await;
        for ((name, received), (_, expected)) in results.iter().zip(case.on_cpu()) {
            for (position, (received, expected)) in received.iter().zip(expected).enumerate() {
                let what = format!("{activation:?} of {}, {name}", numbers[position]);
                assert_close(&what, &[*received], &[expected], Tolerance::SUMS);
            }
        }
    }
}

async fn dropout_drops_the_same_elements(device: Rc<Device>) {
    let run = async |shape: &[usize], p: f32, layer_idx: u32, key: [u32; Dropout::KEY_LEN]| {
        let mut case = Case::default();
        let input = case.uniform(0, shape);
        let key = case.input_u32("key", &[Dropout::KEY_LEN], key.to_vec());
        let output = case.graph.apply(Dropout { p, layer_idx }, &[input, key]).unwrap();
        case.output("output", output);
        case.output_gradients(output, &[input], Some(vec![1.0; shape.iter().product()]));
        case.assert_parity(&device, &format!("{shape:?}, {p}")).await;
        let [(_, output), (_, grad)] = <[_; 2]>::try_from(case.on_gpu(&device).await).unwrap();
        // What is dropped has no gradient, and the rest has the scale's.
        let scale = if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 };
        let agree = |(y, g): (&f32, &f32)| (*y != 0.0 && *g == scale) || (*y == 0.0 && *g == 0.0);
        assert!(output.iter().zip(&grad).all(agree), "{shape:?}, {p}");
        grad.iter().map(|g| *g != 0.0).collect::<Vec<bool>>()
    };
    let key = Dropout::key(0xfedc_ba98_7654_3210, 0x1_0000_0007, 0);
    for (shape, p) in
        [(&[17, 3, 5, 5][..], 0.5), (&[64, 130], 0.1), (&[1, 7], 0.9), (&[3, 4], 1.0), (&[5], 0.0)]
    {
        let kept = run(shape, p, 3, key).await;
        let share = kept.iter().filter(|kept| **kept).count() as f32 / kept.len() as f32;
        assert!(
            (share - (1.0 - p)).abs() < 3.0 * (p * (1.0 - p) / kept.len() as f32).sqrt() + 1e-6,
            "{share} of {p}"
        );
    }
    let first = run(&[8, 33], 0.5, 3, key).await;
    assert_ne!(first, run(&[8, 33], 0.5, 4, key).await, "another layer");
    assert_ne!(first, run(&[8, 33], 0.5, 3, Dropout::key(1, 7, 0)).await, "another seed");
    assert_ne!(first, run(&[8, 33], 0.5, 3, Dropout::key(0xfedc_ba98_7654_3210, 7, 0)).await, "another step");
    let shard = run(&[3, 33], 0.5, 3, Dropout::key(0xfedc_ba98_7654_3210, 0x1_0000_0007, 5)).await;
    assert_eq!(first[5 * 33..], shard, "the last three pictures by themselves");
}

async fn softmax_agrees(device: Rc<Device>) {
    for shape in [&[17usize, 10] as &[usize], &[1, 1], &[3, 4, 7], &[130, 3], &[5]] {
        Case::of(Softmax, &[shape]).assert_parity(&device, &format!("softmax of {shape:?}")).await;
        Case::of(LogSoftmax, &[shape]).assert_parity(&device, &format!("log-softmax of {shape:?}")).await;
    }
}

async fn softmax_of_huge_logits_agrees(device: Rc<Device>) {
    let logits: Vec<f32> = (0..60).map(|idx| ((idx * 37) % 1001) as f32 - 500.0).collect();
    let mut case = Case::default();
    let input = case.input("logits", &[6, 10], logits);
    let softmax = case.graph.apply(Softmax, &[input]).unwrap();
    let log_softmax = case.graph.apply(LogSoftmax, &[input]).unwrap();
    case.output("softmax", softmax);
    case.output("log-softmax", log_softmax);
    case.output_gradients(log_softmax, &[input], None);
    case.assert_parity(&device, "huge logits").await;
}

async fn losses_agree(device: Rc<Device>) {
    for [batch, n_classes] in [[1, 10], [17, 10], [64, 10], [300, 3], [5, 1]] {
        let mut case = Case::default();
        let logits = case.uniform(0, &[batch, n_classes]);
        let labels = case.labels(batch, n_classes);
        let logs = case.graph.apply(LogSoftmax, &[logits]).unwrap();
        let loss = case.graph.apply(NllLoss, &[logs, labels]).unwrap();
        let n_correct = case.graph.apply(CountCorrect, &[logits, labels]).unwrap();
        case.output("loss", loss);
        case.output("n_correct", n_correct);
        case.output_gradients(loss, &[logits], None);
        case.assert_parity(&device, &format!("{batch} rows of {n_classes}")).await;
    }
}

async fn element_losses_agree(device: Rc<Device>) {
    use ElementLoss::{BceWithLogits, L1, Mse, SmoothL1};
    for loss in [Mse, L1, SmoothL1, BceWithLogits] {
        for [batch, n_classes] in [[1, 1], [17, 10], [300, 3]] {
            let mut case = Case::default();
            let logits: Vec<f32> =
                (0..batch * n_classes).map(|idx| ((idx * 37) % 101) as f32 - 50.0).collect();
            let logits = case.input("logits", &[batch, n_classes], logits);
            let labels = case.labels(batch, n_classes);
            let target = case.graph.apply(OneHot { n_classes }, &[labels]).unwrap();
            let output = case.graph.apply(loss, &[logits, target]).unwrap();
            case.output("target", target);
            case.output("loss", output);
            case.output_gradients(output, &[logits], None);
            case.assert_parity(&device, &format!("{loss:?} of {batch} rows of {n_classes}")).await;
        }
    }
}

async fn the_first_of_equal_logits_counts(device: Rc<Device>) {
    let mut case = Case::default();
    let logits = case.input("logits", &[100, 4], vec![0.5; 400]);
    let labels = case.labels(100, 4);
    let n_correct = case.graph.apply(CountCorrect, &[logits, labels]).unwrap();
    case.output("n_correct", n_correct);
    let n_first = case.on_cpu()[0].1[0];
    assert!(n_first > 0.0 && n_first < 100.0);
    assert_eq!(case.on_gpu(&device).await[0].1, [n_first]);
}

async fn grids_of_more_than_65535_workgroups_cover_everything(device: Rc<Device>) {
    // 65,537 workgroups of 64 and a bit: an element by itself, in a second row of the grid.
    let len = 65_537 * 64 + 3;
    Case::of(Activation::Relu, &[&[len]]).assert_parity(&device, "one invocation per element").await;
    // One workgroup per output.
    let op = SumTo { shape: vec![66_000, 1] };
    Case::of(op, &[&[66_000, 3]]).assert_parity(&device, "one workgroup per sum").await;
    // One workgroup per 4 channels and 4 taps of the weight's gradient.
    let op = Conv2d { window: Window::square(32), groups: 1 };
    let shapes: [&[usize]; 2] = [&[1, 16, 32, 32], &[68, 16, 32, 32]];
    Case::of(op, &shapes).assert_parity(&device, "one workgroup per block of a weight").await;
}
