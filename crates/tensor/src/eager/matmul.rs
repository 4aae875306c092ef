use super::Tensor;
use crate::error::TensorError;
use crate::ops::{BatchMatMul, MatMul};

impl Tensor {
    /// The matrix product, as [`torch.matmul`](https://docs.pytorch.org/docs/stable/generated/torch.matmul.html).
    ///
    /// # Shapes
    /// `[m, k]` by `[k, n]` gives `[m, n]`. A vector `[k]` at the left is a row, at the right a column, and that dimension
    /// disappears again; two vectors give their inner product. Dimensions before the last two are batches, and broadcast.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (a, b) = (Tensor::ones([10, 1, 3, 4]), Tensor::ones([5, 4, 2]));
    /// assert_eq!(a.matmul(&b)?.shape(), [10, 5, 3, 2]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] where the inner sizes differ, batches do not broadcast, or one is a single number;
    /// [`TensorError::DType`] for anything but `F32`.
    pub fn matmul(&self, other: &Self) -> Result<Self, TensorError> {
        match (self.rank(), other.rank()) {
            (0, _) | (_, 0) => Err(TensorError::Shapes {
                operation: "matmul",
                expected: "at least one dimension each; multiply by a number with mul".into(),
                received: vec![self.shape().to_vec(), other.shape().to_vec()],
            }),
            (1, _) => {
                let product = self.unsqueeze(0)?.matmul(other)?;
                if other.rank() == 1 { product.squeeze(0) } else { product.squeeze(-2) }
            }
            (_, 1) => self.matmul(&other.unsqueeze(1)?)?.squeeze(-1),
            (2, 2) => Self::apply(MatMul::default(), &[self, other]),
            // One matrix for the whole batch: its rows are those of a single larger product.
            (rank, 2) => {
                let k = self.shape()[rank - 1] as isize;
                let rows = self.numel().checked_div(self.shape()[rank - 1]).unwrap_or(0) as isize;
                let product = Self::apply(MatMul::default(), &[&self.reshape([rows, k])?, other])?;
                let mut shape: Vec<isize> = self.shape().iter().map(|&size| size as isize).collect();
                shape[rank - 1] = other.shape()[1] as isize;
                product.reshape(shape)
            }
            _ => Self::apply(BatchMatMul::default(), &[self, other]),
        }
    }
}
