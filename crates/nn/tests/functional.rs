//! What reference numbers do not hold: reductions, other shapes, what is refused.
#![allow(missing_docs, reason = "tests are named for what they say")]

use nn::functional::{self, Reduction};
use tensor::random::{Purpose, Stream};
use tensor::{DType, Tensor, TensorError};

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
fn batch_normalisation_wants_two_values_for_each_channel_only_while_training() {
    let input = random(&[1, 3, 1, 1]);
    let normalise = |training| functional::batch_norm(&input, None, None, training, 0.1, 1e-5);
    assert!(matches!(normalise(true), Err(TensorError::Shapes { operation: "batch_norm", .. })));
    assert!(normalise(false).is_ok());
}
