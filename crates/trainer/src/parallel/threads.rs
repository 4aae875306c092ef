//! Helpers that are threads, each of which lives as long as the engine that engaged it.

use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};

use nn::NetworkError;
use tensor::TensorError;

use crate::parallel::replica::Replica;
use crate::workers::{Helper, HelperLost, Helpers, Task};

/// As many threads as are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads;

impl Helpers for Threads {
    fn prepare(&self, _n: usize) -> Pin<Box<dyn Future<Output = Result<(), String>>>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn n_ready(&self) -> usize {
        usize::MAX
    }

    fn engage(&self, _helper_idx: usize, task: Task) -> Result<Box<dyn Helper>, NetworkError> {
        let mut replica = Replica::new(task)?;
        let (to, work) = channel::<Vec<f32>>();
        let (done, from) = channel();
        std::thread::spawn(move || {
            while let Ok(mut numbers) = work.recv() {
                let result = replica.run(&mut numbers).map(|_| numbers);
                if done.send(result).is_err() {
                    break;
                }
            }
        });
        Ok(Box::new(Thread { to, from, numbers: Vec::new() }))
    }
}

/// The engine's end of a thread.
#[derive(Debug)]
struct Thread {
    to: Sender<Vec<f32>>,
    from: Receiver<Result<Vec<f32>, TensorError>>,
    /// At rest between steps; the same memory goes back and forth.
    numbers: Vec<f32>,
}

impl Helper for Thread {
    fn begin(&mut self, parts: &[&[f32]], _n_answer: usize) {
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.clear();
        for part in parts {
            numbers.extend_from_slice(part);
        }
        // A thread that is no more is noticed when it is waited for.
        drop(self.to.send(numbers));
    }

    fn poll_finish(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), HelperLost>> {
        let received = self.from.recv().map_err(|error| error.to_string());
        let received = received.and_then(|result| result.map_err(|error| error.to_string()));
        Poll::Ready(match received {
            Ok(numbers) => {
                self.numbers = numbers;
                Ok(())
            }
            Err(message) => Err(HelperLost { message }),
        })
    }

    fn answer(&self) -> &[f32] {
        &self.numbers
    }
}
