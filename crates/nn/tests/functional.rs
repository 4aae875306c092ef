//! What reference numbers do not hold: reductions, other shapes, what is refused.
#![allow(missing_docs, reason = "tests are named for what they say")]

use nn::functional::{self, ClassLoss, Pool, Reduction};
use tensor::random::{Purpose, Stream};
use tensor::{DType, Tensor, TensorError};

type Function<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor, TensorError>;

fn random(shape: &[usize]) -> Tensor {
    let mut stream = Stream::new(5, Purpose::Test, 0);
    Tensor::randn(shape, &mut stream)
}

#[test]
fn mean_and_sum_are_those_of_the_unreduced_losses() {
    let (input, target) = (random(&[6, 10]), Tensor::from([3, 0, 9, 9, 1, 4]));
    let numbers = random(&[6, 10]).sin().unwrap();
    let losses: [&dyn Fn(Reduction) -> Result<Tensor, TensorError>; 7] = [
        &|reduction| functional::cross_entropy(&input, &target, 0.2, reduction),
        &|reduction| functional::cross_entropy(&input, &numbers, 0.2, reduction),
        &|reduction| functional::nll_loss(&input, &target, reduction),
        &|reduction| functional::mse_loss(&input, &numbers, reduction),
        &|reduction| functional::l1_loss(&input, &numbers, reduction),
        &|reduction| functional::smooth_l1_loss(&input, &numbers, 0.3, reduction),
        &|reduction| functional::binary_cross_entropy_with_logits(&input, &numbers, reduction),
    ];
    for (idx, loss) in losses.iter().enumerate() {
        let each = loss(Reduction::None).unwrap();
        assert_eq!(each.shape()[0], 6, "loss {idx}");
        let mean = each.mean(.., false).unwrap();
        assert!(loss(Reduction::Mean).unwrap().all_close(&mean, 1e-5, 1e-6), "loss {idx}");
        let sum = each.sum(.., false).unwrap();
        assert!(loss(Reduction::Sum).unwrap().all_close(&sum, 1e-5, 1e-6), "loss {idx}");
    }
}

#[test]
fn a_class_for_each_pixel_or_for_a_single_one_is_a_class_for_each_row() {
    let (pixels, classes) = (random(&[2, 3, 4]), Tensor::from([[0, 2, 1, 1], [2, 2, 0, 1]]));
    let loss = functional::cross_entropy(&pixels, &classes, 0.1, Reduction::None).unwrap();
    let rows = pixels.transpose(1, 2).unwrap().reshape([8, 3]).unwrap();
    let flat =
        functional::cross_entropy(&rows, &classes.reshape([8]).unwrap(), 0.1, Reduction::None).unwrap();
    assert!(loss.reshape([8]).unwrap().all_close(&flat, 1e-6, 1e-7));

    let single = functional::cross_entropy(&rows.get(1).unwrap(), &Tensor::from(2), 0.1, Reduction::Mean);
    assert!(single.unwrap().all_close(&flat.get(1).unwrap(), 1e-6, 1e-7));
}

#[test]
fn targets_that_are_no_classes_are_refused() {
    let logits = random(&[2, 10]);
    let loss =
        |target: &Tensor| functional::cross_entropy(&logits, target, 0.0, Reduction::Mean).unwrap_err();
    for index in [10, -1] {
        let outside = TensorError::Index { operation: "cross_entropy", index, size: 10 };
        assert_eq!(loss(&Tensor::from([0, index])), outside);
    }
    assert!(matches!(loss(&Tensor::from([0, 1, 2])), TensorError::Shapes { operation: "cross_entropy", .. }));
    assert!(matches!(loss(&Tensor::from([0.0, 1.0])), TensorError::Shapes { .. }), "probabilities of two");
    assert!(matches!(loss(&Tensor::from([true, false])), TensorError::DType { received: DType::Bool, .. }));
    let single = functional::cross_entropy(&Tensor::from(1.0), &Tensor::from(0), 0.0, Reduction::Mean);
    assert!(matches!(single, Err(TensorError::Shapes { .. })));
}

#[test]
fn weighted_classes_and_targets_left_out_count_as_in_pytorch() {
    let logits = Tensor::from([[2.0, 0.0, -1.0], [0.0, 1.0, 3.0], [-2.0, 0.5, 0.0]]).with_grad().unwrap();
    let (target, weight) = (Tensor::from([0, 2, -100]), Tensor::from([1.0, 2.0, 0.5]));
    let close = |received: &Tensor, expected: &[f64]| {
        let received = received.to_vec::<f32>().unwrap();
        assert_eq!(received.len(), expected.len());
        for (a, b) in received.into_iter().zip(expected) {
            // PyTorch's numbers, in 32 bits too.
            assert!((f64::from(a) - b).abs() < 2e-6 * (1.0 + b.abs()), "{a} is not {b}");
        }
    };
    // What PyTorch's cross_entropy gives, and its gradient's first row.
    type Row = (Reduction, f32, &'static [f64], [f64; 3]);
    let rows: [Row; 6] = [
        (Reduction::Mean, 0.0, &[0.169_846_04], [-0.104_137, 0.076_13, 0.028_007]),
        (Reduction::Mean, 0.2, &[0.744_273_48], [0.003_503, -0.010_221, 0.006_718]),
        (Reduction::Sum, 0.0, &[0.254_769_06], [-0.156_205, 0.114_195, 0.042_01]),
        (Reduction::Sum, 0.2, &[1.116_410_14], [0.005_254, -0.015_332, 0.010_077]),
        (Reduction::None, 0.0, &[0.169_846_04, 0.084_923_02, 0.0], [-0.156_205, 0.114_195, 0.042_01]),
        (Reduction::None, 0.2, &[0.542_174_28, 0.574_235_8, 0.0], [0.005_254, -0.015_332, 0.010_077]),
    ];
    for (reduction, label_smoothing, expected, slopes) in rows {
        let options = ClassLoss { weight: Some(&weight), label_smoothing, reduction, ..ClassLoss::default() };
        let loss = functional::cross_entropy_with(&logits, &target, &options).unwrap();
        close(&loss, expected);
        logits.zero_grad();
        loss.sum(.., false).unwrap().backward().unwrap();
        let grad = logits.grad().unwrap();
        close(&grad.get(0).unwrap(), &slopes);
        close(&grad.get(2).unwrap(), &[0.0; 3]);
    }
    let soft = Tensor::from([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8]]);
    for (reduction, expected) in [
        (Reduction::Mean, &[2.037_505_1][..]),
        (Reduction::Sum, &[6.112_515_4]),
        (Reduction::None, &[2.118_653_3, 3.106_010_2, 0.887_852_2]),
    ] {
        let options =
            ClassLoss { weight: Some(&weight), label_smoothing: 0.1, reduction, ..ClassLoss::default() };
        close(&functional::cross_entropy_with(&logits, &soft, &options).unwrap(), expected);
    }
    let logs = logits.log_softmax(1).unwrap();
    for (reduction, expected) in [
        (Reduction::Mean, &[1.346_877_6][..]),
        (Reduction::Sum, &[5.387_510_3]),
        (Reduction::None, &[0.0, 4.339_692_1, 1.047_818_2]),
    ] {
        let options = ClassLoss { weight: Some(&weight), ignore_index: 0, reduction, ..ClassLoss::default() };
        close(&functional::nll_loss_with(&logs, &Tensor::from([0, 1, 1]), &options).unwrap(), expected);
    }
    // One class for each of several places, with weights.
    let maps = logits.detach().t().unwrap().unsqueeze(0).unwrap(); // [1, 3, 3]
    let options = ClassLoss { weight: Some(&weight), label_smoothing: 0.2, ..ClassLoss::default() };
    let loss = functional::cross_entropy_with(&maps, &target.unsqueeze(0).unwrap(), &options).unwrap();
    close(&loss, &[0.744_273_48]);
    let few = Tensor::ones([2]);
    let options = ClassLoss { weight: Some(&few), ..ClassLoss::default() };
    let error = functional::cross_entropy_with(&logits, &target, &options).unwrap_err();
    assert!(matches!(error, TensorError::Shapes { operation: "cross_entropy", .. }), "{error}");
}

#[test]
fn arguments_out_of_range_are_named() {
    let (x, target) = (random(&[2, 3]), Tensor::from([0, 1]));
    let argument = |result: Result<Tensor, TensorError>| match result.unwrap_err() {
        TensorError::Argument { operation, argument, .. } => (operation, argument),
        other => panic!("{other}"),
    };
    let smoothed = functional::cross_entropy(&x, &target, 1.5, Reduction::Mean);
    assert_eq!(argument(smoothed), ("cross_entropy", "label_smoothing"));
    let negative = functional::smooth_l1_loss(&x, &x, -1.0, Reduction::Mean);
    assert_eq!(argument(negative), ("smooth_l1_loss", "beta"));
    let mut stream = Stream::new(0, Purpose::Test, 0);
    assert_eq!(argument(functional::dropout(&x, f32::NAN, true, &mut stream)), ("dropout", "p"));
    let unlike = functional::mse_loss(&x, &random(&[3]), Reduction::Mean).unwrap_err();
    assert!(matches!(unlike, TensorError::Shapes { operation: "mse_loss", .. }), "{unlike}");
}

#[test]
fn the_binary_cross_entropys_gradient_is_right_at_zero_and_far_from_it() {
    let logits = Tensor::from([0.0, -200.0, 200.0]).with_grad().unwrap();
    let target = Tensor::from([0.25, 1.0, 1.0]);
    let loss = functional::binary_cross_entropy_with_logits(&logits, &target, Reduction::Sum).unwrap();
    loss.backward().unwrap();
    // σ(x) − target
    assert_eq!(logits.grad().unwrap().to_vec::<f32>().unwrap(), [0.25, -1.0, 0.0]);
}

#[test]
fn a_smooth_l1_loss_without_smoothness_is_the_l1_loss() {
    let (a, b) = (random(&[5]), random(&[5]).cos().unwrap());
    let smooth = functional::smooth_l1_loss(&a, &b, 0.0, Reduction::None).unwrap();
    assert!(smooth.all_close(&functional::l1_loss(&a, &b, Reduction::None).unwrap(), 0.0, 0.0));
}

#[test]
fn dropout_keeps_the_mean_drops_its_share_and_repeats_with_its_seed() {
    let input = Tensor::ones([100, 100]).with_grad().unwrap();
    let drop = || functional::dropout(&input, 0.3, true, &mut Stream::new(1, Purpose::Test, 0)).unwrap();
    let output = drop();
    let dropped = output.eq(0.0).unwrap().to(DType::F32).unwrap().mean(.., false).unwrap().item().unwrap();
    assert!((dropped - 0.3).abs() < 0.02, "{dropped}");
    assert!((output.mean(.., false).unwrap().item().unwrap() - 1.0).abs() < 0.03);
    assert!(output.all_close(&drop(), 0.0, 0.0));
    output.sum(.., false).unwrap().backward().unwrap();
    assert!(input.grad().unwrap().all_close(&output, 0.0, 0.0), "the gradient goes where the number went");

    let mut stream = Stream::new(1, Purpose::Test, 0);
    let all = functional::dropout(&input, 1.0, true, &mut stream).unwrap();
    assert_eq!(all.amax(.., false).unwrap().item().unwrap(), 0.0);
    let none = functional::dropout(&input, 0.3, false, &mut stream).unwrap();
    assert!(none.all_close(&input, 0.0, 0.0));
}

#[test]
fn pooling_takes_last_windows_and_counts_padding_as_in_pytorch() {
    let input = Tensor::arange(0..30).to(DType::F32).unwrap().mul(1.7).unwrap().sin().unwrap();
    let input = input.reshape([1, 1, 5, 6]).unwrap().with_grad().unwrap();
    let ceil = Pool { ceil_mode: true, stride: Some(2.into()), ..Pool::default() };
    let padded = Pool { padding: 1.into(), ..ceil };
    let uneven = Pool { stride: Some([3, 2].into()), padding: [1, 0].into(), ..ceil };
    let uncounted = Pool { count_include_pad: false, ..padded };
    let whole = Pool { ceil_mode: false, ..uncounted };
    let wide = Pool { stride: Some(3.into()), padding: 2.into(), ..ceil };
    let max = |kernel: [usize; 2], pool: &Pool| functional::max_pool2d_with(&input, kernel, pool).unwrap();
    let avg = |kernel: [usize; 2], pool: &Pool| functional::avg_pool2d_with(&input, kernel, pool).unwrap();
    // PyTorch's height and width, some of its numbers, and what its gradient gives with cosines, where the output's
    // gradient counts 1, 2, 3, …
    let cases: [(Tensor, [usize; 2], &[f64], f64); 9] = [
        (max([3, 3], &ceil), [2, 3], &[0.999_793, 0.879_273, 0.879_273, 0.999_793], -5.226_72),
        (max([2, 2], &padded), [3, 4], &[0.0, 0.991_665, 0.494_114, 0.798_487, 0.999_793], 2.029_515),
        (max([2, 3], &uneven), [2, 3], &[0.991_665, 0.494_114, 0.798_487], -4.525_878),
        (avg([3, 3], &ceil), [2, 3], &[0.021_848, -0.014_023, 0.079_306, -0.027_333], -5.595_213),
        (avg([3, 3], &padded), [3, 4], &[-0.036_261, 0.049_786, -0.038_541, 0.108_248], -4.992_405),
        (avg([2, 3], &uneven), [2, 3], &[0.122_687, -0.114_54, 0.323_15, 0.082_235], -4.561_9),
        (avg([3, 3], &whole), [3, 3], &[-0.081_587, 0.074_679, -0.057_812, -0.063_648], 1.027_595),
        (avg([3, 3], &uncounted), [3, 4], &[-0.081_587, 0.074_679, -0.057_812, 0.324_744], -7.023_476),
        (avg([4, 4], &wide), [3, 3], &[-0.020_397, -0.001_201, 0.011_388, -0.083_58], -1.410_583),
    ];
    for (idx, (output, size, expected, slope)) in cases.into_iter().enumerate() {
        assert_eq!(output.shape()[2..], size, "case {idx}");
        let numbers = output.to_vec::<f32>().unwrap();
        for (a, b) in numbers.iter().zip(expected) {
            assert!((f64::from(*a) - b).abs() < 2e-6, "case {idx}: {numbers:?}");
        }
        input.zero_grad();
        let counts =
            Tensor::arange(1..output.numel() as i64 + 1).reshape([1, 1, -1, size[1] as isize]).unwrap();
        output.mul(&counts).unwrap().sum(.., false).unwrap().backward().unwrap();
        let cosines = Tensor::arange(0..30).cos().unwrap().reshape([1, 1, 5, 6]).unwrap();
        let received = input.grad().unwrap().mul(&cosines).unwrap().sum(.., false).unwrap().item().unwrap();
        assert!((received - slope).abs() < 2e-5, "case {idx}: {received} is not {slope}");
    }
    // A window may be larger than what there is.
    let part = functional::max_pool2d_with(&input.narrow(2, 0, 2).unwrap(), 3, &ceil).unwrap();
    assert_eq!(part.shape(), [1, 1, 1, 3]);
    let plain = functional::max_pool2d_with(&input, 2, &Pool::default()).unwrap();
    assert!(plain.all_close(&functional::max_pool2d(&input, 2, 2, 0).unwrap(), 0.0, 0.0));
}

#[test]
fn maps_without_a_batch_are_taken_as_one() {
    let maps = random(&[2, 6, 6]);
    let batch = maps.unsqueeze(0).unwrap();
    let weight = random(&[3, 2, 3, 3]);
    let functions: [Function<'_>; 4] = [
        &|x| functional::conv2d(x, &weight, None, 1, 1, 1, 1),
        &|x| functional::max_pool2d(x, 2, 2, 0),
        &|x| functional::avg_pool2d(x, 3, 1, 1),
        &|x| functional::adaptive_avg_pool2d(x, 2),
    ];
    for function in functions {
        let single = function(&maps).unwrap();
        assert_eq!(single.rank(), 3);
        assert!(single.all_close(&function(&batch).unwrap().get(0).unwrap(), 0.0, 0.0));
    }
    let wide = functional::max_pool2d(&maps, 2, 2, 2).unwrap_err();
    assert!(wide.to_string().contains("at most half the window"), "{wide}");
}

#[test]
fn batch_normalisation_wants_two_values_for_each_channel_only_while_training() {
    let input = random(&[1, 3, 1, 1]);
    let normalise = |training| functional::batch_norm(&input, None, None, training, 0.1, 1e-5);
    assert!(matches!(normalise(true), Err(TensorError::Shapes { operation: "batch_norm", .. })));
    assert!(normalise(false).is_ok());
}
