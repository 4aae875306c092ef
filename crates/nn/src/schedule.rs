//! How the learning rate, and with some schedules the momentum, change along a run, as in
//! [`torch.optim.lr_scheduler`](https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate).
//!
//! A schedule is a pure function of the step. Durations are given in epochs, which is how people think of them; they are
//! rounded to whole steps. With one step an epoch they are PyTorch's own arguments, in steps.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::options::OptionError;

/// How the learning rate changes. [`Timeline::learning_rate`] is the rate that it starts from, or for the schedules that
/// rise and fall the highest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Schedule {
    /// The same all along.
    #[default]
    Constant,
    /// Multiplied by `gamma` every `step_size` epochs.
    StepLR(StepLR),
    /// Multiplied by `gamma` along every epoch, a little at every step.
    ExponentialLR(ExponentialLR),
    /// Down to `eta_min` at the end of the run along half a cosine.
    CosineAnnealingLR(CosineAnnealingLR),
    /// Up and down again and again.
    CyclicLR(CyclicLR),
    /// Up and down once, along half cosines, the momentum the other way round.
    OneCycleLR(OneCycleLR),
}

/// `lr · gamma^⌊t / step_size⌋`
/// ([`StepLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepLR {
    /// Epochs between two drops.
    pub step_size: f64,
    /// The factor of a drop.
    pub gamma: f64,
}

/// `lr · gamma^t`, `t` in epochs
/// ([`ExponentialLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExponentialLR {
    /// The factor of one epoch.
    pub gamma: f64,
}

/// `eta_min + (lr − eta_min) · (1 + cos(π · t / T)) / 2`, where the run ends at `T`
/// ([`CosineAnnealingLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html)).
/// After `T` it stays at `eta_min`, where PyTorch's would rise again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineAnnealingLR {
    /// The lowest rate.
    pub eta_min: f64,
}

/// Triangles between `base_lr` and the learning rate, which is PyTorch's `max_lr`
/// ([`CyclicLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html), mode
/// `triangular`; Smith, 2017).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CyclicLR {
    /// The lowest rate, with which it starts.
    pub base_lr: f64,
    /// Epochs of a rise.
    pub step_size_up: f64,
    /// Epochs of a fall; as many as of a rise where none are given.
    pub step_size_down: Option<f64>,
    /// Whether the momentum falls while the rate rises.
    pub cycle_momentum: bool,
    /// The momentum at the highest rate.
    pub base_momentum: f64,
    /// The momentum at the lowest rate.
    pub max_momentum: f64,
}

/// From `lr / div_factor` up to the learning rate, which is PyTorch's `max_lr`, and down to
/// `lr / (div_factor · final_div_factor)` at the end of the run, along half cosines
/// ([`OneCycleLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html); Smith and
/// Topin, 2018). After the end it stays at the lowest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycleLR {
    /// The part of the run that rises.
    pub pct_start: f64,
    /// How many times lower than the highest rate it starts.
    pub div_factor: f64,
    /// How many times lower than its start it ends.
    pub final_div_factor: f64,
    /// Whether the momentum falls while the rate rises.
    pub cycle_momentum: bool,
    /// The momentum at the highest rate.
    pub base_momentum: f64,
    /// The momentum at the lowest rates.
    pub max_momentum: f64,
}

impl Default for StepLR {
    fn default() -> Self {
        Self { step_size: 1.0, gamma: 0.1 }
    }
}

impl Default for ExponentialLR {
    fn default() -> Self {
        Self { gamma: 0.5 }
    }
}

impl Default for CyclicLR {
    fn default() -> Self {
        Self {
            base_lr: 0.001,
            step_size_up: 0.5,
            step_size_down: None,
            cycle_momentum: true,
            base_momentum: 0.8,
            max_momentum: 0.9,
        }
    }
}

impl Default for OneCycleLR {
    fn default() -> Self {
        Self {
            pct_start: 0.3,
            div_factor: 25.0,
            final_div_factor: 1e4,
            cycle_momentum: true,
            base_momentum: 0.85,
            max_momentum: 0.95,
        }
    }
}

/// A linear rise before the schedule: over the first `epochs` from `start_factor` times the rate to the whole, then the
/// schedule over what is left of the run
/// ([`LinearLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html) with an
/// `end_factor` of 1, put before another schedule by
/// [`SequentialLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Warmup {
    /// How long it takes, in epochs; 0 for none.
    pub epochs: f64,
    /// The part of the rate that the first step has.
    pub start_factor: f64,
}

impl Default for Warmup {
    fn default() -> Self {
        Self { epochs: 0.0, start_factor: 0.1 }
    }
}

impl Warmup {
    /// Checks the range of both arguments.
    ///
    /// # Errors
    /// [`OptionError`] that names the first out of range.
    pub fn check(&self) -> Result<(), OptionError> {
        OptionError::unless_at_least_zero("warmup.epochs", self.epochs)?;
        let factor = self.start_factor;
        let accepted = factor > 0.0 && factor <= 1.0;
        OptionError::unless(accepted, "warmup.start_factor", factor, "above 0 and at most 1")
    }
}

/// The run that a schedule plans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// The rate that is scheduled.
    pub learning_rate: f64,
    /// The run's length, in epochs.
    pub epochs: f64,
    /// Steps in one epoch.
    pub steps_per_epoch: u64,
    /// What comes before the schedule.
    pub warmup: Warmup,
}

/// What a step is to use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheduled {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum, or Adam's β₁, where the schedule sets it.
    pub momentum: Option<f64>,
}

impl Timeline {
    /// A duration in whole steps.
    fn steps(&self, epochs: f64) -> f64 {
        (epochs * self.steps_per_epoch.max(1) as f64).round()
    }
}

impl Schedule {
    /// All of them, with their usual arguments, in the order of a menu.
    pub fn all() -> [Self; 6] {
        [
            Self::Constant,
            Self::StepLR(StepLR::default()),
            Self::ExponentialLR(ExponentialLR::default()),
            Self::CosineAnnealingLR(CosineAnnealingLR::default()),
            Self::CyclicLR(CyclicLR::default()),
            Self::OneCycleLR(OneCycleLR::default()),
        ]
    }

    /// The name in `torch.optim.lr_scheduler`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Constant => "Constant",
            Self::StepLR(_) => "StepLR",
            Self::ExponentialLR(_) => "ExponentialLR",
            Self::CosineAnnealingLR(_) => "CosineAnnealingLR",
            Self::CyclicLR(_) => "CyclicLR",
            Self::OneCycleLR(_) => "OneCycleLR",
        }
    }

    /// Every number among the arguments with its name, so that forms and command lines need no lists of their own; but
    /// for `step_size_down`, which may be absent.
    pub fn numbers_mut(&mut self) -> Vec<(&'static str, &mut f64)> {
        match self {
            Self::Constant => Vec::new(),
            Self::StepLR(StepLR { step_size, gamma }) => vec![("step_size", step_size), ("gamma", gamma)],
            Self::ExponentialLR(ExponentialLR { gamma }) => vec![("gamma", gamma)],
            Self::CosineAnnealingLR(CosineAnnealingLR { eta_min }) => vec![("eta_min", eta_min)],
            Self::CyclicLR(cyclic) => vec![
                ("base_lr", &mut cyclic.base_lr),
                ("step_size_up", &mut cyclic.step_size_up),
                ("base_momentum", &mut cyclic.base_momentum),
                ("max_momentum", &mut cyclic.max_momentum),
            ],
            Self::OneCycleLR(one_cycle) => vec![
                ("pct_start", &mut one_cycle.pct_start),
                ("div_factor", &mut one_cycle.div_factor),
                ("final_div_factor", &mut one_cycle.final_div_factor),
                ("base_momentum", &mut one_cycle.base_momentum),
                ("max_momentum", &mut one_cycle.max_momentum),
            ],
        }
    }

    /// `cycle_momentum`, where there is such an argument.
    pub const fn cycle_momentum_mut(&mut self) -> Option<&mut bool> {
        match self {
            Self::CyclicLR(CyclicLR { cycle_momentum, .. })
            | Self::OneCycleLR(OneCycleLR { cycle_momentum, .. }) => Some(cycle_momentum),
            _ => None,
        }
    }

    /// Whether it depends on the run's length.
    pub const fn has_end(&self) -> bool {
        matches!(self, Self::CosineAnnealingLR(_) | Self::OneCycleLR(_))
    }

    /// Whether it sets the momentum too.
    pub const fn cycles_momentum(&self) -> bool {
        matches!(
            self,
            Self::CyclicLR(CyclicLR { cycle_momentum: true, .. })
                | Self::OneCycleLR(OneCycleLR { cycle_momentum: true, .. })
        )
    }

    /// What step `step` of a run uses, counted from 0.
    ///
    /// ```
    /// use nn::schedule::{Schedule, StepLR, Timeline, Warmup};
    /// let schedule = Schedule::StepLR(StepLR { step_size: 2.0, gamma: 0.5 });
    /// let timeline = Timeline { learning_rate: 0.1, epochs: 5.0, steps_per_epoch: 100, warmup: Warmup::default() };
    /// assert_eq!(schedule.at(199, &timeline).learning_rate, 0.1);
    /// assert_eq!(schedule.at(200, &timeline).learning_rate, 0.05);
    /// ```
    pub fn at(&self, step: u64, timeline: &Timeline) -> Scheduled {
        let warmup = timeline.steps(timeline.warmup.epochs);
        let total = (timeline.steps(timeline.epochs) - warmup).max(1.0);
        let lr = timeline.learning_rate;
        let t = step as f64;
        if t < warmup {
            let start = timeline.warmup.start_factor;
            let learning_rate = lr * (start + (1.0 - start) * t / warmup);
            return Scheduled { learning_rate, momentum: self.momentum_at_start() };
        }
        let t = t - warmup;
        let only = |learning_rate| Scheduled { learning_rate, momentum: None };
        match self {
            Self::Constant => only(lr),
            Self::StepLR(StepLR { step_size, gamma }) => {
                let drops = (t / timeline.steps(*step_size).max(1.0)).floor();
                only(lr * gamma.powf(drops))
            }
            Self::ExponentialLR(ExponentialLR { gamma }) => {
                only(lr * gamma.powf(t / timeline.steps_per_epoch.max(1) as f64))
            }
            Self::CosineAnnealingLR(CosineAnnealingLR { eta_min }) => {
                only(along_cosine(lr, *eta_min, (t / total).min(1.0)))
            }
            Self::CyclicLR(cyclic) => cyclic.at(t, timeline),
            Self::OneCycleLR(one_cycle) => one_cycle.at(t, total, lr),
        }
    }

    /// Checks every argument's range.
    ///
    /// # Errors
    /// [`OptionError`] that names the first argument out of range.
    pub fn check(&self) -> Result<(), OptionError> {
        match self {
            Self::Constant => Ok(()),
            Self::StepLR(StepLR { step_size, gamma }) => {
                OptionError::unless_above_zero("schedule.step_size", *step_size)?;
                OptionError::unless_above_zero("schedule.gamma", *gamma)
            }
            Self::ExponentialLR(ExponentialLR { gamma }) => {
                OptionError::unless_above_zero("schedule.gamma", *gamma)
            }
            Self::CosineAnnealingLR(CosineAnnealingLR { eta_min }) => {
                OptionError::unless_at_least_zero("schedule.eta_min", *eta_min)
            }
            Self::CyclicLR(cyclic) => {
                OptionError::unless_at_least_zero("schedule.base_lr", cyclic.base_lr)?;
                OptionError::unless_above_zero("schedule.step_size_up", cyclic.step_size_up)?;
                let down = cyclic.step_size_down.unwrap_or(cyclic.step_size_up);
                OptionError::unless_above_zero("schedule.step_size_down", down)?;
                OptionError::unless_below_one("schedule.base_momentum", cyclic.base_momentum)?;
                OptionError::unless_below_one("schedule.max_momentum", cyclic.max_momentum)
            }
            Self::OneCycleLR(one_cycle) => {
                let part = one_cycle.pct_start;
                OptionError::unless(
                    (0.0..=1.0).contains(&part),
                    "schedule.pct_start",
                    part,
                    "between 0 and 1",
                )?;
                OptionError::unless_above_zero("schedule.div_factor", one_cycle.div_factor)?;
                OptionError::unless_above_zero("schedule.final_div_factor", one_cycle.final_div_factor)?;
                OptionError::unless_below_one("schedule.base_momentum", one_cycle.base_momentum)?;
                OptionError::unless_below_one("schedule.max_momentum", one_cycle.max_momentum)
            }
        }
    }

    fn momentum_at_start(&self) -> Option<f64> {
        match self {
            Self::CyclicLR(CyclicLR { max_momentum, .. })
            | Self::OneCycleLR(OneCycleLR { max_momentum, .. }) => {
                self.cycles_momentum().then_some(*max_momentum)
            }
            _ => None,
        }
    }
}

/// From `start` to `end` along half a cosine; `part` runs from 0 to 1.
fn along_cosine(start: f64, end: f64, part: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + (PI * part).cos())
}

impl CyclicLR {
    fn at(&self, t: f64, timeline: &Timeline) -> Scheduled {
        let up = timeline.steps(self.step_size_up).max(1.0);
        let down = self.step_size_down.map_or(up, |down| timeline.steps(down).max(1.0));
        let within = t % (up + down);
        // 0 at the bottom of a triangle, 1 at its top.
        let height = if within <= up { within / up } else { (up + down - within) / down };
        let momentum = self.max_momentum - (self.max_momentum - self.base_momentum) * height;
        Scheduled {
            learning_rate: self.base_lr + (timeline.learning_rate - self.base_lr) * height,
            momentum: self.cycle_momentum.then_some(momentum),
        }
    }
}

impl OneCycleLR {
    fn at(&self, t: f64, total: f64, max_lr: f64) -> Scheduled {
        let first = max_lr / self.div_factor;
        let last = first / self.final_div_factor;
        // PyTorch counts so that the last step has the lowest rate. A rise of less than a step ends before the first.
        let top = self.pct_start * total - 1.0;
        let end = total - 1.0;
        let (learning_rate, momentum) = if t < top {
            let part = t / top;
            (along_cosine(first, max_lr, part), along_cosine(self.max_momentum, self.base_momentum, part))
        } else {
            let part = if end > top { ((t - top) / (end - top)).min(1.0) } else { 1.0 };
            (along_cosine(max_lr, last, part), along_cosine(self.base_momentum, self.max_momentum, part))
        };
        Scheduled { learning_rate, momentum: self.cycle_momentum.then_some(momentum) }
    }
}

#[cfg(test)]
mod tests;
