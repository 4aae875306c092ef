//! What is largest, and in which order elements come.

use std::cmp::Ordering;

use super::Tensor;
use super::dims::position;
use super::storage::{Element, on_elements};
use crate::error::TensorError;
use crate::layout::Layout;

impl Tensor {
    /// Where the largest element along a dimension is, of `I64`, as
    /// [`torch.argmax`](https://docs.pytorch.org/docs/stable/generated/torch.argmax.html); the first of equals, and a NaN
    /// counts as the largest.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let logits = Tensor::from([[0.1, 2.0, 0.3], [4.0, 0.5, 0.6]]);
    /// assert_eq!(logits.argmax(1, false)?.to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// The dimension disappears, or stays with size 1 where `keepdim` is true.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Shapes`] where there is nothing to choose from.
    pub fn argmax(&self, dim: isize, keepdim: bool) -> Result<Self, TensorError> {
        self.check_not_empty("argmax")?;
        let first = self.order("argmax", dim, true, 1)?;
        if keepdim { Ok(first) } else { first.squeeze(dim) }
    }

    /// Where the smallest element along a dimension is, as `torch.argmin`; the first of equals.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([3.0, 1.0, 1.0]).argmin(0, false)?.item()?, 1.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::argmax`].
    pub fn argmin(&self, dim: isize, keepdim: bool) -> Result<Self, TensorError> {
        self.check_not_empty("argmin")?;
        let first = self.order("argmin", dim, false, 1)?;
        if keepdim { Ok(first) } else { first.squeeze(dim) }
    }

    /// The elements along a dimension in order, and where each was, as
    /// [`torch.sort`](https://docs.pytorch.org/docs/stable/generated/torch.sort.html) with `stable=True`. Gradients pass
    /// through the elements.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (sorted, was) = Tensor::from([3.0, 1.0, 2.0]).sort(0, true)?;
    /// assert_eq!(sorted.to_vec::<f32>()?, [3.0, 2.0, 1.0]);
    /// assert_eq!(was.to_vec::<i64>()?, [0, 2, 1]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`].
    pub fn sort(&self, dim: isize, descending: bool) -> Result<(Self, Self), TensorError> {
        let size = self.shape()[position("sort", dim, self.rank())?];
        let order = self.order("sort", dim, descending, size)?;
        Ok((self.gather(dim, &order)?, order))
    }

    /// The `k` largest elements along a dimension, largest first, and where each was, as
    /// [`torch.topk`](https://docs.pytorch.org/docs/stable/generated/torch.topk.html); the smallest where `largest` is
    /// false.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let (largest, was) = Tensor::from([3.0, 1.0, 4.0]).topk(2, 0, true)?;
    /// assert_eq!((largest.to_vec::<f32>()?, was.to_vec::<i64>()?), (vec![4.0, 3.0], vec![2, 0]));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Index`] where there are fewer.
    pub fn topk(&self, k: usize, dim: isize, largest: bool) -> Result<(Self, Self), TensorError> {
        let size = self.shape()[position("topk", dim, self.rank())?];
        if k > size {
            return Err(TensorError::Index { operation: "topk", index: k as i64, size });
        }
        let order = self.order("topk", dim, largest, k)?;
        Ok((self.gather(dim, &order)?, order))
    }

    /// The positions of the first `n` elements along a dimension, in order; equals stay as they were.
    fn order(
        &self,
        operation: &'static str,
        dim: isize,
        descending: bool,
        n: usize,
    ) -> Result<Self, TensorError> {
        let dim = position(operation, dim, self.rank())?;
        let before = |a: f64, b: f64| compare(a, b, descending);
        let order = on_elements!(&*self.storage().data(), elements => {
            first_of_lines(self.layout(), dim, n, |a, b| before(elements[a].to_f64(), elements[b].to_f64()))
        });
        let mut shape = self.shape().to_vec();
        shape[dim] = n;
        Ok(Self::from_data(i64::store(order), &shape))
    }
}

/// For every line along a dimension, the positions of its first `n` elements, laid out as a tensor of `n` in `dim`.
fn first_of_lines(
    layout: &Layout,
    dim: usize,
    n: usize,
    compare: impl Fn(usize, usize) -> Ordering,
) -> Vec<i64> {
    let (size, stride) = (layout.shape[dim], layout.strides[dim]);
    let mut starts = layout.clone();
    starts.shape[dim] = 1;
    let n_inner: usize = layout.shape[dim + 1..].iter().product();
    let mut out = vec![0; starts.numel() * n];
    let mut order: Vec<usize> = Vec::with_capacity(size);
    for (line, start) in starts.positions().enumerate() {
        let compare = |a: usize, b: usize| compare(start + a * stride, start + b * stride);
        order.clear();
        if n == 1 {
            let first = (0..size).reduce(|best, idx| if compare(idx, best).is_lt() { idx } else { best });
            order.extend(first);
        } else {
            order.extend(0..size);
            order.sort_by(|&a, &b| compare(a, b));
        }
        let (outer, inner) = (line / n_inner, line % n_inner);
        for (rank, &idx) in order.iter().take(n).enumerate() {
            out[(outer * n + rank) * n_inner + inner] = idx as i64;
        }
    }
    out
}

/// A NaN counts as larger than every number, as in PyTorch.
fn compare(a: f64, b: f64, descending: bool) -> Ordering {
    let order = a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()));
    if descending { order.reverse() } else { order }
}
