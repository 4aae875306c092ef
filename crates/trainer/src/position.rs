//! Where a run is in its data.

use data::batch::BatchOrder;

/// The epoch under way, its order, and the next batch.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    seed: u64,
    n_images: usize,
    batch_size: usize,
    epoch: u64,
    batch_idx: usize,
    order: BatchOrder,
}

impl Position {
    /// After `n_steps` steps from the beginning.
    pub(crate) fn after(n_steps: u64, seed: u64, n_images: usize, batch_size: usize) -> Self {
        let (epoch, batch_idx) = data::batch::locate(n_steps, n_images, batch_size);
        let order = BatchOrder::new(seed, epoch, n_images, batch_size);
        Self { seed, n_images, batch_size, epoch, batch_idx, order }
    }

    pub(crate) fn steps_per_epoch(&self) -> u64 {
        self.order.n_batches() as u64
    }

    /// Whether the next batch is the first of its epoch.
    pub(crate) const fn at_epoch_start(&self) -> bool {
        self.batch_idx == 0
    }

    /// The positions, in the training split, of the next batch.
    pub(crate) fn batch(&self) -> &[u32] {
        self.order.batch(self.batch_idx)
    }

    /// On to the next batch.
    pub(crate) fn advance(&mut self) {
        self.batch_idx += 1;
        if self.batch_idx == self.order.n_batches() {
            self.epoch += 1;
            self.batch_idx = 0;
            self.order = BatchOrder::new(self.seed, self.epoch, self.n_images, self.batch_size);
        }
    }
}
