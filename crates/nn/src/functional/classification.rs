//! Losses of classes.

use tensor::{DType, Tensor, TensorError};

use super::reduction::{Reduction, check_same_shape};

/// `−log p[target]` of log-probabilities, as
/// [`torch.nn.functional.nll_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html).
/// After `log_softmax` it is the [`cross_entropy`].
///
/// ```
/// use nn::functional::{Reduction, nll_loss};
/// use tensor::Tensor;
/// let logs = Tensor::from([[-0.5, -1.0], [-2.0, -0.1]]);
/// let losses = nll_loss(&logs, &Tensor::from([1, 0]), Reduction::None)?;
/// assert_eq!(losses.to_vec::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// log-probabilities `[batch, classes, …]` or `[classes]`, target `[batch, …]` or one number, of whole numbers; output:
/// one number, or the target's shape without a reduction.
///
/// # Errors
/// [`TensorError::Index`] for a target outside the classes, [`TensorError::Shapes`], [`TensorError::DType`].
pub fn nll_loss(
    log_probabilities: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor, TensorError> {
    negative_log_likelihood("nll_loss", log_probabilities, target, reduction)
}

/// The cross-entropy of logits, in nats: [`nll_loss`] of their `log_softmax` over the classes, as
/// [`torch.nn.functional.cross_entropy`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html).
///
/// The target is a class for each (whole numbers), or a probability for each class. With `label_smoothing` ε the target
/// becomes `(1 − ε)·target + ε/classes` (Szegedy and others, "Rethinking the Inception Architecture", 2015).
///
/// ```
/// use nn::functional::{Reduction, cross_entropy};
/// use tensor::Tensor;
/// let logits = Tensor::from([[2.0, 0.0, -1.0]]);
/// let hard = cross_entropy(&logits, &Tensor::from([0]), 0.0, Reduction::Mean)?;
/// let soft = cross_entropy(&logits, &Tensor::from([[1.0, 0.0, 0.0]]), 0.0, Reduction::Mean)?;
/// assert!(hard.all_close(&soft, 1e-6, 0.0));
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// logits `[batch, classes, …]` or `[classes]`; target: as [`nll_loss`]'s, or probabilities of the logits' shape;
/// output: one number, or without a reduction the logits' shape without the classes.
///
/// # Errors
/// [`TensorError::Index`] for a target outside the classes, [`TensorError::Argument`] for a smoothing outside 0 to 1,
/// [`TensorError::Shapes`], [`TensorError::DType`].
pub fn cross_entropy(
    logits: &Tensor,
    target: &Tensor,
    label_smoothing: f32,
    reduction: Reduction,
) -> Result<Tensor, TensorError> {
    let operation = "cross_entropy";
    if !(0.0..=1.0).contains(&label_smoothing) {
        let (expected, received) = ("between 0 and 1", label_smoothing.to_string());
        return Err(TensorError::Argument { operation, argument: "label_smoothing", expected, received });
    }
    let dim = class_dim(operation, logits)?;
    let logs = logits.log_softmax(dim)?;
    let of_target = if target.dtype() == DType::F32 {
        check_same_shape(operation, logits, target)?;
        reduction.of(&logs.mul(target)?.sum(dim, false)?.neg()?)?
    } else {
        negative_log_likelihood(operation, &logs, target, reduction)?
    };
    if label_smoothing == 0.0 {
        return Ok(of_target);
    }
    // The share of every class, whichever is right.
    let of_all = reduction.of(&logs.mean(dim, false)?.neg()?)?;
    of_target.mul(1.0 - label_smoothing)?.add(of_all.mul(label_smoothing)?)
}

/// The cross-entropy of two classes, of which the logit is for the first:
/// `−target · log σ(x) − (1 − target) · log(1 − σ(x))`, as
/// [`torch.nn.functional.binary_cross_entropy_with_logits`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html).
///
/// ```
/// use nn::functional::{Reduction, binary_cross_entropy_with_logits};
/// use tensor::Tensor;
/// let losses = binary_cross_entropy_with_logits(
///     &Tensor::from([-1000.0, 0.0, 1000.0]),
///     &Tensor::from([1.0, 0.5, 1.0]),
///     Reduction::None,
/// )?;
/// assert!(losses.all_close(&Tensor::from([1000.0, 2.0_f64.ln(), 0.0]), 1e-6, 0.0));
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// logits and target of one shape; output: one number, or that shape without a reduction.
///
/// # Errors
/// [`TensorError::Shapes`], [`TensorError::DType`].
pub fn binary_cross_entropy_with_logits(
    logits: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor, TensorError> {
    check_same_shape("binary_cross_entropy_with_logits", logits, target)?;
    // σ(x) is the softmax of the two logits x and 0; its logarithm is finite for any x, and smooth at 0 too.
    let both = Tensor::stack(&[logits, &Tensor::zeros(logits.shape())], -1)?.log_softmax(-1)?; // […, 2]
    let (log_first, log_second) = (both.select(-1, 0)?, both.select(-1, 1)?);
    let likelihood = target.mul(&log_first)?.add(target.neg()?.add(1.0)?.mul(&log_second)?)?;
    reduction.of(&likelihood.neg()?)
}

fn negative_log_likelihood(
    operation: &'static str,
    logs: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor, TensorError> {
    let dim = class_dim(operation, logs)?;
    let mut expected = logs.shape().to_vec();
    let n_classes = expected.remove(dim as usize);
    if target.shape() != expected {
        let received = vec![logs.shape().to_vec(), target.shape().to_vec()];
        let expected = format!("a target of the shape {expected:?}, one class for each");
        return Err(TensorError::Shapes { operation, expected, received });
    }
    check_classes(operation, target, n_classes)?;
    if logs.rank() == 2 && reduction == Reduction::Mean {
        return logs.nll_loss(target);
    }
    let picked = logs.gather(dim, &target.unsqueeze(dim)?)?.squeeze(dim)?;
    reduction.of(&picked.neg()?)
}

/// Which dimension counts the classes: the second, or the only one.
fn class_dim(operation: &'static str, input: &Tensor) -> Result<isize, TensorError> {
    match input.rank() {
        0 => Err(TensorError::Shapes {
            operation,
            expected: "[batch, classes, …] or [classes]".into(),
            received: vec![Vec::new()],
        }),
        1 => Ok(0),
        _ => Ok(1),
    }
}

fn check_classes(operation: &'static str, target: &Tensor, n_classes: usize) -> Result<(), TensorError> {
    if matches!(target.dtype(), DType::F32 | DType::F16 | DType::Bool) {
        let received = target.dtype();
        return Err(TensorError::DType { operation, input_idx: 1, expected: DType::I64, received });
    }
    let classes = target.to(DType::I64)?.to_vec::<i64>()?;
    let outside = classes.into_iter().find(|&class| usize::try_from(class).map_or(true, |c| c >= n_classes));
    outside.map_or(Ok(()), |index| Err(TensorError::Index { operation, index, size: n_classes }))
}
