//! Elements picked by tensors of positions. Positions are whole numbers of any kind, and
//! count from 0 only, as in PyTorch.

use super::Tensor;
use super::arithmetic::IntoTensor;
use super::dims::position;
use crate::error::TensorError;
use crate::ops::{Gather, IndexSelect, Scatter, ScatterAdd};

impl Tensor {
    /// Elements picked one by one along a dimension, as
    /// [`torch.gather`](https://docs.pytorch.org/docs/stable/generated/torch.gather.html); for `dim = 1`,
    /// `output[i, j] = self[i, index[i, j]]`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let scores = Tensor::from([[0.1, 0.9], [0.8, 0.2]]);
    /// let of_target = scores.gather(1, &Tensor::from([[1], [0]]))?;
    /// assert_eq!(of_target.to_vec::<f32>()?, [0.9, 0.8]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// index: as many dimensions, no larger except in `dim`; output: as the index.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Index`], [`TensorError::Shapes`].
    pub fn gather(&self, dim: isize, index: &Self) -> Result<Self, TensorError> {
        let dim = position("gather", dim, self.rank())?;
        Self::apply(Gather { dim }, &[self, &index.as_positions("gather", self.shape()[dim])?])
    }

    /// A copy with elements replaced, as
    /// [`torch.scatter`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html); for `dim = 1`,
    /// `output[i, index[i, j]] = source[i, j]`. Where a position comes twice the last source stays, and gradients are
    /// right only for positions that come once.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let one_hot = Tensor::zeros([2, 3]).scatter(1, &Tensor::from([[2], [0]]), 1.0)?;
    /// assert_eq!(one_hot.to_vec::<f32>()?, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// index: as many dimensions, no larger except in `dim`; source: at least as large as the index, or a number; output:
    /// as this.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Index`], [`TensorError::Shapes`].
    pub fn scatter(&self, dim: isize, index: &Self, source: impl IntoTensor) -> Result<Self, TensorError> {
        let dim = position("scatter", dim, self.rank())?;
        let index = index.as_positions("scatter", self.shape()[dim])?;
        let source = source.into_tensor();
        let source = match source.rank() {
            0 => source.to(self.dtype())?.expand_as(&index)?,
            _ => source.cut_to(index.shape())?,
        };
        Self::apply(Scatter { dim }, &[self, &index, &source])
    }

    /// A copy with elements added to, as `torch.scatter_add`; positions may come several times.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let counts = Tensor::zeros([3]).scatter_add(0, &Tensor::from([1, 1, 2]), &Tensor::ones([3]))?;
    /// assert_eq!(counts.to_vec::<f32>()?, [0.0, 2.0, 1.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// As [`Tensor::scatter`].
    ///
    /// # Errors
    /// As [`Tensor::scatter`].
    pub fn scatter_add(&self, dim: isize, index: &Self, source: &Self) -> Result<Self, TensorError> {
        let dim = position("scatter_add", dim, self.rank())?;
        let index = index.as_positions("scatter_add", self.shape()[dim])?;
        let source = source.cut_to(index.shape())?;
        self.add(Self::apply(ScatterAdd { dim, shape: self.shape().to_vec() }, &[&index, &source])?)
    }

    /// The first elements along each dimension, as many as a shape says.
    fn cut_to(&self, shape: &[usize]) -> Result<Self, TensorError> {
        let cut = |part: Self, (dim, &len): (usize, &usize)| match part.shape().get(dim) {
            Some(&size) if size > len => part.narrow(dim.cast_signed(), 0, len),
            _ => Ok(part),
        };
        shape.iter().enumerate().try_fold(self.clone(), cut)
    }

    /// Whole slices picked along a dimension, as
    /// [`torch.index_select`](https://docs.pytorch.org/docs/stable/generated/torch.index_select.html); for `dim = 0`,
    /// `output[i] = self[index[i]]`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let rows = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).index_select(0, &Tensor::from([1, 1, 0]))?;
    /// assert_eq!(rows.to_vec::<f32>()?, [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// index: one dimension of `n`, or a single number, which counts as one of 1; output: as this, but `n` in `dim`.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Index`], [`TensorError::Shapes`].
    pub fn index_select(&self, dim: isize, index: &Self) -> Result<Self, TensorError> {
        let dim = position("index_select", dim, self.rank())?;
        let index = index.as_positions("index_select", self.shape()[dim])?;
        let index = if index.rank() == 0 { index.reshape([1])? } else { index };
        Self::apply(IndexSelect { dim }, &[self, &index])
    }
}
