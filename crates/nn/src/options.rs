//! How a network is trained: the optimiser, its learning rate, the batch, the seed.

use serde::{Deserialize, Serialize};
use tensor::{Hyper, Update};

/// Everything about a run except the network and the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingOptions {
    /// The rule that turns gradients into steps.
    pub optimiser: Optimiser,
    /// The step's length.
    pub learning_rate: f32,
    /// Images a step.
    pub batch_size: usize,
    /// What all random choices derive from: initial weights, validation split, batch order.
    pub seed: u64,
}

/// An optimiser and its arguments, named as in `torch.optim`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Optimiser {
    /// Stochastic gradient descent, [`torch.optim.SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).
    #[serde(rename = "SGD")]
    Sgd {
        /// How much of the last step is kept.
        momentum: f32,
        /// Whether the momentum looks one step ahead.
        nesterov: bool,
        /// The factor of the weights that is added to the gradient.
        weight_decay: f32,
    },
    /// Kingma and Ba, 2014, [`torch.optim.Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html).
    Adam {
        /// Decay of the gradient's mean and of its square's.
        betas: [f32; 2],
        /// Keeps the division finite.
        eps: f32,
        /// The factor of the weights that is added to the gradient.
        weight_decay: f32,
    },
}

impl Optimiser {
    /// SGD with momentum 0.9.
    pub const fn sgd() -> Self {
        Self::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 }
    }

    /// Adam with PyTorch's defaults.
    pub const fn adam() -> Self {
        Self::Adam { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 }
    }

    /// The name in `torch.optim`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sgd { .. } => "SGD",
            Self::Adam { .. } => "Adam",
        }
    }

    /// The kernel that steps all parameters.
    pub const fn update(&self) -> Update {
        match self {
            Self::Sgd { nesterov, .. } => Update::Sgd { nesterov: *nesterov },
            Self::Adam { .. } => Update::Adam,
        }
    }

    /// What the kernel reads at step `step`, counted from 1 since the moments were empty.
    pub fn hyper(&self, learning_rate: f32, step: u64) -> Hyper {
        match *self {
            Self::Sgd { momentum, weight_decay, .. } => {
                Hyper { learning_rate, weight_decay, beta1: momentum, ..Hyper::default() }
            }
            Self::Adam { betas: [beta1, beta2], eps, weight_decay } => {
                // Powers in double precision, as PyTorch takes them.
                let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
                Hyper {
                    learning_rate,
                    weight_decay,
                    beta1,
                    beta2,
                    eps,
                    bias_correction1: correction(beta1) as f32,
                    bias_correction2_sqrt: correction(beta2).sqrt() as f32,
                    padding: 0.0,
                }
            }
        }
    }

    /// A learning rate to start from with this optimiser on small networks.
    pub const fn usual_learning_rate(&self) -> f32 {
        match self {
            Self::Sgd { .. } => 0.05,
            Self::Adam { .. } => 0.001,
        }
    }
}

impl Default for TrainingOptions {
    fn default() -> Self {
        let optimiser = Optimiser::sgd();
        Self { learning_rate: optimiser.usual_learning_rate(), optimiser, batch_size: 64, seed: 0 }
    }
}

/// The largest batch that is accepted.
pub const MOST_BATCH: usize = 4096;

/// An option that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{option} is {value}, but must be {expected}")]
pub struct OptionError {
    /// The option's name.
    pub option: &'static str,
    /// As given.
    pub value: String,
    /// What would be accepted.
    pub expected: &'static str,
}

impl TrainingOptions {
    /// Checks every option's range.
    ///
    /// # Errors
    /// [`OptionError`] that names the first option out of range.
    pub fn check(&self) -> Result<(), OptionError> {
        let fail = |option, value: String, expected| Err(OptionError { option, value, expected });
        if !self.learning_rate.is_finite() || self.learning_rate < 0.0 {
            return fail("learning_rate", self.learning_rate.to_string(), "a finite number of at least 0");
        }
        if self.batch_size == 0 || self.batch_size > MOST_BATCH {
            return fail("batch_size", self.batch_size.to_string(), "between 1 and 4096");
        }
        let factors: &[(&'static str, f32)] = match &self.optimiser {
            Optimiser::Sgd { momentum, weight_decay, .. } => {
                &[("momentum", *momentum), ("weight_decay", *weight_decay)]
            }
            Optimiser::Adam { betas, weight_decay, eps } => {
                if betas.iter().any(|beta| !(0.0..1.0).contains(beta)) {
                    return fail("betas", format!("{betas:?}"), "two numbers of at least 0 and below 1");
                }
                &[("eps", *eps), ("weight_decay", *weight_decay)]
            }
        };
        for (option, value) in factors {
            if !value.is_finite() || *value < 0.0 {
                return fail(option, value.to_string(), "a finite number of at least 0");
            }
        }
        Ok(())
    }
}
