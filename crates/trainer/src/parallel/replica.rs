//! A thread with an executor of its own, which lives as long as the engine.

use std::sync::mpsc::{Receiver, Sender, channel};

use nn::{Loss, Network};
use tensor::{TensorError, cpu};

use crate::engine::{Key, run_batch};

/// What goes to the thread and comes back filled, again and again, so that no step allocates.
#[derive(Debug, Default)]
pub(super) struct Shard {
    parameters: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u32>,
    key: Option<Key>,
    /// Of the shard's mean loss, laid out as the parameters.
    pub(super) gradients: Vec<f32>,
    /// The shard's mean loss and the number classified rightly.
    pub(super) metrics: [f32; 2],
}

/// The engine's end of a thread.
#[derive(Debug)]
pub(super) struct Replica {
    to: Sender<Shard>,
    from: Receiver<Result<Shard, TensorError>>,
    /// At rest between steps.
    shard: Shard,
}

/// The thread ends when the engine is dropped, and never before.
const ALIVE: &str = "the thread lives as long as the engine";

impl Replica {
    /// Starts a thread for shards of `n_images` pictures.
    pub(super) fn start(network: &Network, loss: Loss, n_images: usize) -> Result<Self, TensorError> {
        let mut executor = cpu::Executor::new(&network.layout(), 0);
        let plan = executor.add(network.gradient_plan(n_images, loss)?)?;
        let (to, work) = channel::<Shard>();
        let (done, from) = channel();
        std::thread::spawn(move || {
            while let Ok(mut shard) = work.recv() {
                let result = run(&mut executor, plan, &mut shard).map(|()| shard);
                if done.send(result).is_err() {
                    break;
                }
            }
        });
        Ok(Self { to, from, shard: Shard::default() })
    }

    /// Hands the thread its part of a batch.
    pub(super) fn begin(&mut self, parameters: &[f32], images: &[f32], labels: &[u32], key: Option<Key>) {
        let mut shard = std::mem::take(&mut self.shard);
        refill(&mut shard.parameters, parameters);
        refill(&mut shard.images, images);
        refill(&mut shard.labels, labels);
        shard.key = key;
        self.to.send(shard).expect(ALIVE);
    }

    /// Waits for what was begun.
    pub(super) fn finish(&mut self) -> Result<&Shard, TensorError> {
        self.shard = self.from.recv().expect(ALIVE)?;
        Ok(&self.shard)
    }
}

fn run(executor: &mut cpu::Executor, plan: usize, shard: &mut Shard) -> Result<(), TensorError> {
    executor.set_parameters(&shard.parameters)?;
    shard.metrics = run_batch(executor, plan, &shard.images, &shard.labels, shard.key)?;
    refill(&mut shard.gradients, executor.gradients());
    Ok(())
}

fn refill<T: Copy>(to: &mut Vec<T>, from: &[T]) {
    to.clear();
    to.extend_from_slice(from);
}
