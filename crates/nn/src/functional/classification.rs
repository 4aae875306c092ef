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
    nll_loss_with(log_probabilities, target, &ClassLoss { reduction, ..ClassLoss::default() })
}

/// [`nll_loss`] with all of PyTorch's arguments; smoothing is none of them.
///
/// # Errors
/// As [`nll_loss`]; [`TensorError::Shapes`] for weights that are not one for each class.
pub fn nll_loss_with(
    log_probabilities: &Tensor,
    target: &Tensor,
    options: &ClassLoss<'_>,
) -> Result<Tensor, TensorError> {
    let options = ClassLoss { label_smoothing: 0.0, ..*options };
    of_classes("nll_loss", log_probabilities, target, &options)
}

/// The further arguments of losses of classes, named as PyTorch names them.
#[derive(Clone, Copy, Debug)]
pub struct ClassLoss<'a> {
    /// How much each class counts, `[classes]`; all alike where there is none. A mean is one of weighted losses: it is
    /// divided by the sum of the weights of the targets.
    pub weight: Option<&'a Tensor>,
    /// The target of what does not count.
    pub ignore_index: i64,
    /// The part of the target that is spread over all classes, from 0 to 1.
    pub label_smoothing: f32,
    /// What becomes of the losses.
    pub reduction: Reduction,
}

impl Default for ClassLoss<'_> {
    /// As in PyTorch: no weights, −100, no smoothing, the mean.
    fn default() -> Self {
        Self { weight: None, ignore_index: -100, label_smoothing: 0.0, reduction: Reduction::Mean }
    }
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
    cross_entropy_with(logits, target, &ClassLoss { label_smoothing, reduction, ..ClassLoss::default() })
}

/// [`cross_entropy`] with all of PyTorch's arguments.
///
/// ```
/// use nn::functional::{ClassLoss, cross_entropy_with};
/// use tensor::Tensor;
/// let logits = Tensor::from([[2.0, 0.0], [0.0, 0.0], [0.0, 5.0]]);
/// let weight = Tensor::from([1.0, 3.0]);
/// let options = ClassLoss { weight: Some(&weight), ignore_index: -1, ..ClassLoss::default() };
/// let loss = cross_entropy_with(&logits, &Tensor::from([-1, 0, 1]), &options)?;
/// // Both that count, the second three times.
/// let expected = (2.0_f64.ln() + 3.0 * (1.0 + (-5.0_f64).exp()).ln()) / 4.0;
/// assert!((loss.item()? - expected).abs() < 1e-6);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// As [`cross_entropy`]; [`TensorError::Shapes`] for weights that are not one for each class.
pub fn cross_entropy_with(
    logits: &Tensor,
    target: &Tensor,
    options: &ClassLoss<'_>,
) -> Result<Tensor, TensorError> {
    let operation = "cross_entropy";
    let smoothing = options.label_smoothing;
    if !(0.0..=1.0).contains(&smoothing) {
        let (expected, received) = ("between 0 and 1", smoothing.to_string());
        return Err(TensorError::Argument { operation, argument: "label_smoothing", expected, received });
    }
    let dim = class_dim(operation, logits)?;
    let logs = logits.log_softmax(dim)?;
    if target.dtype() != DType::F32 {
        return of_classes(operation, &logs, target, options);
    }
    check_same_shape(operation, logits, target)?;
    let n_classes = logits.shape()[dim as usize];
    let target = target.mul(1.0 - smoothing)?.add(smoothing / n_classes as f32)?;
    let weighted = match per_class(operation, &logs, options.weight)? {
        Some(weight) => logs.mul(weight)?,
        None => logs,
    };
    options.reduction.of(&weighted.mul(&target)?.sum(dim, false)?.neg()?)
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

/// The loss of a class for each.
fn of_classes(
    operation: &'static str,
    logs: &Tensor,
    target: &Tensor,
    options: &ClassLoss<'_>,
) -> Result<Tensor, TensorError> {
    let dim = class_dim(operation, logs)?;
    let mut expected = logs.shape().to_vec();
    let n_classes = expected.remove(dim as usize);
    if target.shape() != expected {
        let received = vec![logs.shape().to_vec(), target.shape().to_vec()];
        let expected = format!("a target of the shape {expected:?}, one class for each");
        return Err(TensorError::Shapes { operation, expected, received });
    }
    let counts = check_classes(operation, target, n_classes, options.ignore_index)?;
    let weight = per_class(operation, logs, options.weight)?;
    let smoothing = options.label_smoothing;
    if weight.is_none() && counts.is_none() && options.reduction == Reduction::Mean && logs.rank() == 2 {
        let of_target = logs.nll_loss(target)?;
        if smoothing == 0.0 {
            return Ok(of_target);
        }
        // The share of every class, whichever is right.
        let of_all = logs.mean(.., false)?.neg()?;
        return of_target.mul(1.0 - smoothing)?.add(of_all.mul(smoothing)?);
    }
    // What does not count is taken for the first class, and then multiplied by 0.
    let target = match &counts {
        Some(counts) => target.to(DType::I64)?.mul(counts)?,
        None => target.clone(),
    };
    let of_target = |of: &Tensor| of.gather(dim, &target.unsqueeze(dim)?)?.squeeze(dim);
    let mut losses = of_target(logs)?.neg()?;
    let mut weights = Tensor::ones(target.shape());
    let weighted = match &weight {
        Some(weight) => {
            weights = of_target(&weight.expand_as(logs)?)?;
            losses = losses.mul(&weights)?;
            logs.mul(weight)?
        }
        None => logs.clone(),
    };
    if smoothing > 0.0 {
        let of_all = weighted.mean(dim, false)?.neg()?;
        losses = losses.mul(1.0 - smoothing)?.add(of_all.mul(smoothing)?)?;
    }
    if let Some(counts) = &counts {
        (losses, weights) = (losses.mul(counts)?, weights.mul(counts)?);
    }
    match options.reduction {
        Reduction::Mean => losses.sum(.., false)?.div(weights.sum(.., false)?),
        reduction => reduction.of(&losses),
    }
}

/// One number for each class, in a shape that goes with the logits: `[1, classes, 1, …]` or `[classes]`.
fn per_class(
    operation: &'static str,
    logs: &Tensor,
    weight: Option<&Tensor>,
) -> Result<Option<Tensor>, TensorError> {
    let Some(weight) = weight else { return Ok(None) };
    let dim = class_dim(operation, logs)? as usize;
    let n_classes = logs.shape()[dim];
    if weight.shape() != [n_classes] {
        let expected = format!("a weight for each of the {n_classes} classes");
        return Err(TensorError::Shapes { operation, expected, received: vec![weight.shape().to_vec()] });
    }
    let mut shape = vec![1; logs.rank()];
    shape[dim] = -1;
    weight.reshape(shape).map(Some)
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

/// Refuses what are no classes; a mask of those that count, where one does not.
fn check_classes(
    operation: &'static str,
    target: &Tensor,
    n_classes: usize,
    ignore_index: i64,
) -> Result<Option<Tensor>, TensorError> {
    if matches!(target.dtype(), DType::F32 | DType::F16 | DType::Bool) {
        let received = target.dtype();
        return Err(TensorError::DType { operation, input_idx: 1, expected: DType::I64, received });
    }
    let classes = target.to(DType::I64)?.to_vec::<i64>()?;
    let is_class = |class: i64| usize::try_from(class).is_ok_and(|class| class < n_classes);
    let counts: Vec<bool> = classes.iter().map(|&class| class != ignore_index).collect();
    let outside = classes.iter().zip(&counts).find(|(class, counts)| **counts && !is_class(**class));
    if let Some((&index, _)) = outside {
        return Err(TensorError::Index { operation, index, size: n_classes });
    }
    if counts.contains(&false) { Tensor::from_vec(counts, target.shape()).map(Some) } else { Ok(None) }
}
