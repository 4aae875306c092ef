use tensor::Update;

use crate::loss::Loss;
use crate::options::TrainingOptions;

/// What a training step's plan is compiled from; all other options can change from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// What is made small.
    pub loss: Loss,
    /// The optimiser's kernel.
    pub update: Update,
    /// Whether long gradients are cut.
    pub clip_grad_norm: bool,
}

impl From<Update> for Recipe {
    /// The cross-entropy, and gradients as they are.
    fn from(update: Update) -> Self {
        Self { loss: Loss::default(), update, clip_grad_norm: false }
    }
}

impl TrainingOptions {
    /// The part of the options that the training step's plan is compiled from.
    pub const fn recipe(&self) -> Recipe {
        Recipe {
            loss: self.loss,
            update: self.optimiser.update(),
            clip_grad_norm: self.clip_grad_norm.is_some(),
        }
    }
}
