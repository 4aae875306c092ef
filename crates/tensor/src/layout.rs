/// Where a tensor's elements lie in its storage: element `(i, j, …)` at `offset + i·strides[0] + j·strides[1] + …`.
///
/// A view is another layout over the same storage, which is why it moves nothing.
///
/// ```
/// use tensor::Layout;
/// let layout = Layout::contiguous(&[3, 4, 5]);
/// assert_eq!(layout.strides, [20, 5, 1]);
/// assert_eq!(layout.positions().nth(6), Some(6));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The size of each dimension.
    pub shape: Vec<usize>,
    /// How far apart neighbours along each dimension lie, in elements; 0 where one element is repeated.
    pub strides: Vec<usize>,
    /// Where the first element lies.
    pub offset: usize,
}

impl Layout {
    /// Row by row from the storage's beginning, without gaps.
    pub fn contiguous(shape: &[usize]) -> Self {
        let mut strides = vec![1; shape.len()];
        for dim in (1..shape.len()).rev() {
            strides[dim - 1] = strides[dim] * shape[dim].max(1);
        }
        Self { shape: shape.to_vec(), strides, offset: 0 }
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether walking the elements in order walks the storage in order, without gaps; sizes of 1 do not count.
    pub fn is_contiguous(&self) -> bool {
        let contiguous = Self::contiguous(&self.shape).strides;
        let dims = self.shape.iter().zip(self.strides.iter().zip(&contiguous));
        self.numel() == 0 || dims.into_iter().all(|(&size, (a, b))| size == 1 || a == b)
    }

    /// Whether several elements share a place in the storage, as after `expand`.
    pub fn repeats(&self) -> bool {
        self.numel() > 1
            && self.shape.iter().zip(&self.strides).any(|(&size, &stride)| size > 1 && stride == 0)
    }

    /// Another shape over the same places in the same order, or `None` where only a copy can have it.
    ///
    /// Dimensions are taken together in runs that lie without gaps; each run can be cut anew, but no new dimension can
    /// span two runs.
    pub fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        if self.numel() != shape.iter().product::<usize>() {
            return None;
        }
        if self.numel() == 0 && self.shape == shape {
            return Some(self.clone());
        }
        let mut reshaped = Self::contiguous(shape);
        reshaped.offset = self.offset;
        if self.numel() == 0 || self.shape.is_empty() {
            return Some(reshaped);
        }
        let mut left = shape.len();
        let (mut run, mut taken) = (1, 1);
        let mut stride = self.strides[self.shape.len() - 1];
        for dim in (0..self.shape.len()).rev() {
            run *= self.shape[dim];
            let goes_on = dim > 0 && (self.shape[dim - 1] == 1 || self.strides[dim - 1] == run * stride);
            if goes_on {
                continue;
            }
            while left > 0 && (taken < run || shape[left - 1] == 1) {
                left -= 1;
                reshaped.strides[left] = taken * stride;
                taken *= shape[left];
            }
            if taken != run {
                return None;
            }
            if dim > 0 {
                stride = self.strides[dim - 1];
                (run, taken) = (1, 1);
            }
        }
        (left == 0).then_some(reshaped)
    }

    /// The elements' places in the storage, in order.
    pub fn positions(&self) -> Positions<'_> {
        Positions { layout: self, index: vec![0; self.shape.len()], next: self.offset, n_left: self.numel() }
    }
}

/// See [`Layout::positions`].
#[derive(Clone, Debug)]
pub struct Positions<'a> {
    layout: &'a Layout,
    index: Vec<usize>,
    next: usize,
    n_left: usize,
}

impl Iterator for Positions<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.n_left = self.n_left.checked_sub(1)?;
        let position = self.next;
        let Layout { shape, strides, .. } = self.layout;
        for dim in (0..shape.len()).rev() {
            self.index[dim] += 1;
            self.next += strides[dim];
            if self.index[dim] < shape[dim] {
                break;
            }
            self.next -= shape[dim] * strides[dim];
            self.index[dim] = 0;
        }
        Some(position)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

impl ExactSizeIterator for Positions<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_matrix_cannot_be_flattened_without_a_copy() {
        let transposed = Layout { shape: vec![3, 2], strides: vec![1, 3], offset: 0 };
        assert_eq!(transposed.reshaped(&[6]), None);
        assert_eq!(transposed.positions().collect::<Vec<_>>(), [0, 3, 1, 4, 2, 5]);
    }

    #[test]
    fn dimensions_that_lie_together_can_be_cut_anew() {
        // The middle two rows of each of [3, 4, 6].
        let rows = Layout { shape: vec![3, 2, 6], strides: vec![24, 6, 1], offset: 6 };
        let cut = rows.reshaped(&[3, 4, 1, 3]).unwrap();
        assert_eq!((cut.strides, cut.offset), (vec![24, 3, 3, 1], 6));
        assert_eq!(rows.reshaped(&[6, 6]), None);
    }

    #[test]
    fn an_empty_tensor_and_a_single_number_can_take_any_fitting_shape() {
        assert!(Layout::contiguous(&[0, 3]).reshaped(&[5, 0]).is_some());
        assert_eq!(Layout::contiguous(&[]).reshaped(&[1, 1]).unwrap().strides, [1, 1]);
    }
}
