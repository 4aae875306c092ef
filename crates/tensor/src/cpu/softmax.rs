//! Softmax and its logarithm over the last dimension, and their gradients.

use super::kernels::Read;

fn rows<'a>(input: &Read<'a>, out: &'a mut [f32]) -> impl Iterator<Item = (&'a [f32], &'a mut [f32])> {
    let len = input.shape[input.shape.len() - 1].max(1);
    input.data.chunks_exact(len).zip(out.chunks_exact_mut(len))
}

fn maximum(row: &[f32]) -> f32 {
    row.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

pub(super) fn softmax(input: Read<'_>, out: &mut [f32]) {
    for (row, out) in rows(&input, out) {
        let largest = maximum(row);
        let mut total = 0.0;
        for (out, x) in out.iter_mut().zip(row) {
            *out = (x - largest).exp();
            total += *out;
        }
        for out in out {
            *out /= total;
        }
    }
}

pub(super) fn log_softmax(input: Read<'_>, out: &mut [f32]) {
    for (row, out) in rows(&input, out) {
        let largest = maximum(row);
        let total = row.iter().map(|x| (x - largest).exp()).sum::<f32>().ln();
        for (out, x) in out.iter_mut().zip(row) {
            *out = x - largest - total;
        }
    }
}

pub(super) fn softmax_grad(output: Read<'_>, grad_output: &[f32], out: &mut [f32]) {
    let len = output.shape[output.shape.len() - 1].max(1);
    for ((p, out), g) in rows(&output, out).zip(grad_output.chunks_exact(len)) {
        let dot: f32 = p.iter().zip(g).map(|(p, g)| p * g).sum();
        for ((out, p), g) in out.iter_mut().zip(p).zip(g) {
            *out = p * (g - dot);
        }
    }
}

pub(super) fn log_softmax_grad(output: Read<'_>, grad_output: &[f32], out: &mut [f32]) {
    let len = output.shape[output.shape.len() - 1].max(1);
    for ((l, out), g) in rows(&output, out).zip(grad_output.chunks_exact(len)) {
        let total: f32 = g.iter().sum();
        for ((out, l), g) in out.iter_mut().zip(l).zip(g) {
            *out = g - l.exp() * total;
        }
    }
}
