//! What training makes small, named as in `torch.nn`: means over the batch, and over the classes where the formula says so.

use serde::{Deserialize, Serialize};
use tensor::ops::{Binary, ElementLoss, LogSoftmax, NllLoss, OneHot, SumTo};
use tensor::{Graph, NodeId, TensorError};

use crate::model::{LayerSpec, ModelSpec};
use crate::network::NetworkError;
use crate::options::OptionError;

/// A loss. Those that compare numbers do so with one-hot targets: 1 for the right class, 0 for the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Loss {
    /// The negative logarithm of the probability that softmax gives the right class
    /// ([`CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)).
    CrossEntropyLoss(CrossEntropyLoss),
    /// The same of a network that ends in `LogSoftmax`
    /// ([`NLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html)).
    NLLLoss,
    /// The square of the difference
    /// ([`MSELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)).
    MSELoss,
    /// The difference without its sign
    /// ([`L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)).
    L1Loss,
    /// Half the square of differences below 1, and ½ less than the difference above
    /// ([`SmoothL1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html), `beta` 1).
    SmoothL1Loss,
    /// Of each class by itself: is it this one or not
    /// ([`BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)).
    BCEWithLogitsLoss,
}

/// The argument of [`Loss::CrossEntropyLoss`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropyLoss {
    /// How much of the target is spread over all classes alike (Szegedy and others, 2016).
    pub label_smoothing: f32,
}

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropyLoss(CrossEntropyLoss::default())
    }
}

impl Loss {
    /// All of them, with their usual arguments, in the order of a menu.
    pub fn all() -> [Self; 6] {
        let cross_entropy = Self::default();
        [
            cross_entropy,
            Self::NLLLoss,
            Self::MSELoss,
            Self::L1Loss,
            Self::SmoothL1Loss,
            Self::BCEWithLogitsLoss,
        ]
    }

    /// The name in `torch.nn`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CrossEntropyLoss(_) => "CrossEntropyLoss",
            Self::NLLLoss => "NLLLoss",
            Self::MSELoss => "MSELoss",
            Self::L1Loss => "L1Loss",
            Self::SmoothL1Loss => "SmoothL1Loss",
            Self::BCEWithLogitsLoss => "BCEWithLogitsLoss",
        }
    }

    /// Checks the argument's range.
    ///
    /// # Errors
    /// [`OptionError`] where it is out of range.
    pub fn check(&self) -> Result<(), OptionError> {
        let Self::CrossEntropyLoss(CrossEntropyLoss { label_smoothing }) = self else { return Ok(()) };
        let accepted = (0.0..=1.0).contains(label_smoothing);
        OptionError::unless(accepted, "loss.label_smoothing", label_smoothing, "between 0 and 1")
    }

    /// Checks that a network ends in what the loss takes.
    ///
    /// # Errors
    /// [`NetworkError::NoLogSoftmax`] for [`Loss::NLLLoss`] after anything but `LogSoftmax`.
    pub fn check_network(&self, model: &ModelSpec) -> Result<(), NetworkError> {
        match (self, model.layers.last()) {
            (Self::NLLLoss, last) if last != Some(&LayerSpec::LogSoftmax) => Err(NetworkError::NoLogSoftmax),
            _ => Ok(()),
        }
    }

    /// Records the mean loss of a batch: output `[batch, classes]`, labels `[batch]`; one number.
    ///
    /// # Errors
    /// [`TensorError`] where the shapes do not fit.
    pub fn record(&self, graph: &mut Graph, output: NodeId, labels: NodeId) -> Result<NodeId, TensorError> {
        let element = match self {
            Self::CrossEntropyLoss(CrossEntropyLoss { label_smoothing }) => {
                let logs = graph.apply(LogSoftmax, &[output])?;
                let loss = graph.apply(NllLoss, &[logs, labels])?;
                if *label_smoothing == 0.0 {
                    return Ok(loss);
                }
                return smoothed(graph, logs, loss, *label_smoothing);
            }
            Self::NLLLoss => return graph.apply(NllLoss, &[output, labels]),
            Self::MSELoss => ElementLoss::Mse,
            Self::L1Loss => ElementLoss::L1,
            Self::SmoothL1Loss => ElementLoss::SmoothL1,
            Self::BCEWithLogitsLoss => ElementLoss::BceWithLogits,
        };
        let n_classes = graph.shape(output).last().copied().unwrap_or(0);
        let target = graph.apply(OneHot { n_classes }, &[labels])?;
        graph.apply(element, &[output, target])
    }

    /// One picture's loss from what the network gives for it, in double precision.
    pub fn of(&self, output: &[f32], label: usize) -> f64 {
        let n = output.len() as f64;
        let mean = |of: fn(f64, f64) -> f64| {
            let targets = (0..output.len()).map(|class| f64::from(u8::from(class == label)));
            output.iter().zip(targets).map(|(&x, target)| of(f64::from(x), target)).sum::<f64>() / n
        };
        match self {
            Self::CrossEntropyLoss(CrossEntropyLoss { label_smoothing }) => {
                let smoothing = f64::from(*label_smoothing);
                let largest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let total = output.iter().map(|&x| f64::from(x - largest).exp()).sum::<f64>().ln();
                let of_class = |x: f32| total - f64::from(x - largest);
                let of_all = output.iter().map(|&x| of_class(x)).sum::<f64>() / n;
                let of_label = of_class(output[label]);
                // Not a product with zero, as one class alone may be infinitely improbable.
                if smoothing == 0.0 { of_label } else { (1.0 - smoothing) * of_label + smoothing * of_all }
            }
            Self::NLLLoss => -f64::from(output[label]),
            Self::MSELoss => mean(|x, target| (x - target).powi(2)),
            Self::L1Loss => mean(|x, target| (x - target).abs()),
            Self::SmoothL1Loss => mean(|x, target| {
                let distance = (x - target).abs();
                if distance < 1.0 { 0.5 * distance * distance } else { distance - 0.5 }
            }),
            Self::BCEWithLogitsLoss => mean(|x, target| x.max(0.0) - x * target + (-x.abs()).exp().ln_1p()),
        }
    }
}

/// `(1 − s)·loss − s/(batch·classes) · Σ logs`
fn smoothed(graph: &mut Graph, logs: NodeId, loss: NodeId, smoothing: f32) -> Result<NodeId, TensorError> {
    let n = graph.node(logs).value.numel() as f32;
    let kept = graph.constant(1.0 - smoothing, &[]);
    let share = graph.constant(-smoothing / n, &[]);
    let kept = graph.apply(Binary::Mul, &[loss, kept])?;
    let sum = graph.apply(SumTo { shape: Vec::new() }, &[logs])?;
    let spread = graph.apply(Binary::Mul, &[sum, share])?;
    graph.apply(Binary::Add, &[kept, spread])
}

#[cfg(test)]
mod tests;
