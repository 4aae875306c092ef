//! The built-in digits: drawn on the spot from stroke skeletons, so that a network can be trained before any file has
//! arrived, or without one.
//!
//! A digit is a way of writing it (`skeletons`), varied (`variation`), inked (`pen`) and centred as MNIST's are.
//! All of it is a function of (seed, index) in additions, multiplications, divisions and square roots, which every
//! machine rounds alike; so the same digits appear in every browser.

mod pen;
mod skeleton;
mod skeletons;
mod spline;
mod variation;

#[cfg(test)]
mod tests;

use tensor::random::{Purpose, Stream};

use crate::dataset::{Dataset, Images, LabelledImages};
use crate::{N_CLASSES, N_PIXELS};

/// Digits to learn from in [`dataset`].
pub const N_TRAINING: usize = 12_000;

/// Digits for the final test in [`dataset`].
pub const N_TEST: usize = 2_000;

/// One digit: its 784 pixels and what it shows, which is `index` modulo 10.
///
/// ```
/// let (pixels, label) = data::generated::digit(0, 7);
/// assert_eq!(label, 7);
/// assert!(pixels.iter().any(|&pixel| pixel > 200));
/// ```
pub fn digit(seed: u64, index: u64) -> ([u8; N_PIXELS], u8) {
    let mut stream = Stream::new(seed, Purpose::Digits, index);
    let label = (index % N_CLASSES as u64) as u8;
    let strokes = skeleton::choose(label, &mut stream);
    let lines = variation::vary(&strokes, &mut stream);
    (pen::draw(lines, &mut stream), label)
}

/// All of the built-in digits at once: 12,000 to learn from and 2,000 others.
pub fn dataset(seed: u64) -> Dataset {
    let mut generator = Generator::new(seed, N_TRAINING, N_TEST);
    generator.next_chunk(N_TRAINING + N_TEST);
    generator.finish()
}

/// Draws a data set piece by piece, so that a worker can answer in between.
///
/// ```
/// let mut generator = data::generated::Generator::new(0, 40, 10);
/// while generator.n_left() > 0 {
///     generator.next_chunk(20);
/// }
/// assert_eq!(generator.finish().training.labels.len(), 40);
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    n_training: usize,
    n_test: usize,
    training: LabelledImages,
    test: LabelledImages,
}

impl Generator {
    /// A generator that has drawn nothing yet. The test digits are those that follow the training digits.
    pub fn new(seed: u64, n_training: usize, n_test: usize) -> Self {
        let room = |n| LabelledImages { images: Images::with_capacity(n), labels: Vec::with_capacity(n) };
        Self { seed, n_training, n_test, training: room(n_training), test: room(n_test) }
    }

    /// Draws the next `n` digits, or those that are left.
    pub fn next_chunk(&mut self, n: usize) {
        for _ in 0..n.min(self.n_left()) {
            let (pixels, label) = digit(self.seed, self.n_done() as u64);
            let part = if self.training.labels.len() < self.n_training {
                &mut self.training
            } else {
                &mut self.test
            };
            part.images.push(&pixels);
            part.labels.push(label);
        }
    }

    /// Digits drawn so far.
    pub fn n_done(&self) -> usize {
        self.training.labels.len() + self.test.labels.len()
    }

    /// Digits still to be drawn.
    pub fn n_left(&self) -> usize {
        self.n_training + self.n_test - self.n_done()
    }

    /// The data set, with the digits drawn so far.
    pub fn finish(self) -> Dataset {
        Dataset {
            name: "generated digits".into(),
            origin: format!("drawn on this machine from pen strokes, with seed {}", self.seed),
            verified_mnist: false,
            training: self.training,
            test: self.test,
        }
    }
}
