//! The seam between a training step and whoever helps with it: threads natively, web workers in a browser.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use nn::{ModelSpec, NetworkError, TrainingOptions};
use serde::{Deserialize, Serialize};

/// What a helper computes again and again: the gradient of the loss over part of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The network.
    #[serde(with = "nn::as_json")]
    pub model: ModelSpec,
    /// Classes that it tells apart.
    pub n_classes: usize,
    /// The loss and what is frozen are of interest here.
    #[serde(with = "nn::as_json")]
    pub options: TrainingOptions,
    /// Pictures in its part.
    pub n_images: usize,
}

/// A place beside the engine's own thread that computes a part of each batch with a [`Replica`](crate::Replica).
pub trait Helper {
    /// Hands over a part of a batch: `parts`, one after another, are the numbers that [`Replica::run`](crate::Replica::run)
    /// takes, and the answer has `n_answer` numbers. Always as many.
    fn begin(&mut self, parts: &[&[f32]], n_answer: usize);

    /// Waits for what was begun; it is then in [`Helper::answer`]. A thread is waited for on the spot.
    ///
    /// # Errors
    /// Where the helper is no more; whatever it is asked from then on it fails.
    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HelperLost>>;

    /// What came back: the mean loss and the number classified rightly, then the gradients.
    fn answer(&self) -> &[f32];
}

/// A helper does not answer any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker stopped: {message}")]
pub struct HelperLost {
    /// Why, as far as is known.
    pub message: String,
}

/// Where helpers come from.
pub trait Helpers {
    /// Sees to it that there are `n` helpers, as far as can be; resolves when nothing more is to be expected, with why
    /// there are fewer.
    fn prepare(&self, n: usize) -> Pin<Box<dyn Future<Output = Result<(), String>>>>;

    /// How many helpers there are.
    fn n_ready(&self) -> usize;

    /// Gives the helper of this position, below [`Helpers::n_ready`], a task.
    ///
    /// # Errors
    /// Where the task's network cannot be recorded.
    fn engage(&self, helper_idx: usize, task: Task) -> Result<Box<dyn Helper>, NetworkError>;
}

/// How many workers share a training step on the CPU, the engine's own thread counted, and who the others are.
#[derive(Clone)]
pub struct Workers {
    /// How many are wanted; where there are not so many helpers, those that there are.
    pub n: usize,
    /// The others.
    pub helpers: Rc<dyn Helpers>,
}

impl Workers {
    /// The engine's own thread, and as many others natively as make `n`. A browser's others are web workers, which
    /// somebody who knows of browsers has to bring.
    pub fn threads(n: usize) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let helpers = Rc::new(crate::parallel::Threads);
        #[cfg(target_arch = "wasm32")]
        let helpers = Rc::new(Nobody);
        Self { n, helpers }
    }

    /// How many there can be now.
    pub fn n_possible(&self) -> usize {
        self.n.min(self.helpers.n_ready().saturating_add(1)).max(1)
    }
}

/// The engine's thread is alone.
#[cfg(target_arch = "wasm32")]
struct Nobody;

#[cfg(target_arch = "wasm32")]
impl Helpers for Nobody {
    fn prepare(&self, n: usize) -> Pin<Box<dyn Future<Output = Result<(), String>>>> {
        let none = if n == 0 { Ok(()) } else { Err("there are no other workers here".to_owned()) };
        Box::pin(std::future::ready(none))
    }

    fn n_ready(&self) -> usize {
        0
    }

    fn engage(&self, _: usize, _: Task) -> Result<Box<dyn Helper>, NetworkError> {
        unreachable!("nobody is ready")
    }
}
