//! Other ways to look at the same storage.

use std::ops::{Bound, RangeBounds};

use super::dims::{position, sizes};
use super::{Dims, Tensor};
use crate::error::TensorError;
use crate::layout::Layout;
use crate::ops::{Reshape, View};

impl Tensor {
    /// Two dimensions exchanged, as [`torch.transpose`](https://docs.pytorch.org/docs/stable/generated/torch.transpose.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2, 3, 4]).transpose(0, -1)?;
    /// assert_eq!((x.shape(), x.strides()), (&[4, 3, 2][..], &[1, 4, 12][..]));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`].
    pub fn transpose(&self, a: isize, b: isize) -> Result<Self, TensorError> {
        let (a, b) = (position("transpose", a, self.rank())?, position("transpose", b, self.rank())?);
        let mut dims: Vec<usize> = (0..self.rank()).collect();
        dims.swap(a, b);
        Self::apply(View::Permute { dims }, &[self])
    }

    /// A matrix transposed; a vector or a number stays, as `torch.t`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).t()?.to_vec::<i64>()?, [1, 3, 2, 4]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] for more than two dimensions.
    pub fn t(&self) -> Result<Self, TensorError> {
        if self.rank() > 2 {
            let expected = "at most two dimensions; use transpose or permute".into();
            return Err(TensorError::Shapes {
                operation: "t",
                expected,
                received: vec![self.shape().to_vec()],
            });
        }
        Self::apply(View::Permute { dims: (0..self.rank()).rev().collect() }, &[self])
    }

    /// Dimensions in another order: dimension `i` of the output is dimension `dims[i]` of this, as `torch.permute`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let channels_last = Tensor::zeros([8, 3, 28, 28]).permute([0, 2, 3, 1])?;
    /// assert_eq!(channels_last.shape(), [8, 28, 28, 3]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Shapes`] where not every dimension comes once.
    pub fn permute(&self, dims: impl AsRef<[isize]>) -> Result<Self, TensorError> {
        let dims = dims.as_ref().iter().map(|&dim| position("permute", dim, self.rank()));
        Self::apply(View::Permute { dims: dims.collect::<Result<_, _>>()? }, &[self])
    }

    /// `len` elements of one dimension from `start` on, as `torch.narrow`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::arange(0..9).narrow(0, 4, 2)?.to_vec::<i64>()?, [4, 5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Shapes`] where there are not so many.
    pub fn narrow(&self, dim: isize, start: usize, len: usize) -> Result<Self, TensorError> {
        let dim = position("narrow", dim, self.rank())?;
        Self::apply(View::Slice { dim, start, len, step: 1 }, &[self])
    }

    /// A range of one dimension, every `step`th of it, as Python's `x[:, start:end:step]`: negative bounds count from the
    /// end, and bounds outside are moved to the ends.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]);
    /// let odd = x.slice(1, 1.., 2)?;
    /// assert_eq!(odd.to_vec::<f32>()?, [1.0, 3.0, 5.0, 7.0]);
    /// assert_eq!((odd.strides(), odd.storage_offset()), (&[4, 2][..], 1));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Shapes`] for a step of 0.
    pub fn slice(
        &self,
        dim: isize,
        range: impl RangeBounds<isize>,
        step: usize,
    ) -> Result<Self, TensorError> {
        let dim = position("slice", dim, self.rank())?;
        let size = self.shape()[dim];
        let from_end = |bound: isize| if bound < 0 { bound.saturating_add_unsigned(size) } else { bound };
        let clamped = |bound: isize| usize::try_from(bound).unwrap_or(0).min(size);
        let start = match range.start_bound() {
            Bound::Included(&start) => clamped(from_end(start)),
            Bound::Excluded(&start) => clamped(from_end(start).saturating_add(1)),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&end) => clamped(from_end(end).saturating_add(1)),
            Bound::Excluded(&end) => clamped(from_end(end)),
            Bound::Unbounded => size,
        };
        let len = end.saturating_sub(start).div_ceil(step.max(1));
        Self::apply(View::Slice { dim, start, len, step }, &[self])
    }

    /// One element of one dimension, which disappears, as `torch.select`; negative positions count from the end.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.select(1, -1)?.to_vec::<i64>()?, [3, 6]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Index`].
    pub fn select(&self, dim: isize, index: isize) -> Result<Self, TensorError> {
        let dim = position("select", dim, self.rank())?;
        let size = self.shape()[dim];
        let found = if index < 0 { size.checked_add_signed(index) } else { Some(index.unsigned_abs()) };
        let found = found.filter(|&found| found < size);
        let outside = TensorError::Index { operation: "select", index: index as i64, size };
        Self::apply(View::Select { dim, index: found.ok_or(outside)? }, &[self])
    }

    /// One element of the first dimension, as `x[index]`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).get(1)?.to_vec::<i64>()?, [3, 4]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::select`].
    pub fn get(&self, index: isize) -> Result<Self, TensorError> {
        self.select(0, index)
    }

    /// A new dimension of size 1 before dimension `dim`, as `torch.unsqueeze`; −1 puts it last.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::zeros([28, 28]).unsqueeze(0)?.shape(), [1, 28, 28]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`].
    pub fn unsqueeze(&self, dim: isize) -> Result<Self, TensorError> {
        let dim = position("unsqueeze", dim, self.rank() + 1)?;
        let mut layout = self.layout().clone();
        let stride = layout.shape.get(dim).map_or(1, |size| size * layout.strides[dim]);
        layout.shape.insert(dim, 1);
        layout.strides.insert(dim, stride);
        self.relaid(layout)
    }

    /// Without a dimension where it has the size 1, the same tensor elsewhere, as `torch.squeeze`; `..` takes all of size
    /// 1 away.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([1, 28, 1]);
    /// assert_eq!((x.squeeze(0)?.shape(), x.squeeze(..)?.shape()), (&[28, 1][..], &[28][..]));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Argument`] for a dimension that comes twice.
    pub fn squeeze(&self, dims: impl Dims) -> Result<Self, TensorError> {
        let mut layout = self.layout().clone();
        for dim in dims.positions("squeeze", self.rank())?.into_iter().rev() {
            if layout.shape[dim] == 1 {
                layout.shape.remove(dim);
                layout.strides.remove(dim);
            }
        }
        self.relaid(layout)
    }

    /// Dimensions of size 1 repeated, and new ones put at the left, as
    /// [`torch.Tensor.expand`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html): their stride is
    /// 0, nothing is copied. A size of −1 keeps what is there.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let rows = Tensor::from([1.0, 2.0]).expand([3, -1])?;
    /// assert_eq!((rows.shape(), rows.strides()), (&[3, 2][..], &[0, 1][..]));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] where a size other than 1 would change.
    pub fn expand(&self, shape: impl AsRef<[isize]>) -> Result<Self, TensorError> {
        let wanted = shape.as_ref();
        let first = wanted.len().saturating_sub(self.rank());
        let kept = |dim: usize| dim.checked_sub(first).and_then(|dim| self.shape().get(dim).copied());
        let size = |(dim, &size): (usize, &isize)| match usize::try_from(size) {
            Ok(size) => Some(size),
            Err(_) => kept(dim).filter(|_| size == -1),
        };
        let shape: Option<Vec<usize>> = wanted.iter().enumerate().map(size).collect();
        let shape = shape.ok_or_else(|| TensorError::Shapes {
            operation: "expand",
            expected: format!("sizes for {wanted:?}, where only -1 keeps a size that is there"),
            received: vec![self.shape().to_vec()],
        })?;
        Self::apply(View::Expand { shape }, &[self])
    }

    /// Repeated to another's shape, as `torch.Tensor.expand_as`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::ones([3, 1]).expand_as(&Tensor::zeros([3, 4]))?.shape(), [3, 4]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::expand`].
    pub fn expand_as(&self, other: &Self) -> Result<Self, TensorError> {
        Self::apply(View::Expand { shape: other.shape().to_vec() }, &[self])
    }

    /// The same elements in another shape, always without a copy, as
    /// [`torch.Tensor.view`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html); one size may be −1.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2, 6]);
    /// assert_eq!(x.view([3, -1])?.shape(), [3, 4]);
    /// assert!(x.t()?.view([12]).is_err(), "its rows do not lie one after another");
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::NotViewable`] where only a copy could have it, [`TensorError::Shapes`].
    pub fn view(&self, shape: impl AsRef<[isize]>) -> Result<Self, TensorError> {
        let wanted = sizes("view", self, shape.as_ref())?;
        if self.layout().reshaped(&wanted).is_none() {
            return Err(TensorError::NotViewable {
                shape: self.shape().to_vec(),
                strides: self.strides().to_vec(),
                wanted: shape.as_ref().to_vec(),
            });
        }
        Self::apply(Reshape { shape: wanted }, &[self])
    }

    /// The same elements in another shape: a view where the layout allows it, else a copy, as
    /// [`torch.reshape`](https://docs.pytorch.org/docs/stable/generated/torch.reshape.html); one size may be −1.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([3, 4]);
    /// assert!(x.reshape([2, -1])?.shares_storage(&x));
    /// assert!(!x.t()?.reshape([12])?.shares_storage(&x));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] where it holds more or fewer elements.
    pub fn reshape(&self, shape: impl AsRef<[isize]>) -> Result<Self, TensorError> {
        let shape = sizes("reshape", self, shape.as_ref())?;
        Self::apply(Reshape { shape }, &[self])
    }

    /// All dimensions from `first` to `last`, both included, as one, as `torch.flatten`: `flatten(1, -1)` before a linear
    /// layer.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::zeros([64, 16, 7, 7]).flatten(1, -1)?.shape(), [64, 784]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Shapes`] where `last` comes before `first`.
    pub fn flatten(&self, first: isize, last: isize) -> Result<Self, TensorError> {
        if self.rank() == 0 {
            return self.reshape([1]);
        }
        let (first, last) =
            (position("flatten", first, self.rank())?, position("flatten", last, self.rank())?);
        if last < first {
            let (expected, received) =
                ("a last dimension after the first".into(), vec![self.shape().to_vec()]);
            return Err(TensorError::Shapes { operation: "flatten", expected, received });
        }
        let mut shape = self.shape().to_vec();
        let size = shape.drain(first..=last).product();
        shape.insert(first, size);
        Self::apply(Reshape { shape }, &[self])
    }

    /// The elements whose positions along two dimensions are equal, as a new last dimension, as `torch.diagonal`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).diagonal(0, 1)?.to_vec::<i64>()?, [1, 4]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Shapes`] where both are the same.
    pub fn diagonal(&self, a: isize, b: isize) -> Result<Self, TensorError> {
        let dims = [position("diagonal", a, self.rank())?, position("diagonal", b, self.rank())?];
        Self::apply(View::Diagonal { dims }, &[self])
    }

    /// The same elements in the same order under a layout that is known.
    fn relaid(&self, layout: Layout) -> Result<Self, TensorError> {
        let op = Reshape { shape: layout.shape.clone() };
        self.with_layout(layout).recorded(op.into(), &[self])
    }
}
