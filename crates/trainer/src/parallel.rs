//! One training step, shared by several workers: the batch is cut into shards, each worker finds the gradient over its
//! shard, and the sum in the shards' order steps the parameters, whichever worker was the first to finish.
//!
//! Batch normalisation takes each shard's own statistics, and the running ones follow the first shard's, as in PyTorch's
//! `DistributedDataParallel`. Dropout drops what it would drop in one batch.

mod replica;

#[cfg(test)]
mod tests;

use std::ops::Range;

use nn::{Network, Recipe};
use tensor::{TensorError, cpu};

use crate::engine::{key, run_batch};
use crate::parallel::replica::Replica;

/// How a batch is cut: consecutive parts whose sizes differ by one at most, the larger ones first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shards {
    batch_size: usize,
    n: usize,
}

impl Shards {
    /// Cuts a batch in `n_wanted` parts, or in as many as it has pictures.
    pub(crate) fn new(batch_size: usize, n_wanted: usize) -> Self {
        Self { batch_size, n: n_wanted.clamp(1, batch_size.max(1)) }
    }

    /// How many parts.
    pub(crate) const fn n(&self) -> usize {
        self.n
    }

    /// How many pictures a part has.
    pub(crate) fn len(&self, shard_idx: usize) -> usize {
        self.batch_size / self.n + usize::from(shard_idx < self.batch_size % self.n)
    }

    /// The part's pictures, in a buffer of the batch with `n_numbers` numbers a picture.
    fn range(&self, shard_idx: usize, n_numbers: usize) -> Range<usize> {
        let start = shard_idx * (self.batch_size / self.n) + shard_idx.min(self.batch_size % self.n);
        start * n_numbers..(start + self.len(shard_idx)) * n_numbers
    }

    /// The part's share in the batch's mean: the gradient of the batch is the sum of each shard's, times its share.
    fn share(&self, shard_idx: usize) -> f32 {
        self.len(shard_idx) as f32 / self.batch_size as f32
    }
}

/// How many of the threads asked for there can be: a browser's engine has only its own.
pub(crate) const fn usable_threads(n_wanted: usize) -> usize {
    if cfg!(target_arch = "wasm32") { 1 } else { n_wanted }
}

/// The workers beside the engine's own thread, which takes the first shard itself.
#[derive(Debug)]
pub(crate) struct Parallel {
    shards: Shards,
    n_pixels: usize,
    /// One for every shard but the first.
    replicas: Vec<Replica>,
    /// The engine's plan that steps the parameters.
    update: usize,
}

impl Parallel {
    /// Starts the workers, and adds the plan of the update to the engine's own executor.
    pub(crate) fn new(
        network: &Network,
        recipe: Recipe,
        shards: Shards,
        executor: &mut cpu::Executor,
    ) -> Result<Self, TensorError> {
        let update = executor.add(network.update_plan(recipe))?;
        let replicas =
            (1..shards.n()).map(|shard_idx| Replica::start(network, recipe.loss, shards.len(shard_idx)));
        let replicas = replicas.collect::<Result<_, _>>()?;
        let n_pixels = network.model().input.iter().product();
        Ok(Self { shards, n_pixels, replicas, update })
    }

    /// Threads that share a step.
    pub(crate) const fn n_threads(&self) -> usize {
        self.shards.n()
    }

    /// One step: `gradient` is the executor's plan of the first shard's gradient. The batch's mean loss and the number
    /// classified rightly.
    pub(crate) fn step(
        &mut self,
        executor: &mut cpu::Executor,
        gradient: usize,
        images: &[f32],
        labels: &[u32],
        random: Option<[u64; 2]>,
    ) -> Result<[f32; 2], TensorError> {
        self.check(images, labels)?;
        let shards = &self.shards;
        let part = |shard_idx| {
            (&images[shards.range(shard_idx, self.n_pixels)], &labels[shards.range(shard_idx, 1)])
        };
        for (shard_idx, replica) in (1..).zip(&mut self.replicas) {
            let (images, labels) = part(shard_idx);
            let first = shards.range(shard_idx, 1).start;
            replica.begin(executor.parameters(), images, labels, key(random, first));
        }
        let (images, labels) = part(0);
        let [mut loss, mut n_correct] = run_batch(executor, gradient, images, labels, key(random, 0))?;
        loss *= shards.share(0);
        let total = executor.gradients_mut();
        total.iter_mut().for_each(|total| *total *= shards.share(0));
        for (shard_idx, replica) in (1..).zip(&mut self.replicas) {
            let share = shards.share(shard_idx);
            let done = replica.finish()?;
            for (total, gradient) in total.iter_mut().zip(&done.gradients) {
                *total += share * gradient;
            }
            loss += share * done.metrics[0];
            n_correct += done.metrics[1];
        }
        executor.run(self.update);
        Ok([loss, n_correct])
    }

    fn check(&self, images: &[f32], labels: &[u32]) -> Result<(), TensorError> {
        let n = self.shards.batch_size;
        let lengths = [("images", n * self.n_pixels, images.len()), ("labels", n, labels.len())];
        match lengths.into_iter().find(|(_, expected, received)| expected != received) {
            Some((what, expected, received)) => {
                Err(TensorError::Length { what: what.into(), expected, received })
            }
            None => Ok(()),
        }
    }
}
