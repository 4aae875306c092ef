//! The rules that turn gradients into steps, and their arguments, named as in `torch.optim`.

use serde::{Deserialize, Serialize};
use tensor::{Hyper, Update};

use crate::options::OptionError;

/// An optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Optimiser {
    /// Stochastic gradient descent.
    #[serde(rename = "SGD")]
    Sgd(Sgd),
    /// Kingma and Ba, 2014.
    Adam(Adam),
    /// Loshchilov and Hutter, 2017: Adam with weight decay apart from the gradient.
    AdamW(AdamW),
    /// Hinton, 2012: steps divided by the root of a running mean of squared gradients.
    RMSprop(RMSprop),
    /// Duchi, Hazan and Singer, 2011: steps divided by the root of the sum of squared gradients.
    Adagrad(Adagrad),
}

/// The arguments of [`torch.optim.SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// How much of the last step is kept.
    pub momentum: f32,
    /// How much of the gradient the momentum leaves out, from the second step on.
    pub dampening: f32,
    /// Whether the momentum looks one step ahead.
    pub nesterov: bool,
    /// The factor of the weights that is added to the gradient.
    pub weight_decay: f32,
}

/// The arguments of [`torch.optim.Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Decay of the gradient's mean and of its square's.
    pub betas: [f32; 2],
    /// Keeps the division finite.
    pub eps: f32,
    /// The factor of the weights that is added to the gradient.
    pub weight_decay: f32,
}

/// The arguments of [`torch.optim.AdamW`](https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Decay of the gradient's mean and of its square's.
    pub betas: [f32; 2],
    /// Keeps the division finite.
    pub eps: f32,
    /// The part of the weights, times the learning rate, that every step takes away.
    pub weight_decay: f32,
}

/// The arguments of [`torch.optim.RMSprop`](https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RMSprop {
    /// Decay of the squares' mean.
    pub alpha: f32,
    /// Keeps the division finite.
    pub eps: f32,
    /// How much of the last step is kept.
    pub momentum: f32,
    /// Whether the gradient's variance is divided by, in place of its mean square.
    pub centered: bool,
    /// The factor of the weights that is added to the gradient.
    pub weight_decay: f32,
}

/// The arguments of [`torch.optim.Adagrad`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adagrad {
    /// How fast the learning rate falls: it is divided by `1 + (step − 1)·lr_decay`.
    pub lr_decay: f32,
    /// Keeps the division finite.
    pub eps: f32,
    /// What the sums of squares start from.
    pub initial_accumulator_value: f32,
    /// The factor of the weights that is added to the gradient.
    pub weight_decay: f32,
}

impl Default for Sgd {
    /// With momentum, as nobody trains a network without.
    fn default() -> Self {
        Self { momentum: 0.9, dampening: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Default for AdamW {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01 }
    }
}

impl Default for RMSprop {
    fn default() -> Self {
        Self { alpha: 0.99, eps: 1e-8, momentum: 0.0, centered: false, weight_decay: 0.0 }
    }
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { lr_decay: 0.0, eps: 1e-10, initial_accumulator_value: 0.0, weight_decay: 0.0 }
    }
}

impl Optimiser {
    /// SGD with momentum 0.9.
    pub fn sgd() -> Self {
        Self::Sgd(Sgd::default())
    }

    /// Adam with PyTorch's defaults.
    pub fn adam() -> Self {
        Self::Adam(Adam::default())
    }

    /// All of them, with their usual arguments, in the order of a menu.
    pub fn all() -> [Self; 5] {
        [
            Self::sgd(),
            Self::adam(),
            Self::AdamW(AdamW::default()),
            Self::RMSprop(RMSprop::default()),
            Self::Adagrad(Adagrad::default()),
        ]
    }

    /// The name in `torch.optim`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "SGD",
            Self::Adam(_) => "Adam",
            Self::AdamW(_) => "AdamW",
            Self::RMSprop(_) => "RMSprop",
            Self::Adagrad(_) => "Adagrad",
        }
    }

    /// The kernel that steps all parameters.
    pub const fn update(&self) -> Update {
        match self {
            Self::Sgd(sgd) => Update::Sgd { nesterov: sgd.nesterov },
            Self::Adam(_) => Update::Adam,
            Self::AdamW(_) => Update::AdamW,
            Self::RMSprop(rmsprop) => Update::RMSprop { centered: rmsprop.centered },
            Self::Adagrad(_) => Update::Adagrad,
        }
    }

    /// What the kernel reads at step `step`, counted from 1 since the optimiser's states were empty.
    ///
    /// What only depends on the step is worked out here, in double precision, as PyTorch does.
    pub fn hyper(&self, learning_rate: impl Into<f64>, step: u64) -> Hyper {
        let learning_rate = learning_rate.into();
        let lr = learning_rate as f32;
        match *self {
            Self::Sgd(Sgd { momentum, dampening, weight_decay, .. }) => {
                // The first step takes the whole gradient.
                let dampening = if step <= 1 { 0.0 } else { dampening };
                Hyper {
                    learning_rate: lr,
                    weight_decay,
                    beta1: momentum,
                    beta2: dampening,
                    ..Hyper::default()
                }
            }
            Self::Adam(Adam { betas, eps, weight_decay }) => {
                Hyper { weight_decay, ..adam(learning_rate, betas, eps, step) }
            }
            Self::AdamW(AdamW { betas, eps, weight_decay }) => {
                let weight_decay = (learning_rate * f64::from(weight_decay)) as f32;
                Hyper { weight_decay, ..adam(learning_rate, betas, eps, step) }
            }
            Self::RMSprop(RMSprop { alpha, eps, momentum, weight_decay, .. }) => Hyper {
                learning_rate: lr,
                weight_decay,
                beta1: momentum,
                beta2: alpha,
                eps,
                ..Hyper::default()
            },
            Self::Adagrad(Adagrad { lr_decay, eps, initial_accumulator_value, weight_decay }) => {
                let decay = 1.0 + (step.max(1) - 1) as f64 * f64::from(lr_decay);
                let start = if step <= 1 { initial_accumulator_value } else { 0.0 };
                let learning_rate = (learning_rate / decay) as f32;
                Hyper { learning_rate, weight_decay, beta2: start, eps, ..Hyper::default() }
            }
        }
    }

    /// Whether it has a momentum, or a β₁, that a schedule could set.
    pub const fn has_momentum(&self) -> bool {
        !matches!(self, Self::Adagrad(_))
    }

    /// The same with another momentum, or Adam's β₁.
    #[must_use]
    pub const fn with_momentum(mut self, new: f32) -> Self {
        match &mut self {
            Self::Sgd(Sgd { momentum, .. }) | Self::RMSprop(RMSprop { momentum, .. }) => *momentum = new,
            Self::Adam(Adam { betas, .. }) | Self::AdamW(AdamW { betas, .. }) => betas[0] = new,
            Self::Adagrad(_) => {}
        }
        self
    }

    /// Every number among the arguments with its name, so that forms and command lines need no lists of their own;
    /// `betas` are two.
    pub fn numbers_mut(&mut self) -> Vec<(&'static str, &mut f32)> {
        match self {
            Self::Sgd(Sgd { momentum, dampening, weight_decay, nesterov: _ }) => {
                vec![("momentum", momentum), ("dampening", dampening), ("weight_decay", weight_decay)]
            }
            Self::Adam(Adam { betas: [beta1, beta2], eps, weight_decay })
            | Self::AdamW(AdamW { betas: [beta1, beta2], eps, weight_decay }) => {
                vec![("betas[0]", beta1), ("betas[1]", beta2), ("eps", eps), ("weight_decay", weight_decay)]
            }
            Self::RMSprop(RMSprop { alpha, eps, momentum, weight_decay, centered: _ }) => {
                vec![("alpha", alpha), ("momentum", momentum), ("eps", eps), ("weight_decay", weight_decay)]
            }
            Self::Adagrad(Adagrad { lr_decay, eps, initial_accumulator_value, weight_decay }) => vec![
                ("lr_decay", lr_decay),
                ("initial_accumulator_value", initial_accumulator_value),
                ("eps", eps),
                ("weight_decay", weight_decay),
            ],
        }
    }

    /// What is on or off among the arguments, with its name.
    pub const fn switch_mut(&mut self) -> Option<(&'static str, &mut bool)> {
        match self {
            Self::Sgd(Sgd { nesterov, .. }) => Some(("nesterov", nesterov)),
            Self::RMSprop(RMSprop { centered, .. }) => Some(("centered", centered)),
            Self::Adam(_) | Self::AdamW(_) | Self::Adagrad(_) => None,
        }
    }

    /// The weight decay.
    pub const fn weight_decay(&self) -> f32 {
        match self {
            Self::Sgd(Sgd { weight_decay, .. })
            | Self::Adam(Adam { weight_decay, .. })
            | Self::AdamW(AdamW { weight_decay, .. })
            | Self::RMSprop(RMSprop { weight_decay, .. })
            | Self::Adagrad(Adagrad { weight_decay, .. }) => *weight_decay,
        }
    }

    /// Checks every argument's range.
    ///
    /// # Errors
    /// [`OptionError`] that names the first argument out of range.
    pub fn check(&self) -> Result<(), OptionError> {
        OptionError::unless_at_least_zero("weight_decay", self.weight_decay())?;
        match self {
            Self::Sgd(Sgd { momentum, dampening, nesterov, .. }) => {
                OptionError::unless_at_least_zero("momentum", *momentum)?;
                let part = (0.0..=1.0).contains(dampening);
                OptionError::unless(part, "dampening", dampening, "between 0 and 1")?;
                let alone = !nesterov || *dampening == 0.0;
                OptionError::unless(alone, "dampening", dampening, "0 with nesterov")
            }
            Self::Adam(Adam { betas, eps, .. }) | Self::AdamW(AdamW { betas, eps, .. }) => {
                let accepted = betas.iter().all(|beta| (0.0..1.0).contains(beta));
                let value = format!("{betas:?}");
                OptionError::unless(accepted, "betas", value, "two numbers of at least 0 and below 1")?;
                OptionError::unless_at_least_zero("eps", *eps)
            }
            Self::RMSprop(RMSprop { alpha, eps, momentum, .. }) => {
                OptionError::unless_below_one("alpha", *alpha)?;
                OptionError::unless_at_least_zero("eps", *eps)?;
                OptionError::unless_at_least_zero("momentum", *momentum)
            }
            Self::Adagrad(Adagrad { lr_decay, eps, initial_accumulator_value, .. }) => {
                OptionError::unless_at_least_zero("lr_decay", *lr_decay)?;
                OptionError::unless_at_least_zero("eps", *eps)?;
                OptionError::unless_at_least_zero("initial_accumulator_value", *initial_accumulator_value)
            }
        }
    }

    /// A learning rate to start from with this optimiser on small networks.
    pub const fn usual_learning_rate(&self) -> f32 {
        match self {
            Self::Sgd(_) => 0.05,
            Self::Adam(_) | Self::AdamW(_) | Self::RMSprop(_) => 0.001,
            Self::Adagrad(_) => 0.01,
        }
    }
}

/// Adam's step, its two bias corrections folded in.
fn adam(learning_rate: f64, [beta1, beta2]: [f32; 2], eps: f32, step: u64) -> Hyper {
    let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
    Hyper {
        learning_rate: (learning_rate / correction(beta1)) as f32,
        beta1,
        beta2,
        eps,
        bias_correction2_sqrt: correction(beta2).sqrt() as f32,
        ..Hyper::default()
    }
}
