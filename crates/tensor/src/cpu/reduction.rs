//! One number out of many: means, variances and extremes over some dimensions. Sums are kept in 64 bits on the way.

use super::kernels::Read;
use crate::layout::Layout;
use crate::ops::{Reduce, broadcast_strides};

pub(super) fn run(kind: Reduce, input: Read<'_>, shape: &[usize], out: &mut [f32]) {
    let (kept, reduced) = split(input.shape, shape);
    let n = reduced.numel() as f64;
    for (out, start) in out.iter_mut().zip(kept.positions()) {
        let numbers = || reduced.positions().map(|position| input.data[start + position]);
        let mean = || numbers().map(f64::from).sum::<f64>() / n;
        *out = match kind {
            Reduce::Mean => mean() as f32,
            Reduce::Var { correction } => {
                let mean = mean();
                let squares: f64 = numbers().map(|x| (f64::from(x) - mean).powi(2)).sum();
                (squares / (n - correction as f64).max(0.0)) as f32
            }
            Reduce::Amax => numbers().fold(f32::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b }),
            Reduce::Amin => numbers().fold(f32::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b }),
        };
    }
}

/// Where each output's first number lies, and where the others lie from there.
fn split(input: &[usize], shape: &[usize]) -> (Layout, Layout) {
    let strides = Layout::contiguous(input).strides;
    let repeated = broadcast_strides(shape, input);
    let (mut kept, mut reduced) = (Layout::contiguous(&[]), Layout::contiguous(&[]));
    for (dim, (&size, stride)) in input.iter().zip(strides).enumerate() {
        let layout = if repeated[dim] == 0 && size != 1 { &mut reduced } else { &mut kept };
        layout.shape.push(size);
        layout.strides.push(stride);
    }
    (kept, reduced)
}
