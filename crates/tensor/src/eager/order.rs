//! What is largest, and in which order elements come.

use std::cmp::Ordering;

use super::dims::position;
use super::storage::{Element, on_elements};
use super::{Dims, Tensor};
use crate::error::TensorError;
use crate::layout::Layout;
use crate::ops::Reshape;

impl Tensor {
    /// Where the largest element along a dimension is, of `I64`, as
    /// [`torch.argmax`](https://docs.pytorch.org/docs/stable/generated/torch.argmax.html); the first of equals, and a NaN
    /// counts as the largest. With `..` it is the position among all elements in order.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let logits = Tensor::from([[0.1, 2.0, 0.3], [4.0, 0.5, 0.6]]);
    /// assert_eq!(logits.argmax(1, false)?.to_vec::<i64>()?, [1, 0]);
    /// assert_eq!(logits.argmax(.., false)?.item()?, 3.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// The dimension disappears, or stays with size 1 where `keepdim` is true.
    ///
    /// # Errors
    /// [`TensorError::Dim`], [`TensorError::Argument`] for several dimensions that are not all,
    /// [`TensorError::Shapes`] where there is nothing to choose from.
    pub fn argmax(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.first("argmax", dims, keepdim, true)
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
    pub fn argmin(&self, dims: impl Dims, keepdim: bool) -> Result<Self, TensorError> {
        self.first("argmin", dims, keepdim, false)
    }

    fn first(
        &self,
        operation: &'static str,
        dims: impl Dims,
        keepdim: bool,
        largest: bool,
    ) -> Result<Self, TensorError> {
        let dims = dims.positions(operation, self.rank())?;
        self.check_choice(operation, &dims)?;
        let mut shape = self.shape().to_vec();
        dims.iter().for_each(|&dim| shape[dim] = 1);
        let kept: Vec<usize> =
            (0..shape.len()).filter(|dim| !dims.contains(dim)).map(|dim| shape[dim]).collect();
        let first = match dims.as_slice() {
            &[dim] => self.order(dim, largest, 1),
            // All of them: one long line.
            _ if kept.is_empty() => self.detach().flatten(0, -1)?.order(0, largest, 1),
            _ => {
                let (expected, received) = ("one dimension, or all of them", format!("{dims:?}"));
                return Err(TensorError::Argument { operation, argument: "dims", expected, received });
            }
        };
        Self::apply(Reshape { shape: if keepdim { shape } else { kept } }, &[&first])
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
        if self.rank() == 0 {
            [dim].positions("sort", 0)?;
            return Ok((self.clone(), Self::from(0)));
        }
        let position = position("sort", dim, self.rank())?;
        let order = self.order(position, descending, self.shape()[position]);
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
        let position = position("topk", dim, self.rank())?;
        let size = self.shape()[position];
        if k > size {
            return Err(TensorError::Index { operation: "topk", index: k as i64, size });
        }
        let order = self.order(position, largest, k);
        Ok((self.gather(dim, &order)?, order))
    }

    /// The positions of the first `n` elements along a dimension, in order; equals stay as they were.
    fn order(&self, dim: usize, descending: bool, n: usize) -> Self {
        let order = on_elements!(&*self.storage().data(), elements => {
            first_of_lines(self.layout(), dim, n, |a, b| compare(elements[a], elements[b], descending))
        });
        let mut shape = self.shape().to_vec();
        shape[dim] = n;
        Self::from_data(i64::store(order), &shape)
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
fn compare<T: Element>(a: T, b: T, descending: bool) -> Ordering {
    let is_nan = |number: T| number.partial_cmp(&number).is_none();
    let order = a.partial_cmp(&b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)));
    if descending { order.reverse() } else { order }
}
