//! How a network is trained: the optimiser, its learning rate and schedule, the batch, the seed.

use serde::{Deserialize, Serialize};
use tensor::Hyper;

use crate::initialisation::Initialisation;
use crate::loss::Loss;
use crate::optimiser::Optimiser;
use crate::schedule::{OneCycleLR, Schedule, Scheduled, Timeline, Warmup};

/// Everything about a run except the network and the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingOptions {
    /// The rule that turns gradients into steps.
    pub optimiser: Optimiser,
    /// The step's length; where a schedule rises and falls, at its highest.
    pub learning_rate: f32,
    /// Images a step.
    pub batch_size: usize,
    /// What all random choices derive from: initial weights, validation split, batch order.
    pub seed: u64,
    /// How the learning rate changes along the run.
    #[serde(default)]
    pub schedule: Schedule,
    /// A linear rise before the schedule.
    #[serde(default)]
    pub warmup: Warmup,
    /// What is made small.
    #[serde(default)]
    pub loss: Loss,
    /// The factor of the weights' signs that is added to the gradient, biases included: the penalty `l1·Σ|w|`. Together
    /// with the optimiser's `weight_decay` it makes an elastic net.
    #[serde(default)]
    pub l1: f32,
    /// The norm of all gradients together to which longer ones are cut, before weight decay and penalties are added
    /// ([`clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html)).
    #[serde(default)]
    pub clip_grad_norm: Option<f32>,
    /// Layers, by position, whose parameters stay as they are. Another network starts with none.
    #[serde(default)]
    pub frozen: Vec<usize>,
    /// How the initial weights are drawn; counts from the next reset.
    #[serde(default)]
    pub initialisation: Initialisation,
    /// Changes to the training pictures.
    #[serde(default)]
    pub augment: Augment,
    /// The length of the run that the schedule plans, in epochs since the initial weights. A run may go on after it, with
    /// the schedule's last learning rate.
    #[serde(default = "usual_epochs")]
    pub epochs: f64,
}

/// How training pictures are changed at random, differently at every step, so that fewer of them are learned by heart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// The most pixels by which a picture is moved, in each direction; what comes in is black.
    pub shift: usize,
}

/// The largest shift that is accepted.
pub const MOST_SHIFT: usize = 14;

const fn usual_epochs() -> f64 {
    3.0
}

impl Default for TrainingOptions {
    fn default() -> Self {
        let optimiser = Optimiser::sgd();
        Self {
            learning_rate: optimiser.usual_learning_rate(),
            optimiser,
            batch_size: 64,
            seed: 0,
            schedule: Schedule::Constant,
            warmup: Warmup::default(),
            epochs: usual_epochs(),
            loss: Loss::default(),
            l1: 0.0,
            clip_grad_norm: None,
            frozen: Vec::new(),
            initialisation: Initialisation::Default,
            augment: Augment::default(),
        }
    }
}

impl TrainingOptions {
    /// What brings the small CNN (preset `s`) to 99 % of MNIST's test set on average: one cycle of the learning rate (Smith
    /// and Topin, 2018) over six epochs, and pictures moved by up to a pixel.
    pub fn accurate(seed: u64) -> Self {
        Self {
            learning_rate: 0.1,
            schedule: Schedule::OneCycleLR(OneCycleLR::default()),
            augment: Augment { shift: 1 },
            epochs: 6.0,
            seed,
            ..Self::default()
        }
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

/// 32 or 64 bits, shown as given.
pub(crate) trait Number: Copy + Into<f64> + std::fmt::Display {}

impl<T: Copy + Into<f64> + std::fmt::Display> Number for T {}

impl OptionError {
    /// Refuses an option's value unless `accepted`.
    pub(crate) fn unless(
        accepted: bool,
        option: &'static str,
        value: impl ToString,
        expected: &'static str,
    ) -> Result<(), Self> {
        if accepted { Ok(()) } else { Err(Self { option, value: value.to_string(), expected }) }
    }

    /// Refuses what is negative or not finite.
    pub(crate) fn unless_at_least_zero(option: &'static str, value: impl Number) -> Result<(), Self> {
        let accepted = value.into().is_finite() && value.into() >= 0.0;
        Self::unless(accepted, option, value, "a finite number of at least 0")
    }

    /// Refuses what is zero, negative or not finite.
    pub(crate) fn unless_above_zero(option: &'static str, value: impl Number) -> Result<(), Self> {
        let accepted = value.into().is_finite() && value.into() > 0.0;
        Self::unless(accepted, option, value, "a finite number above 0")
    }

    /// Refuses what cannot be the part that a running mean keeps.
    pub(crate) fn unless_below_one(option: &'static str, value: impl Number) -> Result<(), Self> {
        Self::unless((0.0..1.0).contains(&value.into()), option, value, "at least 0 and below 1")
    }
}

impl TrainingOptions {
    /// Checks every option's range.
    ///
    /// # Errors
    /// [`OptionError`] that names the first option out of range.
    pub fn check(&self) -> Result<(), OptionError> {
        OptionError::unless_at_least_zero("learning_rate", self.learning_rate)?;
        let batches = 1..=MOST_BATCH;
        OptionError::unless(
            batches.contains(&self.batch_size),
            "batch_size",
            self.batch_size,
            "between 1 and 4096",
        )?;
        self.optimiser.check()?;
        self.loss.check()?;
        OptionError::unless_at_least_zero("l1", self.l1)?;
        OptionError::unless_above_zero("clip_grad_norm", self.clip_grad_norm.unwrap_or(1.0))?;
        let shift = self.augment.shift;
        OptionError::unless(shift <= MOST_SHIFT, "augment.shift", shift, "at most 14")?;
        OptionError::unless_above_zero("epochs", self.epochs)?;
        self.warmup.check()?;
        self.schedule.check()?;
        let can_cycle = !self.schedule.cycles_momentum() || self.optimiser.has_momentum();
        OptionError::unless(
            can_cycle,
            "schedule.cycle_momentum",
            true,
            "false with an optimiser that has no momentum",
        )
    }

    /// The learning rate of step `step`, counted from 0 since the initial weights, and the momentum where the schedule
    /// sets it.
    pub fn scheduled(&self, step: u64, steps_per_epoch: u64) -> Scheduled {
        let timeline = Timeline {
            learning_rate: self.learning_rate.into(),
            epochs: self.epochs,
            steps_per_epoch,
            warmup: self.warmup,
        };
        self.schedule.at(step, &timeline)
    }

    /// What the optimiser reads at step `step`, counted from 0 since the initial weights; `optimiser_step` counts from 1
    /// since the optimiser's states were empty.
    pub fn hyper(&self, step: u64, optimiser_step: u64, steps_per_epoch: u64) -> Hyper {
        let Scheduled { learning_rate, momentum } = self.scheduled(step, steps_per_epoch);
        let optimiser =
            momentum.map_or(self.optimiser, |momentum| self.optimiser.with_momentum(momentum as f32));
        let max_norm = self.clip_grad_norm.unwrap_or_default();
        Hyper { l1: self.l1, max_norm, ..optimiser.hyper(learning_rate, optimiser_step) }
    }
}

#[cfg(test)]
mod tests;
