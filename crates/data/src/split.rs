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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_in_exactly_one_part() {
        for n in [0, 1, 2, 11, 12, 13, 100, 1_001] {
            let splits = Splits::new(5, n);
            let mut all = [splits.train, splits.validation].concat();
            all.sort_unstable();
            assert_eq!(all, (0..n as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn small_sets_keep_something_in_each_part() {
        let sizes = |n| {
            let splits = Splits::new(0, n);
            (splits.train.len(), splits.validation.len())
        };
        assert_eq!(sizes(0), (0, 0));
        assert_eq!(sizes(1), (1, 0));
        assert_eq!(sizes(2), (1, 1));
        assert_eq!(sizes(11), (10, 1));
        assert_eq!(sizes(12_000), (11_000, 1_000));
    }

    #[test]
    fn the_seed_alone_decides() {
        assert_eq!(Splits::new(1, 500), Splits::new(1, 500));
        assert_ne!(Splits::new(1, 500), Splits::new(2, 500));
    }

    #[test]
    fn validation_is_drawn_from_all_over_the_file() {
        let validation = Splits::new(0, 60_000).validation;
        let in_first_half = validation.iter().filter(|&&position| position < 30_000).count();
        // 5,000 fair coins have a standard deviation of 35.
        assert!((2_300..2_700).contains(&in_first_half), "{in_first_half}");
        assert!(validation.is_sorted());
    }

    #[test]
    fn more_validation_than_there_is_takes_all() {
        let splits = Splits::with_validation(0, 3, 10);
        assert_eq!((splits.train.len(), splits.validation.len()), (0, 3));
    }
}
