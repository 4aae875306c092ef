//! Fused steps compute on the GPU what they compute on the CPU, and what their operations do one by one.
#![allow(missing_docs, reason = "tests are named for what they say")]

use std::rc::Rc;

use gpu::{Device, Traits};
use receptive_tests::{CONVOLUTIONS, Case, gpu_tests, window};
use tensor::ops::{Activation, Binary, Conv2d, CountCorrect, LogSoftmax, MatMul, MaxPool2d, NllLoss};
use tensor::{NodeId, Window};

gpu_tests!(
    a_program_that_is_a_gpu_shares_loads_in_quads,
    fused_blocks_agree,
    blocks_without_pooling_agree,
    fused_blocks_agree_where_nothing_is_positive,
    one_gradient_of_a_block_agrees_without_the_other,
    fused_linear_layers_and_losses_agree,
    gradients_over_more_rows_than_a_loop_may_turn_agree,
);

/// Every such program that tests run on can: a browser too, which has to be asked for it past wgpu.
async fn a_program_that_is_a_gpu_shares_loads_in_quads(device: Rc<Device>) {
    assert_eq!(
        device.traits(),
        Traits { is_software: device.is_software(), has_quads: device.is_software() }
    );
    let conv = Conv2d { window: window([3, 3], [1, 1], [1, 1], [1, 1]), groups: 1 };
    let case = block_case([2, 4, 6, 6, 4], conv, true, "relu, pool", BLOCK_POOLINGS[0], None).unwrap();
    let asks = |text: &&String| text.contains("quadBroadcast(") || text.contains("quadSwapX(");
    let n_sharing = |traits| case.fused_shaders(traits).iter().filter(asks).count();
    assert_eq!(n_sharing(Traits { is_software: true, has_quads: true }), 3, "the block and both gradients");
    assert_eq!(n_sharing(Traits { is_software: true, has_quads: false }), 0);
}

/// What follows a convolution in a block; pooling is the next of these windows.
const AFTER: [&str; 5] = ["relu, pool", "pool, relu", "relu", "pool", ""];

const BLOCK_POOLINGS: [Window; 5] = [
    window([2, 2], [2, 2], [0, 0], [1, 1]),
    window([3, 3], [2, 2], [1, 1], [1, 1]),
    window([2, 3], [1, 2], [0, 1], [1, 1]),
    window([2, 1], [3, 2], [1, 0], [1, 1]),
    window([2, 2], [2, 2], [1, 1], [1, 1]),
];

fn block_case(
    sizes: [usize; 5],
    conv: Conv2d,
    has_bias: bool,
    after: &str,
    pool: Window,
    upstream: Option<f32>,
) -> Option<Case> {
    let (mut case, inputs, output) = block(sizes, conv, has_bias, after, pool, upstream)?;
    case.output_gradients(output, &inputs, None);
    Some(case)
}

/// A block whose output is compared, with its inputs and its output.
fn block(
    [batch, in_channels, height, width, out_channels]: [usize; 5],
    conv: Conv2d,
    has_bias: bool,
    after: &str,
    pool: Window,
    upstream: Option<f32>,
) -> Option<(Case, Vec<NodeId>, NodeId)> {
    let mut case = Case::default();
    let input = case.uniform(0, &[batch, in_channels, height, width]);
    let [kernel_h, kernel_w] = conv.window.kernel;
    let weight = case.uniform(1, &[out_channels, in_channels / conv.groups, kernel_h, kernel_w]);
    let mut inputs = vec![input, weight];
    if let Some(bias) = upstream {
        inputs.push(case.input("bias", &[out_channels], vec![bias; out_channels]));
    } else if has_bias {
        inputs.push(case.uniform(2, &[out_channels]));
    }
    let mut output = case.graph.apply(conv, &inputs).unwrap();
    for step in after.split(", ").filter(|step| !step.is_empty()) {
        // What does not fit this map is no case.
        output = if step == "relu" {
            case.graph.apply(Activation::Relu, &[output]).unwrap()
        } else {
            case.graph.apply(MaxPool2d { window: pool }, &[output]).ok()?
        };
    }
    case.output("output", output);
    Some((case, inputs, output))
}

async fn one_gradient_of_a_block_agrees_without_the_other(device: Rc<Device>) {
    let conv = Conv2d { window: window([3, 3], [1, 1], [1, 1], [1, 1]), groups: 1 };
    for sizes in [[5, 1, 12, 10, 3], [2, 9, 7, 8, 10]] {
        // The weight's and the bias's, as of the first layer; the input's, as of a frozen one.
        for of in [1..3, 0..1] {
            let pool = BLOCK_POOLINGS[0];
            let (mut case, inputs, output) = block(sizes, conv, true, "relu, pool", pool, None).unwrap();
            case.output_gradients(output, &inputs[of.clone()], None);
            let name = if of.start == 0 { "conv_block_grad_input" } else { "conv_block_grad_weight" };
            let steps = case.fused_steps();
            assert!(steps.contains(&name), "{steps:?}");
            case.assert_fused_parity(&device, &format!("{sizes:?}, {of:?}")).await;
        }
    }
}

async fn fused_blocks_agree(device: Rc<Device>) {
    let mut n_cases = 0;
    for (idx, &(sizes, window, groups)) in CONVOLUTIONS.iter().enumerate() {
        // Every other, so that each kind meets every second window.
        for (position, after) in AFTER.into_iter().enumerate().skip(idx % 2).step_by(2) {
            let pool = BLOCK_POOLINGS[(idx + position) % BLOCK_POOLINGS.len()];
            let has_bias = (idx + position) % 3 != 0;
            let conv = Conv2d { window, groups };
            let Some(case) = block_case(sizes, conv, has_bias, after, pool, None) else { continue };
            let what = format!("{sizes:?}, {conv:?}, {after}, {pool:?}");
            if !after.is_empty() {
                let steps = case.fused_steps();
                assert!(steps.contains(&"conv_block_grad_weight"), "{what}: {steps:?}");
            }
            case.assert_fused_parity(&device, &what).await;
            n_cases += 1;
        }
    }
    assert!(n_cases > 30, "only {n_cases} cases fit");
    // The windows that most networks have, over maps of every size around a tile's, some of several tiles.
    let halve = BLOCK_POOLINGS[0];
    for (idx, size) in (4..=13).enumerate() {
        let kernels = [
            ([3, 3], [1, 1]),
            ([3, 3], [0, 0]),
            ([3, 3], [2, 3]),
            ([5, 5], [2, 2]),
            ([1, 3], [2, 1]),
            ([2, 4], [1, 2]),
            ([4, 2], [0, 1]),
            ([3, 7], [1, 3]),
            ([3, 1], [1, 0]),
        ];
        let (kernel, padding) = kernels[idx % kernels.len()];
        let conv = Conv2d { window: window(kernel, [1, 1], padding, [1, 1]), groups: 1 + idx % 2 };
        let sizes = [3, 2 + 2 * (idx % 3), size, 31 - 2 * size, 2 + 4 * (idx % 5)];
        let Some(case) = block_case(sizes, conv, idx % 3 > 0, AFTER[idx % 2], halve, None) else { continue };
        case.assert_fused_parity(&device, &format!("{sizes:?}, {conv:?}")).await;
    }
}

/// Of four channels and more, in rows of one tile and of several, and numbers of rows that no quad divides.
async fn blocks_without_pooling_agree(device: Rc<Device>) {
    let windows = [
        ([3, 3], [1, 1], [1, 1]),
        ([3, 3], [2, 2], [1, 1]),
        ([5, 5], [2, 2], [2, 2]),
        ([2, 3], [3, 1], [0, 2]),
        ([4, 2], [1, 3], [1, 1]),
        ([5, 3], [2, 4], [4, 0]),
        ([2, 1], [2, 2], [1, 0]),
        // More padding than kernel.
        ([1, 3], [1, 1], [2, 1]),
    ];
    for (idx, (kernel, stride, padding)) in windows.into_iter().enumerate() {
        let groups = 1 + idx % 2;
        let conv = Conv2d { window: window(kernel, stride, padding, [1, 1]), groups };
        let sizes = [3, groups * (4 + idx % 3), 9 + idx % 4, 33 - 3 * idx, groups * (4 + idx)];
        let after = ["relu", "", "relu"][idx % 3];
        let case = block_case(sizes, conv, idx % 4 > 0, after, BLOCK_POOLINGS[0], None).unwrap();
        case.assert_fused_parity(&device, &format!("{sizes:?}, {conv:?}, {after}")).await;
        if after == "relu" {
            let asks = |text: &&String| text.contains("quadSwapX(");
            let n_sharing = |traits| case.fused_shaders(traits).iter().filter(asks).count();
            let expected = if padding[0] < kernel[0] { 3 } else { 2 };
            assert_eq!(
                n_sharing(Traits { is_software: true, has_quads: true }),
                expected,
                "{sizes:?}, {conv:?}"
            );
            assert_eq!(n_sharing(Traits { is_software: false, has_quads: true }), 0, "{sizes:?}, {conv:?}");
        }
    }
}

async fn fused_blocks_agree_where_nothing_is_positive(device: Rc<Device>) {
    let conv = Conv2d { window: window([3, 3], [1, 1], [1, 1], [1, 1]), groups: 1 };
    for after in AFTER {
        // Nothing passes ReLU, or everything.
        for bias in [-30.0, 30.0] {
            let pool = BLOCK_POOLINGS[0];
            let case = block_case([2, 3, 6, 6, 5], conv, true, after, pool, Some(bias)).unwrap();
            case.assert_fused_parity(&device, &format!("{after}, a bias of {bias}")).await;
        }
    }
}

/// Mesa's llvmpipe leaves an invocation's loops after 65,535 turns, all of them together.
async fn gradients_over_more_rows_than_a_loop_may_turn_agree(device: Rc<Device>) {
    let conv = Conv2d { window: window([3, 3], [1, 1], [1, 1], [1, 1]), groups: 1 };
    // Among so many numbers some would be so close to 0 that rounding decides what passes ReLU: with a bias all do.
    for (after, batch, bias) in [("", 1200, None), ("relu", 1200, Some(30.0)), ("relu, pool", 330, None)] {
        let sizes = [batch, 4, 28, 28, 5];
        let case = block_case(sizes, conv, true, after, BLOCK_POOLINGS[0], bias).unwrap();
        case.assert_fused_parity(&device, &format!("{batch} images, {after}")).await;
    }
}

async fn fused_linear_layers_and_losses_agree(device: Rc<Device>) {
    for [batch, in_features, n_classes] in
        [[64, 784, 10], [1, 1, 1], [7, 33, 3], [5, 6, 16], [3, 130, 17], [130, 5, 2], [6, 64, 40]]
    {
        let mut case = Case::default();
        let input = case.uniform(0, &[batch, in_features]);
        let weight = case.uniform(1, &[n_classes, in_features]);
        let bias = case.uniform(2, &[n_classes]);
        let labels = case.labels(batch, n_classes);
        let op = MatMul { transpose_a: false, transpose_b: true };
        let product = case.graph.apply(op, &[input, weight]).unwrap();
        let logits = case.graph.apply(Binary::Add, &[product, bias]).unwrap();
        let logs = case.graph.apply(LogSoftmax, &[logits]).unwrap();
        let loss = case.graph.apply(NllLoss, &[logs, labels]).unwrap();
        let n_correct = case.graph.apply(CountCorrect, &[logits, labels]).unwrap();
        case.output("loss", loss);
        case.output("n_correct", n_correct);
        let names = ["input", "weight", "bias"];
        let gradients = case.graph.gradients(loss, &[input, weight, bias]).unwrap();
        for (name, gradient) in names.into_iter().zip(gradients) {
            case.output(&format!("grad of {name}"), gradient.unwrap());
        }
        let steps = case.fused_steps();
        assert!(!steps.contains(&"log_softmax"), "{steps:?}");
        case.assert_fused_parity(&device, &format!("{batch} by {in_features} to {n_classes}")).await;
    }
}
