//! Batch normalisation and its gradients, over planes: `[height · width]` numbers of one picture's channel.

use super::kernels::Read;
use super::reduction::sum;

/// Where the planes of `[batch, channels, height, width]` begin, with their channels, and how long they are.
fn planes(input: Read<'_>) -> (usize, impl Iterator<Item = (usize, usize)>) {
    let [batch, channels, height, width] = input.dims();
    let len = height * width;
    (len, (0..batch * channels).map(move |plane| (plane * len, plane % channels)))
}

/// `input, mean, var, weight, bias` to the output.
pub(super) fn forward(eps: f32, reads: &[Read<'_>], out: &mut [f32]) {
    let [input, mean, var, weight, bias] = reads else { unreachable!("the shape rule asks for five inputs") };
    let (len, planes) = planes(*input);
    for (start, channel) in planes {
        let (mean, bias) = (mean.data[channel], bias.data[channel]);
        let scale = weight.data[channel] / (var.data[channel] + eps).sqrt();
        for (out, x) in out[start..start + len].iter_mut().zip(&input.data[start..start + len]) {
            *out = (x - mean) * scale + bias;
        }
    }
}

/// `input, mean, var, grad_output` to the weight's gradient.
pub(super) fn grad_weight(eps: f32, reads: &[Read<'_>], out: &mut [f32]) {
    let [input, mean, var, grad] = reads else { unreachable!("the shape rule asks for four inputs") };
    let n_channels = out.len();
    let [_, _, height, width] = input.dims();
    let len = height * width;
    for (channel, out) in out.iter_mut().enumerate() {
        let mean = mean.data[channel];
        let starts = (channel * len..input.data.len()).step_by((n_channels * len).max(1));
        let of_plane = |start: usize| {
            let (x, grad) = (&input.data[start..start + len], &grad.data[start..start + len]);
            sum(len, |idx| f64::from(grad[idx] * (x[idx] - mean)))
        };
        let total: f64 = starts.map(of_plane).sum();
        *out = (total / f64::from(var.data[channel] + eps).sqrt()) as f32;
    }
}

/// `input, mean, var, weight, grad_output, grad_weight, grad_bias` to the input's gradient.
pub(super) fn grad_input(eps: f32, reads: &[Read<'_>], out: &mut [f32]) {
    let [input, mean, var, weight, grad, grad_weight, grad_bias] = reads else {
        unreachable!("the shape rule asks for seven inputs")
    };
    let (len, planes) = planes(*input);
    let n_values = (input.data.len() / mean.data.len().max(1)) as f32;
    for (start, channel) in planes {
        let inverse = 1.0 / (var.data[channel] + eps).sqrt();
        let (mean, scale) = (mean.data[channel], weight.data[channel] * inverse);
        let constant = grad_bias.data[channel] / n_values;
        let slope = inverse * grad_weight.data[channel] / n_values;
        let numbers = input.data[start..start + len].iter().zip(&grad.data[start..start + len]);
        for (out, (x, grad)) in out[start..start + len].iter_mut().zip(numbers) {
            *out = scale * (grad - constant - slope * (x - mean));
        }
    }
}
