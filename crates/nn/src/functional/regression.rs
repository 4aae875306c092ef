//! Losses of numbers.

use tensor::{Tensor, TensorError};

use super::reduction::{Reduction, check_same_shape};

/// `(input − target)²`, as
/// [`torch.nn.functional.mse_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html).
///
/// ```
/// use nn::functional::{Reduction, mse_loss};
/// use tensor::Tensor;
/// let loss = mse_loss(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 5.0]), Reduction::Mean)?;
/// assert_eq!(loss.item()?, 4.5);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// input and target of one shape; output: one number, or that shape without a reduction.
///
/// # Errors
/// [`TensorError::Shapes`], [`TensorError::DType`].
pub fn mse_loss(input: &Tensor, target: &Tensor, reduction: Reduction) -> Result<Tensor, TensorError> {
    check_same_shape("mse_loss", input, target)?;
    reduction.of(&input.sub(target)?.square()?)
}

/// `|input − target|`, as
/// [`torch.nn.functional.l1_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html);
/// shapes and errors as [`mse_loss`].
///
/// ```
/// use nn::functional::{Reduction, l1_loss};
/// use tensor::Tensor;
/// let losses = l1_loss(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 5.0]), Reduction::None)?;
/// assert_eq!(losses.to_vec::<f32>()?, [0.0, 3.0]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// As [`mse_loss`].
pub fn l1_loss(input: &Tensor, target: &Tensor, reduction: Reduction) -> Result<Tensor, TensorError> {
    check_same_shape("l1_loss", input, target)?;
    reduction.of(&input.sub(target)?.abs()?)
}

/// Of the distance `d = |input − target|`: `d² / (2·beta)` below `beta`, `d − beta/2` from there on, as
/// [`torch.nn.functional.smooth_l1_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html);
/// shapes as [`mse_loss`]. PyTorch's default `beta` is 1; 0 gives [`l1_loss`].
///
/// ```
/// use nn::functional::{Reduction, smooth_l1_loss};
/// use tensor::Tensor;
/// let losses = smooth_l1_loss(&Tensor::from([1.0, 4.0]), &Tensor::zeros([2]), 2.0, Reduction::None)?;
/// assert_eq!(losses.to_vec::<f32>()?, [0.25, 3.0]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// As [`mse_loss`]; [`TensorError::Argument`] for a negative `beta`.
pub fn smooth_l1_loss(
    input: &Tensor,
    target: &Tensor,
    beta: f32,
    reduction: Reduction,
) -> Result<Tensor, TensorError> {
    let operation = "smooth_l1_loss";
    check_same_shape(operation, input, target)?;
    if !(0.0..f32::INFINITY).contains(&beta) {
        let (expected, received) = ("a finite number of at least 0", beta.to_string());
        return Err(TensorError::Argument { operation, argument: "beta", expected, received });
    }
    let distance = input.sub(target)?.abs()?;
    if beta == 0.0 {
        return reduction.of(&distance);
    }
    // With m = min(d, beta), both pieces are m · (d − m/2) / beta: nothing is squared that would overflow.
    let near = distance.clamp(f32::NEG_INFINITY, beta)?;
    reduction.of(&near.mul(&distance.sub(near.mul(0.5)?)?)?.div(beta)?)
}
