//! Tensors put together.

use super::Tensor;
use super::dims::position;
use super::promotion::common;
use crate::error::TensorError;
use crate::graph::DType;
use crate::ops::{Cat, Pad};

impl Tensor {
    /// Tensors one after another along one of their dimensions, as
    /// [`torch.cat`](https://docs.pytorch.org/docs/stable/generated/torch.cat.html). Kinds are promoted as in arithmetic,
    /// and tensors of the shape `[0]` are left out, whatever the others' dimensions.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (a, b) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
    /// assert_eq!(Tensor::cat(&[&a, &b], 1)?.to_vec::<f32>()?, [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] where they differ in another dimension, [`TensorError::InputCount`] where there is none.
    pub fn cat(tensors: &[&Self], dim: isize) -> Result<Self, TensorError> {
        let kind = tensors.iter().copied().reduce(|a, b| if common(a, b) == a.dtype() { a } else { b });
        let kind = kind.map_or(DType::F32, Self::dtype);
        let not_empty = tensors.iter().filter(|tensor| tensor.shape() != [0]);
        let parts: Vec<Self> = not_empty.map(|tensor| tensor.to(kind)).collect::<Result<_, _>>()?;
        match (tensors.first(), parts.first()) {
            (Some(empty), None) => empty.to(kind),
            (_, first) => {
                let dim = position("cat", dim, first.map_or(1, Self::rank))?;
                Self::apply(Cat { dim }, &parts.iter().collect::<Vec<_>>())
            }
        }
    }

    /// Tensors of one shape along a new dimension, as `torch.stack`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let rows = Tensor::stack(&[&Tensor::zeros([3]), &Tensor::ones([3])], 0)?;
    /// assert_eq!(rows.shape(), [2, 3]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::cat`].
    pub fn stack(tensors: &[&Self], dim: isize) -> Result<Self, TensorError> {
        let parts: Vec<Self> =
            tensors.iter().map(|tensor| tensor.unsqueeze(dim)).collect::<Result<_, _>>()?;
        Self::cat(&parts.iter().collect::<Vec<_>>(), dim)
    }

    /// A constant put around the tensor, as
    /// [`torch.nn.functional.pad`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html): pairs of
    /// cells before and after, for the last dimension first. Negative numbers take cells away.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let padded = Tensor::ones([2, 3]).pad(&[[1, -2], [0, 1]], 0.0)?;
    /// assert_eq!(padded.to_vec::<f32>()?, [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] where there are more pairs than dimensions or more cells are taken away than there are,
    /// [`TensorError::DType`] for anything but `F32`.
    pub fn pad(&self, last_first: &[[isize; 2]], value: f32) -> Result<Self, TensorError> {
        let mut padding = vec![[0, 0]; last_first.len().max(self.rank())];
        let mut inside = self.clone();
        for (from_end, &[before, after]) in last_first.iter().enumerate() {
            let place = padding.len() - 1 - from_end;
            padding[place] = [before, after].map(|cells| cells.max(0).unsigned_abs());
            let [cut_before, cut_after] = [before, after].map(|cells| cells.min(0).unsigned_abs());
            if cut_before + cut_after > 0 && from_end < self.rank() {
                let dim = self.rank() - 1 - from_end;
                let size = self.shape()[dim];
                let len = size.checked_sub(cut_before + cut_after).ok_or_else(|| TensorError::Shapes {
                    operation: "pad",
                    expected: format!("at least {} cells in dimension {dim}", cut_before + cut_after),
                    received: vec![self.shape().to_vec()],
                })?;
                inside = inside.narrow(dim.cast_signed(), cut_before, len)?;
            }
        }
        Self::apply(Pad { padding, value }, &[&inside])
    }
}
