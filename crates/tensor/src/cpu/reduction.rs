//! One number out of many: means, variances and extremes over some dimensions. Sums are kept in 64 bits on the way.

use super::kernels::Read;
use crate::layout::Layout;
use crate::ops::{Reduce, broadcast_strides};

pub(super) fn run(kind: Reduce, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let (kept, reduced, run) = split(input.shape, shape);
    let n = (reduced.numel() * run) as f64;
    for (out, start) in out.iter_mut().zip(kept.positions()) {
        let runs = || reduced.positions().map(|position| &input.data[start + position..][..run]);
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
pub(super) fn sum(len: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let whole = len / 4 * 4;
    for idx in (0..whole).step_by(4) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(idx + lane);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + (whole..len).map(term).sum::<f64>()
}

/// Where each output's first number lies, where the runs of its numbers lie from there, and how long a run is.
fn split(input: &[usize], shape: &[usize]) -> (Layout, Layout, usize) {
    let strides = Layout::contiguous(input).strides;
    let repeated = broadcast_strides(shape, input);
    let is_reduced = |dim: usize| repeated[dim] == 0 && input[dim] != 1;
    let n_outer =
        (0..input.len()).rposition(|dim| !is_reduced(dim) && input[dim] != 1).map_or(0, |dim| dim + 1);
    let (mut kept, mut reduced) = (Layout::contiguous(&[]), Layout::contiguous(&[]));
    for dim in 0..n_outer {
        let layout = if is_reduced(dim) { &mut reduced } else { &mut kept };
        layout.shape.push(input[dim]);
        layout.strides.push(strides[dim]);
    }
    (kept, reduced, input[n_outer..].iter().product())
}
