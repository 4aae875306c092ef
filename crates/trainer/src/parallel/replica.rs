//! A helper's end: an executor of its own, which finds the gradient of its part of each batch.

use std::ops::Range;

use nn::{Network, NetworkError};
use tensor::ops::Dropout;
use tensor::{TensorError, cpu};

use crate::engine::{Key, run_batch};
use crate::workers::Task;

/// Where what lies among the numbers that go to a helper and come back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words {
    n_images: usize,
    n_parameters: usize,
    n_pixels: usize,
}

impl Words {
    const fn new(n_images: usize, n_parameters: usize, n_pixels: usize) -> Self {
        Self { n_images, n_parameters, n_pixels }
    }

    fn key() -> Range<usize> {
        0..Dropout::KEY_LEN
    }

    fn labels(&self) -> Range<usize> {
        Dropout::KEY_LEN..Dropout::KEY_LEN + self.n_images
    }

    fn parameters(&self) -> Range<usize> {
        let start = self.labels().end;
        start..start + self.n_parameters
    }

    fn images(&self) -> Range<usize> {
        let start = self.parameters().end;
        start..start + self.n_images * self.n_pixels
    }

    /// The metrics and the gradients, which come back in the place of what was sent first.
    const fn answer(&self) -> Range<usize> {
        0..n_answer(self.n_parameters)
    }
}

/// How many numbers come back: two metrics and the gradients.
pub(super) const fn n_answer(n_parameters: usize) -> usize {
    2 + n_parameters
}

/// Computes a [`Task`], wherever it is.
#[derive(Debug)]
pub struct Replica {
    executor: cpu::Executor,
    plan: usize,
    is_random: bool,
    words: Words,
}

impl Replica {
    /// Builds the plan of a task.
    ///
    /// # Errors
    /// Where the task's network is not valid.
    pub fn new(task: Task) -> Result<Self, NetworkError> {
        let Task { model, n_classes, options, n_images } = task;
        let network = Network::new(model, n_classes)?.with_frozen(&options.frozen)?;
        let layout = network.layout();
        let mut executor = cpu::Executor::new(&layout, 0);
        let plan = executor.add(network.gradient_plan(n_images, options.loss)?)?;
        let words = Words::new(n_images, layout.len, network.model().input.iter().product());
        Ok(Self { executor, plan, is_random: network.is_random(), words })
    }

    /// How many numbers go out.
    pub fn n_words(&self) -> usize {
        self.words.images().end
    }

    /// Replaces a part of a batch (the random key of the step, labels, parameters and pictures, one after another; key and
    /// labels are the bits of unsigned integers) by the answer: the mean loss, the number classified rightly, and the
    /// gradients of the mean loss, laid out as the parameters. How many numbers the answer has.
    ///
    /// # Errors
    /// Where there are not [`Replica::n_words`] numbers.
    pub fn run(&mut self, numbers: &mut [f32]) -> Result<usize, TensorError> {
        if numbers.len() != self.n_words() {
            let (expected, received) = (self.n_words(), numbers.len());
            return Err(TensorError::Length { what: "a part of a batch".into(), expected, received });
        }
        let Self { executor, plan, words, is_random } = self;
        executor.set_parameters(&numbers[words.parameters()])?;
        let key = Key::try_from(bytemuck::cast_slice(&numbers[Words::key()])).expect("a key is as long");
        let (images, labels) = (&numbers[words.images()], bytemuck::cast_slice(&numbers[words.labels()]));
        let metrics = run_batch(executor, *plan, images, labels, is_random.then_some(key))?;
        let (to_metrics, to_gradients) = numbers[words.answer()].split_at_mut(2);
        to_metrics.copy_from_slice(&metrics);
        to_gradients.copy_from_slice(executor.gradients());
        Ok(words.answer().end)
    }
}
