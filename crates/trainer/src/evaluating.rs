//! Loss, accuracy and confusion over a split, some pictures at a time.

use std::time::Duration;

use data::batch::fill_batch;
use nn::Loss;
use protocol::{Evaluation, Event, Reply, Split, Validation};
use web_time::Instant;

use crate::engine::EngineError;
use crate::session::Session;

/// Pictures between two looks at the commands that came meanwhile.
const PICTURES_AT_ONCE: usize = 250;

/// An evaluation in progress.
#[derive(Debug)]
pub(crate) struct Job {
    purpose: Purpose,
    split: Split,
    most: usize,
    start: Instant,
    /// Whether the engine had measured nothing before.
    is_first: bool,
    tally: Tally,
}

#[derive(Clone, Copy, Debug)]
enum Purpose {
    /// Somebody asked.
    Request(u32),
    /// The curves.
    Curve,
}

/// What has been counted so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    n_images: usize,
    loss: f64,
    confusion: Vec<Vec<u32>>,
}

impl Job {
    pub(crate) fn requested(request: u32, split: Split) -> Self {
        Self::new(Purpose::Request(request), split, usize::MAX)
    }

    pub(crate) fn validation(most: usize) -> Self {
        Self::new(Purpose::Curve, Session::CURVE_SPLIT, most)
    }

    fn new(purpose: Purpose, split: Split, most: usize) -> Self {
        Self { purpose, split, most, start: Instant::now(), is_first: false, tally: Tally::default() }
    }

    /// The request that waits for it.
    pub(crate) const fn request(&self) -> Option<u32> {
        match self.purpose {
            Purpose::Request(request) => Some(request),
            Purpose::Curve => None,
        }
    }

    /// The weights or the data are others now: counts from the beginning.
    pub(crate) fn restart(&mut self) {
        self.tally = Tally::default();
    }
}

impl Tally {
    /// Adds pictures' logits, `[n, classes]`.
    fn add(&mut self, loss: Loss, logits: &[f32], labels: &[u32], n_classes: usize) {
        self.confusion.resize_with(n_classes, || vec![0; n_classes]);
        for (logits, &label) in logits.chunks_exact(n_classes).zip(labels) {
            self.loss += loss.of(logits, label as usize);
            self.confusion[label as usize][largest(logits)] += 1;
            self.n_images += 1;
        }
    }

    fn mean_loss(&self) -> f32 {
        (self.loss / self.n_images.max(1) as f64) as f32
    }

    fn accuracy(&self) -> f32 {
        let n_correct: u32 = self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
        n_correct as f32 / self.n_images.max(1) as f32
    }
}

/// The position of the largest number; the first of equals.
pub(crate) fn largest(numbers: &[f32]) -> usize {
    (1..numbers.len()).fold(0, |best, idx| if numbers[idx] > numbers[best] { idx } else { best })
}

impl Session {
    /// Goes on with an evaluation, and puts it back at the front where it is not done.
    pub(crate) async fn advance_job(&mut self, mut job: Job) -> Result<(), EngineError> {
        let n_classes = self.network.n_classes();
        let n_all = self.split(job.split).1.len().min(job.most);
        let first = job.tally.n_images;
        let n = PICTURES_AT_ONCE.min(n_all - first);
        if n > 0 {
            let mut batch = std::mem::take(&mut self.batch);
            let (pictures, positions) = self.split(job.split);
            let chosen = (first..first + n).filter_map(|idx| positions.get(idx));
            fill_batch(&pictures.images, &pictures.labels, chosen, &mut batch.images, &mut batch.labels);
            job.is_first |= !self.engine.has_evaluated();
            let logits = self.engine.logits(&batch.images).await;
            if let Ok(logits) = &logits {
                job.tally.add(self.options.loss, logits, &batch.labels, n_classes);
            }
            self.batch = batch;
            if let Err(error) = logits {
                self.jobs.push_front(job);
                return Err(error);
            }
        }
        if job.tally.n_images < n_all {
            self.jobs.push_front(job);
        } else {
            self.finish_job(job);
        }
        Ok(())
    }

    fn finish_job(&mut self, job: Job) {
        let (loss, accuracy) = (job.tally.mean_loss(), job.tally.accuracy());
        let n_images = job.tally.n_images;
        match job.purpose {
            Purpose::Request(request) => {
                let evaluation = Evaluation {
                    split: job.split,
                    step: self.step,
                    loss,
                    accuracy,
                    n_images,
                    confusion: job.tally.confusion,
                };
                self.reply(request, Ok((Reply::Evaluated(evaluation), Vec::new())));
            }
            Purpose::Curve => {
                let validation = Validation { step: self.step, loss, accuracy, n_images };
                self.last_validation = Some(validation);
                self.say(Event::Metrics { train: Vec::new(), validation: Some(validation) });
                // The first is no measure of what the next ones take.
                let took = if job.is_first { Duration::ZERO } else { job.start.elapsed() };
                self.after_validation(took);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_what_the_logits_say() {
        let mut tally = Tally::default();
        tally.add(Loss::default(), &[2.0, 0.0, 1.0, 0.0, 3.0, 0.0], &[0, 2], 3);
        assert_eq!(tally.confusion, [[1, 0, 0], [0, 0, 0], [0, 1, 0]]);
        assert!((tally.accuracy() - 0.5).abs() < 1e-6);
        // ln(e² + 1 + e) − 2 and ln(e³ + 2) − 0
        let expected = f64::midpoint((2_f64.exp() + 1.0 + 1_f64.exp()).ln() - 2.0, (3_f64.exp() + 2.0).ln());
        assert!((f64::from(tally.mean_loss()) - expected).abs() < 1e-6);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        assert!((Loss::default().of(&[1000.0, 0.0], 1) - 1000.0).abs() < 1e-6);
    }
}
