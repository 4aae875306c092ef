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
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    num_batches_tracked: Tensor,
    eps: f32,
    momentum: Option<f32>,
    training: Cell<bool>,
}

impl BatchNorm2d {
    /// With PyTorch's defaults: weight 1, bias 0, `eps` 1e-5, `momentum` 0.1.
    ///
    /// # Errors
    /// [`TensorError`] where the parameters cannot be made.
    pub fn new(num_features: usize) -> Result<Self, TensorError> {
        Ok(Self {
            weight: Tensor::ones([num_features]).with_grad()?,
            bias: Tensor::zeros([num_features]).with_grad()?,
            running_mean: Tensor::zeros([num_features]),
            running_var: Tensor::ones([num_features]),
            num_batches_tracked: Tensor::from(0),
            eps: 1e-5,
            momentum: Some(0.1),
            training: Cell::new(true),
        })
    }

    /// What is added to the variance, so that nothing is divided by zero.
    #[must_use]
    pub const fn eps(mut self, eps: f32) -> Self {
        self.eps = eps;
        self
    }

    /// How far the running statistics move towards each batch's; none for the mean of all batches so far.
    #[must_use]
    pub const fn momentum(mut self, momentum: Option<f32>) -> Self {
        self.momentum = momentum;
        self
    }

    /// γ, `[channels]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// β, `[channels]`.
    pub const fn bias(&self) -> &Tensor {
        &self.bias
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
        let n_batches = self.num_batches_tracked.item()? + f64::from(u8::from(training));
        let momentum = self.momentum.unwrap_or((1.0 / n_batches.max(1.0)) as f32);
        let running = Running { mean: &self.running_mean, var: &self.running_var };
        let affine = Affine { weight: &self.weight, bias: &self.bias };
        let output = batch_norm(input, Some(running), Some(affine), training, momentum, self.eps)?;
        self.num_batches_tracked.fill_(n_batches)?;
        Ok(output)
    }

    fn describe(&self) -> String {
        let momentum = self.momentum.map_or_else(|| "None".to_owned(), |momentum| momentum.to_string());
        let (n, eps) = (self.weight.numel(), scientific(self.eps));
        format!(
            "BatchNorm2d({n}, eps={eps}, momentum={momentum}, affine=True, bias=True, track_running_stats=True)"
        )
    }

    fn own_parameters(&self) -> Vec<(&'static str, &Tensor)> {
        vec![("weight", &self.weight), ("bias", &self.bias)]
    }

    fn own_buffers(&self) -> Vec<(&'static str, &Tensor)> {
        vec![
            ("running_mean", &self.running_mean),
            ("running_var", &self.running_var),
            ("num_batches_tracked", &self.num_batches_tracked),
        ]
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
