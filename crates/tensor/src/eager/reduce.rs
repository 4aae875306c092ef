//! Fewer numbers out of many.

use super::storage::Element;
use super::{Dims, Tensor};
use crate::error::TensorError;
use crate::graph::DType;
use crate::ops::{Op, Reduce, Reduction, Reshape, SumTo};

impl Tensor {
    /// The sum over dimensions, as [`torch.sum`](https://docs.pytorch.org/docs/stable/generated/torch.sum.html): `..` for
    /// all, one, or several. Whole numbers and masks are counted in `I64`.
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
    /// [`TensorError::Dim`], [`TensorError::Argument`] for a dimension that comes twice, [`TensorError::DType`] for `F16`.
    pub fn sum(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        if !self.dtype().is_float() {
            return self.folded("sum", dims, keepdim, 0, i64::wrapping_add);
        }
        self.reduced("sum", dims, keepdim, |shape| SumTo { shape }.into())
    }

    /// Whether any element over dimensions is true, or not zero, as
    /// [`torch.any`](https://docs.pytorch.org/docs/stable/generated/torch.any.html); false where there is none.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    /// assert_eq!(x.gt(2.5)?.any(0, false)?.to_vec::<bool>()?, [true, true]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// As [`Tensor::sum`]; the output is of `Bool`.
    ///
    /// # Errors
    /// As [`Tensor::sum`].
    pub fn any(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.to(DType::Bool)?.folded("any", dims, keepdim, 0, i64::max)?.to(DType::Bool)
    }

    /// Whether all elements over dimensions are true, or not zero, as
    /// [`torch.all`](https://docs.pytorch.org/docs/stable/generated/torch.all.html); true where there is none.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 0]]).all(1, false)?.to_vec::<bool>()?, [true, false]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// As [`Tensor::sum`]; the output is of `Bool`.
    ///
    /// # Errors
    /// As [`Tensor::sum`].
    pub fn all(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.to(DType::Bool)?.folded("all", dims, keepdim, 1, i64::min)?.to(DType::Bool)
    }

    /// The mean over dimensions, as `torch.mean`; shapes as [`Tensor::sum`].
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 6.0]]).mean(1, false)?.to_vec::<f32>()?, [1.5, 4.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::sum`]; [`TensorError::DType`] for anything but `F32`.
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
    /// As [`Tensor::mean`].
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
    /// As [`Tensor::mean`].
    pub fn std(&self, dims: impl Dims, correction: usize, keepdim: bool) -> Result<Self, TensorError> {
        self.var(dims, correction, keepdim)?.sqrt()
    }

    /// The largest over dimensions, of any kind but `F16`, as `torch.amax`; equals share the gradient.
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
        let dims = dims.positions("amax", self.rank())?;
        self.check_choice("amax", &dims)?;
        let dims: Vec<isize> = dims.into_iter().map(usize::cast_signed).collect();
        if !self.dtype().is_float() {
            let start = i64::MIN;
            return self.folded("amax", dims.as_slice(), keepdim, start, i64::max)?.to(self.dtype());
        }
        self.reduced("amax", dims.as_slice(), keepdim, |shape| Reduction { kind: Reduce::Amax, shape }.into())
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
        let dims = dims.positions("amin", self.rank())?;
        self.check_choice("amin", &dims)?;
        let dims: Vec<isize> = dims.into_iter().map(usize::cast_signed).collect();
        if !self.dtype().is_float() {
            let start = i64::MAX;
            return self.folded("amin", dims.as_slice(), keepdim, start, i64::min)?.to(self.dtype());
        }
        self.reduced("amin", dims.as_slice(), keepdim, |shape| Reduction { kind: Reduce::Amin, shape }.into())
    }

    /// Refuses to choose from nothing.
    pub(super) fn check_choice(&self, operation: &'static str, dims: &[usize]) -> Result<(), TensorError> {
        if dims.iter().any(|&dim| self.shape()[dim] == 0) {
            let (expected, received) =
                ("at least one element to choose from".into(), vec![self.shape().to_vec()]);
            return Err(TensorError::Shapes { operation, expected, received });
        }
        Ok(())
    }

    /// Whole numbers over dimensions, put together one after another.
    fn folded(
        &self,
        operation: &'static str,
        dims: impl Dims,
        keepdim: bool,
        start: i64,
        fold: fn(i64, i64) -> i64,
    ) -> Result<Self, TensorError> {
        let dims = dims.positions(operation, self.rank())?;
        let kept: Vec<usize> = (0..self.rank()).filter(|dim| !dims.contains(dim)).collect();
        let order: Vec<isize> = kept.iter().chain(&dims).map(|dim| dim.cast_signed()).collect();
        let numbers = self.permute(order)?.to(DType::I64)?.to_vec::<i64>()?;
        let n_each: usize = dims.iter().map(|&dim| self.shape()[dim]).product();
        let mut shape = self.shape().to_vec();
        dims.iter().for_each(|&dim| shape[dim] = 1);
        let n_results = shape.iter().product();
        let each = |idx: usize| numbers[idx * n_each..][..n_each].iter().fold(start, |a, &b| fold(a, b));
        let results = i64::store((0..n_results).map(each).collect());
        if !keepdim {
            shape = kept.into_iter().map(|dim| shape[dim]).collect();
        }
        Ok(Self::from_data(results, &shape))
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
