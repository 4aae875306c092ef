//! Holding back a part of the training pictures for validation.

use tensor::random::{Purpose, Stream};

/// Which training pictures are learnt from and which are held back to compare settings by. Positions in the training
/// file, each part in ascending order; every position is in exactly one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splits {
    /// What the network learns from.
    pub train: Vec<u32>,
    /// What is held back.
    pub validation: Vec<u32>,
}

impl Splits {
    /// Holds back one twelfth, at random: 5,000 of MNIST's 60,000. Where there are two pictures or more, each part has
    /// at least one.
    ///
    /// ```
    /// let splits = data::split::Splits::new(0, 60_000);
    /// assert_eq!((splits.train.len(), splits.validation.len()), (55_000, 5_000));
    /// ```
    pub fn new(seed: u64, n: usize) -> Self {
        Self::with_validation(seed, n, (n / 12).max(1).min(n.saturating_sub(1)))
    }

    /// Holds back `n_validation` of `n`, at random; all of them where there are fewer.
    pub fn with_validation(seed: u64, n: usize, n_validation: usize) -> Self {
        let order = Stream::new(seed, Purpose::Split, 0).permutation(n);
        let (validation, train) = order.split_at(n_validation.min(n));
        let mut splits = Self { train: train.to_vec(), validation: validation.to_vec() };
        splits.train.sort_unstable();
        splits.validation.sort_unstable();
        splits
    }
}
