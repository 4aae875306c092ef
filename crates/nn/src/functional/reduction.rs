use tensor::{Tensor, TensorError};

/// What becomes of the losses of a batch's elements. PyTorch's argument `reduction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// All are returned.
    None,
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    /// Reduces losses.
    pub(super) fn of(self, losses: &Tensor) -> Result<Tensor, TensorError> {
        match self {
            Self::None => Ok(losses.clone()),
            Self::Mean => losses.mean(.., false),
            Self::Sum => losses.sum(.., false),
        }
    }
}

/// Refuses an input and a target of different shapes, which would broadcast to a loss that nobody meant.
pub(super) fn check_same_shape(
    operation: &'static str,
    input: &Tensor,
    target: &Tensor,
) -> Result<(), TensorError> {
    if input.shape() == target.shape() {
        return Ok(());
    }
    let received = vec![input.shape().to_vec(), target.shape().to_vec()];
    Err(TensorError::Shapes { operation, expected: "input and target of one shape".into(), received })
}
