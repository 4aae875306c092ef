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

use crate::{Dataset, Images, LabelledImages, N_CLASSES, N_PIXELS};

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
    let label = label(index);
    let strokes = skeleton::choose(label, &mut stream);
    let lines = variation::vary(&strokes, &mut stream);
    (pen::draw(lines, &mut stream), label)
}

/// The built-in digits: 12,000 to learn from and 2,000 others.
pub fn dataset(seed: u64) -> Dataset {
    digits(seed, N_TRAINING, N_TEST)
}

/// So many of the built-in digits, each of which is drawn when it is first looked at: a first training step need not wait for
/// all of them. The test digits are those that follow the training digits.
///
/// ```
/// let dataset = data::generated::digits(0, 40, 10);
/// assert_eq!(dataset.training.labels.len(), 40);
/// assert_eq!(dataset.test.images.get(0), data::generated::digit(0, 40).0);
/// ```
pub fn digits(seed: u64, n_training: usize, n_test: usize) -> Dataset {
    let part = |first: usize, n: usize| LabelledImages {
        images: Images::drawn(|seed, index| digit(seed, index).0, seed, first as u64, n),
        labels: (first..first + n).map(|index| label(index as u64)).collect(),
    };
    Dataset {
        name: "generated digits".into(),
        origin: format!("drawn on this machine from pen strokes, with seed {seed}"),
        verified_mnist: false,
        training: part(0, n_training),
        test: part(n_training, n_test),
    }
}

const fn label(index: u64) -> u8 {
    (index % N_CLASSES as u64) as u8
}
