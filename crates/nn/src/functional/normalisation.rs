use tensor::{Tensor, TensorError, no_grad};

/// Each channel's mean and variance as training has seen them. They are written to in place.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// `[channels]`.
    pub mean: &'a Tensor,
    /// `[channels]`.
    pub var: &'a Tensor,
}

/// A factor and a constant for each channel: γ and β of the paper.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// `[channels]`.
    pub weight: &'a Tensor,
    /// `[channels]`.
    pub bias: &'a Tensor,
}

/// `(input − mean) / √(var + eps) · weight + bias` for each channel, as
/// [`torch.nn.functional.batch_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html)
/// (Ioffe and Szegedy, "Batch Normalization", 2015).
///
/// While training, mean and variance are the batch's own, and the running ones move towards them:
/// `running ← (1 − momentum)·running + momentum·batch`, with the unbiased variance. Otherwise they are the running ones,
/// where there are any.
///
/// ```
/// use nn::functional::{Running, batch_norm};
/// use tensor::Tensor;
/// let (mean, var) = (Tensor::zeros([1]), Tensor::ones([1]));
/// let running = Running { mean: &mean, var: &var };
/// let output = batch_norm(&Tensor::from([[1.0], [3.0]]), Some(running), None, true, 0.1, 0.0)?;
/// assert_eq!(output.to_vec::<f32>()?, [-1.0, 1.0]);
/// assert!(mean.all_close(&Tensor::from([0.2]), 1e-6, 0.0), "a tenth of the way to 2");
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// input `[batch, channels, …]`; output the same.
///
/// # Errors
/// [`TensorError::Shapes`] where there is one value for a channel while training, or the statistics are for other
/// channels; [`TensorError::DType`].
pub fn batch_norm(
    input: &Tensor,
    running: Option<Running<'_>>,
    affine: Option<Affine<'_>>,
    training: bool,
    momentum: f32,
    eps: f32,
) -> Result<Tensor, TensorError> {
    let &[batch, channels, ref rest @ ..] = input.shape() else {
        return Err(refused("an input [batch, channels, …]", input));
    };
    let given = running.iter().flat_map(|r| [r.mean, r.var]);
    let given = given.chain(affine.iter().flat_map(|a| [a.weight, a.bias]));
    for tensor in given {
        if tensor.shape() != [channels] {
            return Err(refused(&format!("[{channels}] for the channels of {:?}", input.shape()), tensor));
        }
    }
    // [1, channels, 1, …]
    let mut per_channel = vec![1; input.rank()];
    per_channel[1] = channels as isize;
    let spread = |tensor: &Tensor| tensor.reshape(&per_channel);
    let (mean, var) = match running.filter(|_| !training) {
        Some(running) => (spread(running.mean)?, spread(running.var)?),
        None => {
            let n = batch * rest.iter().product::<usize>();
            if training && n <= 1 {
                return Err(refused("more than one value for each channel while training", input));
            }
            let dims: Vec<isize> = (0..input.rank() as isize).filter(|&dim| dim != 1).collect();
            let mean = input.mean(dims.as_slice(), true)?;
            let var = input.var(dims.as_slice(), 0, true)?;
            if let Some(running) = running {
                let unbiased = n as f32 / (n - 1) as f32;
                no_grad(|| {
                    move_towards(running.mean, &mean, momentum, 1.0)?;
                    move_towards(running.var, &var, momentum, unbiased)
                })?;
            }
            (mean, var)
        }
    };
    let normalised = input.sub(&mean)?.div(&var.add(eps)?.sqrt()?)?;
    match affine {
        Some(affine) => normalised.mul(&spread(affine.weight)?)?.add(&spread(affine.bias)?),
        None => Ok(normalised),
    }
}

fn move_towards(running: &Tensor, batch: &Tensor, momentum: f32, factor: f32) -> Result<(), TensorError> {
    let share = batch.reshape([-1])?.mul(momentum * factor)?;
    running.copy_(&running.mul(1.0 - momentum)?.add(&share)?)
}

fn refused(expected: &str, received: &Tensor) -> TensorError {
    let received = vec![received.shape().to_vec()];
    TensorError::Shapes { operation: "batch_norm", expected: expected.to_owned(), received }
}
