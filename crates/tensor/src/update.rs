use bytemuck::{Pod, Zeroable};

/// An optimiser's step over all parameters at once: one kernel over flat buffers.
///
/// In the formulas `g` is the gradient, clipped where that is asked for, plus `l1·sign(p)`, and but for AdamW plus
/// `weight_decay·p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// `v ← momentum·v + (1 − dampening)·g; p ← p − lr·v`, or `p − lr·(g + momentum·v)` with Nesterov's look ahead
    /// ([`torch.optim.SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html)).
    Sgd {
        /// Whether the momentum looks one step ahead.
        nesterov: bool,
    },
    /// `m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²; p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + eps)`
    /// ([`torch.optim.Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html)).
    Adam,
    /// As Adam after `p ← p − lr·weight_decay·p`
    /// ([`torch.optim.AdamW`](https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html)).
    AdamW,
    /// `v ← α·v + (1−α)·g²; b ← momentum·b + g / (√v + eps); p ← p − lr·b`; centred, `v − m²` in place of `v`, where
    /// `m ← α·m + (1−α)·g`
    /// ([`torch.optim.RMSprop`](https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html)).
    RMSprop {
        /// Whether the gradient's variance is divided by, in place of its mean square.
        centered: bool,
    },
    /// `s ← s + g²; p ← p − lr/(1 + (t−1)·lr_decay) · g / (√s + eps)`
    /// ([`torch.optim.Adagrad`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html)).
    Adagrad,
}

impl Update {
    /// How many numbers a parameter carries from step to step.
    pub const fn n_states(self) -> usize {
        match self {
            Self::Sgd { .. } | Self::Adagrad => 1,
            Self::Adam | Self::AdamW => 2,
            Self::RMSprop { .. } => 3,
        }
    }

    /// The kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::Adam | Self::AdamW => "adam",
            Self::RMSprop { .. } => "rmsprop",
            Self::Adagrad => "adagrad",
        }
    }
}

/// What an [`Update`] reads at every step, so that a learning rate can change without compiling anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Hyper {
    /// The step's length, with what only depends on the step: for Adam divided by `1 − β₁ᵗ`, for Adagrad by
    /// `1 + (t−1)·lr_decay`.
    pub learning_rate: f32,
    /// The factor of the weights that is added to the gradient; for AdamW the part of the weights that is taken away.
    pub weight_decay: f32,
    /// The factor of the weights' signs that is added to the gradient.
    pub l1: f32,
    /// The momentum, or Adam's β₁.
    pub beta1: f32,
    /// Adam's β₂; RMSprop's α; SGD's dampening; what Adagrad's sums start from, at the first step only.
    pub beta2: f32,
    /// Keeps a division finite.
    pub eps: f32,
    /// Adam's `√(1 − β₂ᵗ)`.
    pub bias_correction2_sqrt: f32,
    /// The norm to which longer gradients are cut, where the plan does that.
    pub max_norm: f32,
}

/// The numbers in a [`Hyper`].
pub const HYPER_LEN: usize = size_of::<Hyper>() / size_of::<f32>();
