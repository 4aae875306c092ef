//! Fewer numbers out of many.

use super::{Dims, Tensor};
use crate::error::TensorError;
use crate::ops::{Op, Reduce, Reduction, Reshape, SumTo};

impl Tensor {
    /// The sum over dimensions, as [`torch.sum`](https://docs.pytorch.org/docs/stable/generated/torch.sum.html): `..` for
    /// all, one, or several.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum(.., false)?.item()?, 10.0);
    /// assert_eq!(x.sum(0, false)?.to_vec::<f32>()?, [4.0, 6.0]);
    /// assert_eq!(x.sum([-1], true)?.shape(), [2, 1]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// The dimensions given disappear, or stay with size 1 where `keepdim` is true.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::DType`] for anything but `F32`.
    pub fn sum(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.reduced("sum", dims, keepdim, |shape| SumTo { shape }.into())
    }

    /// The mean over dimensions, as `torch.mean`; shapes and errors as [`Tensor::sum`].
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 6.0]]).mean(1, false)?.to_vec::<f32>()?, [1.5, 4.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::sum`].
    pub fn mean(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.reduced("mean", dims, keepdim, |shape| Reduction { kind: Reduce::Mean, shape }.into())
    }

    /// The variance over dimensions, as `torch.var` with a `correction`: 1 is PyTorch's default, 0 the mean square
    /// distance from the mean.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 3.0]).var(.., 1, false)?.item()?, 2.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::sum`].
    pub fn var(&self, dims: impl Dims, correction: usize, keepdim: bool) -> Result<Self, TensorError> {
        self.reduced("var", dims, keepdim, |shape| {
            Reduction { kind: Reduce::Var { correction }, shape }.into()
        })
    }

    /// The square root of [`Tensor::var`], as `torch.std`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 5.0]).std(.., 0, false)?.item()?, 2.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::sum`].
    pub fn std(&self, dims: impl Dims, correction: usize, keepdim: bool) -> Result<Self, TensorError> {
        self.var(dims, correction, keepdim)?.sqrt()
    }

    /// The largest over dimensions, as `torch.amax`; equals share the gradient.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 9.0], [3.0, 6.0]]).amax(0, false)?.to_vec::<f32>()?, [3.0, 9.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::sum`]; [`TensorError::Shapes`] where there is nothing to choose from.
    pub fn amax(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.check_not_empty("amax")?;
        self.reduced("amax", dims, keepdim, |shape| Reduction { kind: Reduce::Amax, shape }.into())
    }

    /// The smallest over dimensions, as `torch.amin`; equals share the gradient.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 9.0], [3.0, 6.0]]).amin(.., true)?.shape(), [1, 1]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::amax`].
    pub fn amin(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.check_not_empty("amin")?;
        self.reduced("amin", dims, keepdim, |shape| Reduction { kind: Reduce::Amin, shape }.into())
    }

    /// Refuses to choose from nothing.
    pub(super) fn check_not_empty(&self, operation: &'static str) -> Result<(), TensorError> {
        if self.numel() == 0 {
            let (expected, received) = ("at least one element".into(), vec![self.shape().to_vec()]);
            return Err(TensorError::Shapes { operation, expected, received });
        }
        Ok(())
    }

    fn reduced(
        &self,
        operation: &'static str,
        dims: impl Dims,
        keepdim: bool,
        op: impl FnOnce(Vec<usize>) -> Op,
    ) -> Result<Self, TensorError> {
        let dims = dims.positions(operation, self.rank())?;
        // Broadcasting adds dimensions at the left by itself, so those need no place; others do until they are dropped.
        let n_first =
            if keepdim { 0 } else { (0..).zip(&dims).take_while(|(dim, given)| dim == *given).count() };
        let sizes = self.shape().iter().enumerate();
        let places =
            sizes.clone().skip(n_first).map(|(dim, &size)| if dims.contains(&dim) { 1 } else { size });
        let reduced = Self::apply(op(places.collect()), &[self])?;
        if keepdim || n_first == dims.len() {
            return Ok(reduced);
        }
        let kept = sizes.filter(|(dim, _)| !dims.contains(dim));
        Self::apply(Reshape { shape: kept.map(|(_, &size)| size).collect() }, &[&reduced])
    }
}
