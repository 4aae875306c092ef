use std::cell::Cell;

use tensor::{Tensor, TensorError};

use super::Module;
use crate::functional::{Affine, Running, batch_norm};

/// Each channel normalised over the batch, PyTorch's
/// [`nn.BatchNorm2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html); [`batch_norm`] has the
/// formulas.
///
/// ```
/// use nn::modules::{BatchNorm2d, Module};
/// use tensor::Tensor;
/// let norm = BatchNorm2d::new(1)?;
/// let input = Tensor::from([[[1.0, 3.0]]]).unsqueeze(0)?; // [1, 1, 1, 2]
/// assert!(norm.forward(&input)?.mean(.., false)?.item()?.abs() < 1e-6, "the batch's own mean");
/// norm.eval();
/// assert!(norm.forward(&input)?.mean(.., false)?.item()? > 1.0, "less the running mean of 0.2");
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Shapes
/// `[batch, channels, height, width]` to the same.
#[derive(Clone, Debug)]
pub struct BatchNorm2d {
    num_features: usize,
    /// Weight and bias.
    affine: Option<[Tensor; 2]>,
    running: Option<Statistics>,
    eps: f32,
    momentum: Option<f32>,
    training: Cell<bool>,
}

#[derive(Clone, Debug)]
struct Statistics {
    mean: Tensor,
    var: Tensor,
    num_batches_tracked: Tensor,
}

impl BatchNorm2d {
    /// With PyTorch's defaults: weight 1, bias 0, `eps` 1e-5, `momentum` 0.1.
    ///
    /// # Errors
    /// [`TensorError`] where the parameters cannot be made.
    pub fn new(num_features: usize) -> Result<Self, TensorError> {
        Self::with_arguments(num_features, &crate::layers::BatchNorm2d::default())
    }

    /// With the arguments that a [`ModelSpec`](crate::ModelSpec) has.
    ///
    /// # Errors
    /// As [`BatchNorm2d::new`].
    pub fn with_arguments(
        num_features: usize,
        arguments: &crate::layers::BatchNorm2d,
    ) -> Result<Self, TensorError> {
        let affine =
            || Ok([Tensor::ones([num_features]).with_grad()?, Tensor::zeros([num_features]).with_grad()?]);
        Ok(Self {
            num_features,
            affine: arguments.affine.then(affine).transpose()?,
            running: arguments.track_running_stats.then(|| Statistics {
                mean: Tensor::zeros([num_features]),
                var: Tensor::ones([num_features]),
                num_batches_tracked: Tensor::from(0),
            }),
            eps: arguments.eps,
            momentum: Some(arguments.momentum),
            training: Cell::new(true),
        })
    }

    /// What is added to the variance, so that nothing is divided by zero: PyTorch's argument `eps`.
    #[must_use]
    pub const fn eps(mut self, eps: f32) -> Self {
        self.eps = eps;
        self
    }

    /// How far the running statistics move towards each batch's, or none for the mean of all batches so far: PyTorch's
    /// argument `momentum`.
    #[must_use]
    pub const fn momentum(mut self, momentum: Option<f32>) -> Self {
        self.momentum = momentum;
        self
    }

    /// γ, PyTorch's `weight`, `[channels]`, where there is one.
    pub fn weight(&self) -> Option<&Tensor> {
        self.affine.as_ref().map(|[weight, _]| weight)
    }

    /// β, PyTorch's `bias`, `[channels]`, where there is one.
    pub fn bias(&self) -> Option<&Tensor> {
        self.affine.as_ref().map(|[_, bias]| bias)
    }
}

impl Module for BatchNorm2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        if input.rank() != 4 {
            return Err(TensorError::Shapes {
                operation: "BatchNorm2d",
                expected: "an input [batch, channels, height, width]".into(),
                received: vec![input.shape().to_vec()],
            });
        }
        let training = self.training.get();
        let affine = self.affine.as_ref().map(|[weight, bias]| Affine { weight, bias });
        let Some(Statistics { mean, var, num_batches_tracked }) = &self.running else {
            // Without running statistics they are the batch's, always.
            return batch_norm(input, None, affine, true, 0.0, self.eps);
        };
        let n_batches = num_batches_tracked.item()? + f64::from(u8::from(training));
        let momentum = self.momentum.unwrap_or((1.0 / n_batches.max(1.0)) as f32);
        let output = batch_norm(input, Some(Running { mean, var }), affine, training, momentum, self.eps)?;
        num_batches_tracked.fill_(n_batches)?;
        Ok(output)
    }

    fn describe(&self) -> String {
        let momentum = self.momentum.map_or_else(|| "None".to_owned(), |momentum| momentum.to_string());
        let python = |truth: bool| if truth { "True" } else { "False" };
        format!(
            "BatchNorm2d({}, eps={}, momentum={momentum}, affine={affine}, bias={affine}, track_running_stats={})",
            self.num_features,
            scientific(self.eps),
            python(self.running.is_some()),
            affine = python(self.affine.is_some()),
        )
    }

    fn own_parameters(&self) -> Vec<(&'static str, &Tensor)> {
        self.affine.iter().flat_map(|[weight, bias]| [("weight", weight), ("bias", bias)]).collect()
    }

    fn own_buffers(&self) -> Vec<(&'static str, &Tensor)> {
        let Some(Statistics { mean, var, num_batches_tracked }) = &self.running else { return Vec::new() };
        vec![("running_mean", mean), ("running_var", var), ("num_batches_tracked", num_batches_tracked)]
    }

    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
}

/// A small number as Python writes it: `1e-05`.
fn scientific(number: f32) -> String {
    let text = format!("{number:e}");
    match text.split_once("e-") {
        Some((digits, exponent)) if number < 1e-4 => format!("{digits}e-{exponent:0>2}"),
        _ => number.to_string(),
    }
}
