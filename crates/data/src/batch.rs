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
