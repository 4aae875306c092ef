use super::Tensor;
use crate::error::TensorError;

/// Which dimensions to reduce: `..` for all, one, or several; negative ones count from the end. A single number has no
/// dimension, but may be asked for its first or last, as in PyTorch.
pub trait Dims {
    /// As positions among `rank`, in ascending order.
    ///
    /// # Errors
    /// [`TensorError::Dim`] where there is no such dimension, [`TensorError::Argument`] where one comes twice.
    fn positions(&self, operation: &'static str, rank: usize) -> Result<Vec<usize>, TensorError>;
}

impl Dims for std::ops::RangeFull {
    fn positions(&self, _operation: &'static str, rank: usize) -> Result<Vec<usize>, TensorError> {
        Ok((0..rank).collect())
    }
}

impl Dims for isize {
    fn positions(&self, operation: &'static str, rank: usize) -> Result<Vec<usize>, TensorError> {
        [*self].as_slice().positions(operation, rank)
    }
}

impl<const N: usize> Dims for [isize; N] {
    fn positions(&self, operation: &'static str, rank: usize) -> Result<Vec<usize>, TensorError> {
        self.as_slice().positions(operation, rank)
    }
}

impl Dims for &[isize] {
    fn positions(&self, operation: &'static str, rank: usize) -> Result<Vec<usize>, TensorError> {
        if rank == 0 && self.iter().all(|dim| matches!(dim, -1 | 0)) {
            return Ok(Vec::new());
        }
        let positions: Result<Vec<usize>, _> =
            self.iter().map(|&dim| position(operation, dim, rank)).collect();
        let mut positions = positions?;
        positions.sort_unstable();
        if positions.windows(2).any(|two| two[0] == two[1]) {
            let (expected, received) = ("a list that has each dimension once", format!("{self:?}"));
            return Err(TensorError::Argument { operation, argument: "dims", expected, received });
        }
        Ok(positions)
    }
}

/// One dimension's position.
pub(super) fn position(operation: &'static str, dim: isize, rank: usize) -> Result<usize, TensorError> {
    let found = if dim < 0 { rank.checked_add_signed(dim) } else { Some(dim.unsigned_abs()) };
    found.filter(|&found| found < rank).ok_or(TensorError::Dim { operation, dim, rank })
}

/// A shape in which one size may be −1: as many as remain.
pub(super) fn sizes(
    operation: &'static str,
    tensor: &Tensor,
    wanted: &[isize],
) -> Result<Vec<usize>, TensorError> {
    let mismatch = || TensorError::Shapes {
        operation,
        expected: format!("a shape of as many elements as {wanted:?}, in which at most one size may be -1"),
        received: vec![tensor.shape().to_vec()],
    };
    let given = wanted.iter().filter(|&&size| size != -1);
    let n_given: isize = given.clone().product();
    let n_unknown = wanted.len() - given.count();
    let n_given = usize::try_from(n_given).map_err(|_| mismatch())?;
    let rest = match n_unknown {
        0 => 1,
        1 if n_given > 0 && tensor.numel().is_multiple_of(n_given) => tensor.numel() / n_given,
        _ => return Err(mismatch()),
    };
    let sizes: Result<Vec<usize>, _> =
        wanted.iter().map(|&size| if size == -1 { Ok(rest) } else { usize::try_from(size) }).collect();
    let sizes = sizes.map_err(|_| mismatch())?;
    if sizes.iter().product::<usize>() == tensor.numel() { Ok(sizes) } else { Err(mismatch()) }
}
