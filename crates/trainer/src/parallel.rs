//! One training step, shared by several workers: the batch is cut into shards, each worker finds the gradient over its
//! shard, and the sum in the shards' order steps the parameters, whichever worker was the first to finish.
//!
//! Batch normalisation takes each shard's own statistics, and the running ones follow the first shard's, as in PyTorch's
//! `DistributedDataParallel`. Dropout drops what it would drop in one batch.
//!
//! Where a helper is lost, the engine's own thread computes that shard too: the numbers stay what they were.

mod replica;
#[cfg(not(target_arch = "wasm32"))]
mod threads;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::task::{Context, Poll};

use nn::{Network, NetworkError, TrainingOptions};
use tensor::{TensorError, cpu};

pub use crate::parallel::replica::Replica;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::parallel::threads::Threads;

use crate::engine::{key, run_batch};
use crate::workers::{Helper, HelperLost, Task, Workers};

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

/// Who computes a shard other than the first.
enum Place {
    Helper(Box<dyn Helper>),
    /// The engine's own thread, in a helper's stead.
    Here {
        replica: Box<Replica>,
        numbers: Vec<f32>,
    },
}

impl Place {
    fn begin(&mut self, parts: &[&[f32]], n_answer: usize) {
        match self {
            Self::Helper(helper) => helper.begin(parts, n_answer),
            Self::Here { numbers, .. } => {
                numbers.clear();
                parts.iter().for_each(|part| numbers.extend_from_slice(part));
            }
        }
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HelperLost>> {
        match self {
            Self::Helper(helper) => helper.poll_finish(context),
            Self::Here { replica, numbers } => {
                let result = replica.run(numbers).map(|_| ());
                Poll::Ready(result.map_err(|error| HelperLost { message: error.to_string() }))
            }
        }
    }

    fn answer(&self) -> &[f32] {
        match self {
            Self::Helper(helper) => helper.answer(),
            Self::Here { numbers, .. } => numbers,
        }
    }
}

/// The workers beside the engine's own thread, which takes the first shard itself.
pub(crate) struct Parallel {
    shards: Shards,
    n_pixels: usize,
    task: Task,
    /// One for every shard but the first.
    places: Vec<Place>,
    lost: Vec<HelperLost>,
    /// The engine's plan that steps the parameters.
    update: usize,
}

impl Parallel {
    /// Engages the helpers, and adds the plan of the update to the engine's own executor.
    pub(crate) fn new(
        network: &Network,
        options: &TrainingOptions,
        shards: Shards,
        workers: &Workers,
        executor: &mut cpu::Executor,
    ) -> Result<Self, NetworkError> {
        let update = executor.add(network.update_plan(options.recipe()))?;
        let (model, n_classes) = (network.model().clone(), network.n_classes());
        let n_pixels = model.input.iter().product();
        let task = Task { model, n_classes, options: options.clone(), n_images: 0 };
        let places = (1..shards.n()).map(|shard_idx| {
            let task = Task { n_images: shards.len(shard_idx), ..task.clone() };
            workers.helpers.engage(shard_idx - 1, task).map(Place::Helper)
        });
        let places = places.collect::<Result<_, _>>()?;
        Ok(Self { shards, n_pixels, task, places, lost: Vec::new(), update })
    }

    /// Shards of a batch, on which its numbers depend.
    pub(crate) const fn n_shards(&self) -> usize {
        self.shards.n()
    }

    /// Workers that compute at the same time, the engine's own thread counted.
    pub(crate) fn n_workers(&self) -> usize {
        1 + self.places.iter().filter(|place| matches!(place, Place::Helper(_))).count()
    }

    /// The helpers that were lost since this was last called.
    pub(crate) fn take_lost(&mut self) -> Vec<HelperLost> {
        std::mem::take(&mut self.lost)
    }

    /// One step: `gradient` is the executor's plan of the first shard's gradient. The batch's mean loss and the number
    /// classified rightly.
    pub(crate) async fn step(
        &mut self,
        executor: &mut cpu::Executor,
        gradient: usize,
        images: &[f32],
        labels: &[u32],
        random: Option<[u64; 2]>,
    ) -> Result<[f32; 2], NetworkError> {
        self.check(images, labels)?;
        for shard_idx in 1..self.shards.n() {
            self.begin(shard_idx, executor.parameters(), images, labels, random);
        }
        let shards = &self.shards;
        let own_images = &images[shards.range(0, self.n_pixels)];
        let own_labels = &labels[shards.range(0, 1)];
        let [mut loss, mut n_correct] =
            run_batch(executor, gradient, own_images, own_labels, key(random, 0))?;
        loss *= shards.share(0);
        executor.scale_gradients(shards.share(0));
        let n_answer = replica::n_answer(executor.parameters().len());
        for shard_idx in 1..self.shards.n() {
            if let Err(lost) = self.finish(shard_idx).await {
                self.replace(shard_idx, lost)?;
                self.begin(shard_idx, executor.parameters(), images, labels, random);
                let again = self.finish(shard_idx).await;
                again.expect("the engine's own thread computes what a helper did");
            }
            let share = self.shards.share(shard_idx);
            let answer = self.places[shard_idx - 1].answer();
            let (metrics, gradients) = answer[..n_answer].split_at(2);
            executor.add_gradients(share, gradients)?;
            loss += share * metrics[0];
            n_correct += metrics[1];
        }
        executor.run(self.update);
        Ok([loss, n_correct])
    }

    /// Hands a shard over.
    fn begin(
        &mut self,
        shard_idx: usize,
        parameters: &[f32],
        images: &[f32],
        labels: &[u32],
        random: Option<[u64; 2]>,
    ) {
        let own = self.shards.range(shard_idx, 1);
        let key = key(random, own.start).unwrap_or_default();
        let images = &images[self.shards.range(shard_idx, self.n_pixels)];
        let parts = [bytemuck::cast_slice(&key), bytemuck::cast_slice(&labels[own]), parameters, images];
        self.places[shard_idx - 1].begin(&parts, replica::n_answer(parameters.len()));
    }

    /// Waits for a shard.
    async fn finish(&mut self, shard_idx: usize) -> Result<(), HelperLost> {
        let place = &mut self.places[shard_idx - 1];
        std::future::poll_fn(|context| place.poll_finish(context)).await
    }

    /// From now on the engine's own thread computes a shard.
    fn replace(&mut self, shard_idx: usize, lost: HelperLost) -> Result<(), NetworkError> {
        let task = Task { n_images: self.shards.len(shard_idx), ..self.task.clone() };
        let replica = Box::new(Replica::new(task)?);
        self.places[shard_idx - 1] = Place::Here { replica, numbers: Vec::new() };
        self.lost.push(lost);
        Ok(())
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
