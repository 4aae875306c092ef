//! The order in which an epoch's pictures are learnt from, and the batches cut from it.

use tensor::random::{Purpose, Stream};

use crate::{Images, N_PIXELS};

/// One epoch's order: a function of the seed and the epoch alone, so that any step can be found without those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchOrder {
    // Whole batches only.
    order: Vec<u32>,
    batch_size: usize,
}

impl BatchOrder {
    /// The order of `n` pictures in an epoch, counted from 0. The last, incomplete batch is dropped, as with PyTorch's
    /// `drop_last=True`; where there are fewer pictures than one batch has, they go round until it is full.
    ///
    /// # Panics
    /// Where `n` or `batch_size` is zero.
    pub fn new(seed: u64, epoch: u64, n: usize, batch_size: usize) -> Self {
        let mut order = Stream::new(seed, Purpose::BatchOrder, epoch).permutation(n);
        let n_used = n_batches(n, batch_size) * batch_size;
        order.truncate(n_used);
        for position in n..n_used {
            order.push(order[position - n]);
        }
        Self { order, batch_size }
    }

    /// The epoch's batches.
    pub fn n_batches(&self) -> usize {
        self.order.len() / self.batch_size
    }

    /// The positions, among the `n`, of one batch.
    ///
    /// # Panics
    /// Where `batch_idx` is not below [`n_batches`](Self::n_batches).
    pub fn batch(&self, batch_idx: usize) -> &[u32] {
        &self.order[batch_idx * self.batch_size..(batch_idx + 1) * self.batch_size]
    }
}

/// Batches of one epoch: steps, that is.
///
/// # Panics
/// Where `n` or `batch_size` is zero.
pub fn n_batches(n: usize, batch_size: usize) -> usize {
    assert!(n > 0 && batch_size > 0, "there is no batch of {batch_size} from {n} pictures");
    (n / batch_size).max(1)
}

/// The epoch, counted from 0, and the batch within it that come after `n_steps` steps.
///
/// ```
/// // Ten pictures in batches of four make two steps an epoch.
/// assert_eq!(data::batch::locate(5, 10, 4), (2, 1));
/// ```
///
/// # Panics
/// Where `n` or `batch_size` is zero.
pub fn locate(n_steps: u64, n: usize, batch_size: usize) -> (u64, usize) {
    let per_epoch = n_batches(n, batch_size) as u64;
    (n_steps / per_epoch, (n_steps % per_epoch) as usize)
}

/// Gathers pictures, scaled to 0..1, and their labels; `pixels` becomes `[batch, 1, 28, 28]`, `batch_labels` `[batch]`.
/// Buffers that were filled before are not allocated again.
///
/// # Panics
/// Where a position is not among the pictures.
pub fn fill_batch(
    images: &Images,
    labels: &[u8],
    positions: impl IntoIterator<Item = u32>,
    pixels: &mut Vec<f32>,
    batch_labels: &mut Vec<u32>,
) {
    pixels.clear();
    batch_labels.clear();
    for position in positions {
        let picture: &[u8] = images.get(position as usize);
        debug_assert_eq!(picture.len(), N_PIXELS);
        pixels.extend(picture.iter().map(|&pixel| f32::from(pixel) / 255.0));
        batch_labels.push(u32::from(labels[position as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_shows_no_picture_twice_and_drops_the_incomplete_batch() {
        let order = BatchOrder::new(1, 0, 103, 10);
        assert_eq!(order.n_batches(), 10);
        let mut seen: Vec<u32> = (0..10).flat_map(|batch_idx| order.batch(batch_idx).to_vec()).collect();
        assert_eq!(seen.len(), 100);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 100);
        assert!(seen.iter().all(|&position| position < 103));
    }

    #[test]
    fn epochs_and_seeds_have_orders_of_their_own() {
        let order = BatchOrder::new(1, 0, 103, 10);
        assert_eq!(order, BatchOrder::new(1, 0, 103, 10));
        assert_ne!(order, BatchOrder::new(1, 1, 103, 10));
        assert_ne!(order, BatchOrder::new(2, 0, 103, 10));
    }

    #[test]
    fn another_batch_size_cuts_the_same_order_elsewhere() {
        let (tens, fives) = (BatchOrder::new(1, 3, 100, 10), BatchOrder::new(1, 3, 100, 5));
        assert_eq!(tens.batch(4), [fives.batch(8), fives.batch(9)].concat());
    }

    #[test]
    fn a_set_smaller_than_a_batch_goes_round() {
        let order = BatchOrder::new(1, 0, 3, 8);
        assert_eq!(order.n_batches(), 1);
        let batch = order.batch(0);
        assert_eq!(batch.len(), 8);
        assert!((3..8).all(|i| batch[i] == batch[i - 3]));
        assert_eq!(BatchOrder::new(1, 0, 1, 2).batch(0), [0, 0]);
    }

    #[test]
    fn any_step_is_found_without_those_before_it() {
        let (n, batch_size) = (50, 7);
        let mut walked = Vec::new();
        for epoch in 0..3 {
            let order = BatchOrder::new(9, epoch, n, batch_size);
            walked.extend((0..order.n_batches()).map(|batch_idx| order.batch(batch_idx).to_vec()));
        }
        for (step, batch) in walked.iter().enumerate() {
            let (epoch, batch_idx) = locate(step as u64, n, batch_size);
            assert_eq!(BatchOrder::new(9, epoch, n, batch_size).batch(batch_idx), batch, "step {step}");
        }
        assert_eq!(locate(u64::MAX, 50, 7).0, u64::MAX / 7);
    }

    #[test]
    fn a_filled_batch_is_scaled_labelled_and_allocated_once() {
        let images = Images::new((0..3 * N_PIXELS).map(|i| (i / N_PIXELS * 51) as u8).collect());
        let (mut pixels, mut labels) = (vec![9.0; 1], Vec::new());
        fill_batch(&images, &[4, 5, 6], [0, 1], &mut pixels, &mut labels);
        let allocated = (pixels.as_ptr(), labels.as_ptr());
        fill_batch(&images, &[4, 5, 6], [2, 1], &mut pixels, &mut labels);
        assert_eq!(allocated, (pixels.as_ptr(), labels.as_ptr()));
        assert_eq!(labels, [6, 5]);
        assert_eq!(pixels, [[0.4; N_PIXELS], [0.2; N_PIXELS]].concat());
    }

    #[test]
    #[should_panic(expected = "no batch of 8 from 0 pictures")]
    fn an_empty_set_has_no_batches() {
        BatchOrder::new(0, 0, 0, 8);
    }
}
