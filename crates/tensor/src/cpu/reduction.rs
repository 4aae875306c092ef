//! One number out of many: means, variances and extremes over some dimensions. Sums are kept in 64 bits on the way.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use super::kernels::Read;
use crate::ops::Reduce;

pub(super) fn run(kind: Reduce, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let split = Split::new(input.shape, shape);
    let run = split.run;
    let n_runs = split.count(true);
    let n = (n_runs * run) as f64;
    for (idx, out) in out.iter_mut().enumerate() {
        let start = split.position(idx, false);
        let runs = || (0..n_runs).map(|idx| &input.data[start + split.position(idx, true)..][..run]);
        let numbers = || runs().flatten().copied();
        let mean = || runs().map(|numbers| sum(run, |idx| f64::from(numbers[idx]))).sum::<f64>() / n;
        *out = match kind {
            Reduce::Mean => mean() as f32,
            Reduce::Var { correction } => {
                let mean = mean();
                let square = |x: f32| (f64::from(x) - mean) * (f64::from(x) - mean);
                let squares: f64 = runs().map(|numbers| sum(run, |idx| square(numbers[idx]))).sum();
                (squares / (n - correction as f64).max(0.0)) as f32
            }
            Reduce::Amax => numbers().fold(f32::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b }),
            Reduce::Amin => numbers().fold(f32::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b }),
        };
    }
}

/// The sum of `len` terms, always in the same order: four sums side by side, so that an addition need not wait for the
/// one before.
#[inline(always)]
pub(super) fn sum<T>(len: usize, term: impl Fn(usize) -> T) -> T
where
    T: Copy + Default + AddAssign + Add<Output = T> + Sum,
{
    let mut sums = [T::default(); 4];
    let whole = len / 4 * 4;
    for idx in (0..whole).step_by(4) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(idx + lane);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + (whole..len).map(term).sum::<T>()
}

/// Where the numbers of each output lie: in runs of neighbours. Places are counted out without tables, so that nothing
/// is allocated.
struct Split<'a> {
    /// The dimensions before the runs: the input's, and 1 in place of those that are reduced.
    outer: &'a [usize],
    kept: &'a [usize],
    /// How long a run is.
    run: usize,
}

impl<'a> Split<'a> {
    /// `shape` is the input's with 1 in place of what is reduced, or without it.
    fn new(input: &'a [usize], shape: &'a [usize]) -> Self {
        let kept = |dim: usize| (dim + shape.len()).checked_sub(input.len()).map_or(1, |dim| shape[dim]);
        let n_outer = (0..input.len()).rposition(|dim| kept(dim) != 1).map_or(0, |dim| dim + 1);
        let (outer, inner) = input.split_at(n_outer);
        Self { outer, kept: &shape[..shape.len().saturating_sub(inner.len())], run: inner.iter().product() }
    }

    /// The sizes of the outer dimensions, the last first, and whether each is reduced.
    fn dims(&self) -> impl Iterator<Item = (usize, bool)> {
        let missing = self.outer.len() - self.kept.len();
        self.outer.iter().enumerate().rev().map(move |(dim, &size)| {
            let kept = dim.checked_sub(missing).map_or(1, |dim| self.kept[dim]);
            (size, kept == 1 && size != 1)
        })
    }

    /// How many runs an output has, or how many outputs there are.
    fn count(&self, reduced: bool) -> usize {
        self.dims().filter(|dim| dim.1 == reduced).map(|dim| dim.0).product()
    }

    /// Where an output's first number lies, or from there one of its runs.
    #[inline(always)]
    fn position(&self, idx: usize, reduced: bool) -> usize {
        let (mut position, mut rest, mut stride) = (0, idx, self.run);
        for (size, is_reduced) in self.dims() {
            if is_reduced == reduced && size != 1 {
                position += rest % size * stride;
                rest /= size;
            }
            stride *= size;
        }
        position
    }
}
