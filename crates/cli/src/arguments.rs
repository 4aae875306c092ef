//! Arguments that several subcommands take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use protocol::BackendChoice;

/// Which engine.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Backend {
    /// Whichever takes a few training steps of the network faster
    Auto,
    /// The GPU, or an error
    Gpu,
    /// The CPU
    Cpu,
}

impl From<Backend> for BackendChoice {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Auto => Self::Auto,
            Backend::Gpu => Self::Gpu,
            Backend::Cpu => Self::Cpu,
        }
    }
}

/// A part of the data.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Split {
    /// What the network learns from
    Train,
    /// Held back from training, by the seed
    Validation,
    /// The test files' pictures
    Test,
}

impl From<Split> for protocol::Split {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Self::Train,
            Split::Validation => Self::Validation,
            Split::Test => Self::Test,
        }
    }
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// What every subcommand takes.
#[derive(Args, Debug)]
pub struct Common {
    /// A preset (s, normed, residual, f, l, lenet5, linear, mlp) or a JSON file; by default what the weights' file names, else s
    #[arg(long, value_name = "PRESET|FILE")]
    pub model: Option<String>,
    /// The engine that computes
    #[arg(long, value_enum, default_value = "auto")]
    pub backend: Backend,
    /// What all random choices derive from: initial weights, validation split, batch order, generated digits
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Where weights come from, for subcommands that need trained ones.
#[derive(Args, Debug)]
pub struct Trained {
    /// A safetensors file with the network's weights
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
}

/// Where pictures come from.
#[derive(Args, Debug)]
pub struct Data {
    /// A folder with MNIST's four files, gzipped or not, or "generated" for the built-in digits
    #[arg(long, value_name = "DIR|generated", default_value = "generated")]
    pub data: String,
}

/// Threads to train with: one for every core, but no more than one for 16 pictures of a batch, below which handing them
/// out costs more than it gains.
pub fn usual_threads(batch_size: usize) -> usize {
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    n_cores.min(batch_size / 16).max(1)
}
