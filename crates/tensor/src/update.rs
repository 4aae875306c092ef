use bytemuck::{Pod, Zeroable};

/// An optimiser's step over all parameters at once: one kernel over flat buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// `g ← g + weight_decay·p; v ← momentum·v + g; p ← p − lr·v`, or `p − lr·(g + momentum·v)` with Nesterov's look
    /// ahead ([`torch.optim.SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html)).
    Sgd {
        /// Whether the momentum looks one step ahead.
        nesterov: bool,
    },
    /// `g ← g + weight_decay·p; m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²;
    /// p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + eps)`
    /// ([`torch.optim.Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html)).
    Adam,
}

impl Update {
    /// How many numbers a parameter carries from step to step.
    pub const fn n_states(self) -> usize {
        match self {
            Self::Sgd { .. } => 1,
            Self::Adam => 2,
        }
    }

    /// The kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            Self::Adam => "adam",
        }
    }
}

/// What an [`Update`] reads at every step, so that a learning rate can change without compiling anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Hyper {
    /// The step's length.
    pub learning_rate: f32,
    /// The factor of the weights that is added to the gradient.
    pub weight_decay: f32,
    /// SGD's momentum, or Adam's β₁.
    pub beta1: f32,
    /// Adam's β₂.
    pub beta2: f32,
    /// Keeps Adam's division finite.
    pub eps: f32,
    /// Adam's `1 − β₁ᵗ`.
    pub bias_correction1: f32,
    /// Adam's `√(1 − β₂ᵗ)`.
    pub bias_correction2_sqrt: f32,
    /// Nothing; it makes the buffer's size a multiple of 16 bytes.
    pub padding: f32,
}

/// The numbers in a [`Hyper`].
pub const HYPER_LEN: usize = size_of::<Hyper>() / size_of::<f32>();
