use tensor::Step;
use tensor::ops::{Binary, Reduce, broadcast_strides};

use super::{Grid, Row, u32};
use crate::error::GpuError;
use crate::specialise::{Constant, MAX_RANK};

/// A dimension: its size, and how far apart neighbours lie in each of `N` tensors.
type Dim<const N: usize> = (usize, [usize; N]);

/// Fewer dimensions that number the same elements in the same order: those of size 1 are dropped, and neighbours are
/// merged where every tensor steps through both as through one.
fn merged<const N: usize>(dims: impl IntoIterator<Item = Dim<N>>) -> Vec<Dim<N>> {
    let mut merged: Vec<Dim<N>> = Vec::new();
    for (size, strides) in dims.into_iter().filter(|(size, _)| *size != 1) {
        match merged.last_mut() {
            Some((outer_size, outer)) if (0..N).all(|idx| outer[idx] == strides[idx] * size) => {
                *outer_size *= size;
                *outer = strides;
            }
            _ => merged.push((size, strides)),
        }
    }
    merged
}

/// Sizes and strides as the shaders want them: at the end of an array, after dimensions of size 1.
struct Padded<const N: usize> {
    rank: Constant,
    sizes: Constant,
    strides: [Constant; N],
}

fn padded<const N: usize>(dims: &[Dim<N>], step: &Step) -> Result<Padded<N>, GpuError> {
    let first = MAX_RANK.checked_sub(dims.len()).ok_or_else(|| GpuError::Unsupported {
        kernel: step.kernel.name(),
        reason: format!("{} dimensions remain after merging; at most {MAX_RANK} can", dims.len()),
    })?;
    let mut sizes = [1; MAX_RANK];
    let mut strides = [[0; MAX_RANK]; N];
    for (position, (size, steps)) in dims.iter().enumerate() {
        sizes[first + position] = *size as u32;
        for (strides, step) in strides.iter_mut().zip(steps) {
            strides[first + position] = *step as u32;
        }
    }
    Ok(Padded { rank: u32(dims.len()), sizes: Constant::Sizes(sizes), strides: strides.map(Constant::Sizes) })
}

pub(super) fn binary(file: &'static str, binary: Binary, step: &Step) -> Result<Row, GpuError> {
    let kind = match binary {
        Binary::Add => 0,
        Binary::Sub => 1,
        Binary::Mul => 2,
        Binary::Div => 3,
    };
    let shape = &step.writes[0].value.shape;
    let strides = |idx: usize| broadcast_strides(&step.reads[idx].value.shape, shape);
    let (a, b) = (strides(0), strides(1));
    let dims = merged((0..shape.len()).map(|dim| (shape[dim], [a[dim], b[dim]])));
    let Padded { rank, sizes, strides: [a, b] } = padded(&dims, step)?;
    let constants =
        vec![("KIND", u32(kind)), ("RANK", rank), ("SIZES", sizes), ("A_STRIDES", a), ("B_STRIDES", b)];
    Ok(Row { file, constants, grid: Grid::Invocations(step.writes[0].value.numel()) })
}

/// One workgroup per number that is written.
pub(super) fn sum_to(file: &'static str, step: &Step) -> Result<Row, GpuError> {
    let shape = &step.reads[0].value.shape;
    let input = broadcast_strides(shape, shape);
    // Where broadcasting would repeat the output, the input is summed.
    let output = broadcast_strides(&step.writes[0].value.shape, shape);
    let dims = |summed: bool| {
        let wanted = (0..shape.len()).filter(|&dim| (output[dim] == 0) == summed);
        merged(wanted.map(|dim| (shape[dim], [input[dim]])).collect::<Vec<_>>())
    };
    let kept = padded(&dims(false), step)?;
    let summed = padded(&dims(true), step)?;
    let constants = vec![
        ("KEPT_RANK", kept.rank),
        ("KEPT_SIZES", kept.sizes),
        ("KEPT_STRIDES", kept.strides[0]),
        ("SUMMED_RANK", summed.rank),
        ("SUMMED_SIZES", summed.sizes),
        ("SUMMED_STRIDES", summed.strides[0]),
    ];
    Ok(Row { file, constants, grid: Grid::Workgroups(step.writes[0].value.numel()) })
}

/// One workgroup per mean or variance that is written.
pub(super) fn reduction(file: &'static str, kind: Reduce, step: &Step) -> Result<Row, GpuError> {
    let (kind, correction) = if let Reduce::Var { correction } = kind { (1, correction) } else { (0, 0) };
    let mut row = sum_to(file, step)?;
    row.constants.extend([("KIND", u32(kind)), ("CORRECTION", u32(correction))]);
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn neighbours_that_are_walked_as_one_are_merged() {
        // A bias of [1, 3, 1, 1] added to [2, 3, 4, 5].
        let dims = [(2, [60, 0]), (3, [20, 1]), (4, [5, 0]), (5, [1, 0])];
        assert_eq!(merged(dims), [(2, [60, 0]), (3, [20, 1]), (20, [1, 0])]);
    }

    #[test]
    fn sizes_of_one_do_not_count() {
        assert_eq!(merged([(1, [7]), (4, [1]), (1, [0])]), [(4, [1])]);
        assert_eq!(merged::<1>([(1, [0])]), []);
    }
}
