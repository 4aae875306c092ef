//! The run: a slice of training at a time, so that commands are heard between slices.

use std::time::Duration;

use data::batch::fill_batch;
use protocol::{Event, Reply, Split, StepMetrics};
use web_time::Instant;

use crate::apart;
use crate::engine::{EngineError, pick};
use crate::evaluating::Job;
use crate::session::{End, Run, Session, SessionError};

/// About how long a slice takes: short enough for a pause to be felt at once.
const SLICE: Duration = Duration::from_millis(30);

/// How many validation pictures the quick measurements during an epoch look at.
const QUICK_VALIDATION: usize = 500;

impl Session {
    /// Does a slice of the work at hand: an evaluation's, else the run's, and looks at the picture where that is due.
    pub async fn advance(&mut self) {
        let result = match self.jobs.pop_front() {
            Some(job) => apart(self.advance_job(job)).await,
            None if self.run.is_some() => apart(self.train_slice()).await,
            None => Ok(()),
        };
        let result = match result {
            Ok(()) => apart(self.inspect_if_due()).await,
            Err(error) => Err(error),
        };
        let inspected = *result.as_ref().unwrap_or(&false);
        if let Err(error) = result
            && let Err(error) = apart(self.recover(error)).await
        {
            self.abandon(&error);
        }
        // Together with an inspection, so that the page draws once for both.
        if self.run.is_some() && (inspected || self.statuses.is_due(Instant::now())) {
            self.say(Event::Status(self.status()));
            let now = Instant::now();
            if inspected {
                self.statuses.put_off(now);
            } else {
                self.statuses.done(Duration::ZERO, now);
            }
        }
    }

    /// Begins a run, or gives the one in progress another end.
    pub(crate) fn begin(&mut self, request: u32, end: Option<End>) {
        self.end_run();
        // A measurement that the last run left would come between this run and its first step.
        self.jobs.retain(|job| job.request().is_some());
        self.run = Some(Run { request, end });
        self.says_compiling = false;
        self.speedometer.clear();
        self.statuses.reset();
        if self.has_ended() {
            self.end_run();
        }
    }

    /// Ends the run in progress, if there is one, and answers its request.
    pub(crate) fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            let reply =
                Reply::Trained { step: self.step, last: self.last_metrics, validation: self.last_validation };
            self.reply(run.request, Ok((reply, Vec::new())));
            self.say(Event::Status(self.status()));
            self.inspection_due = true;
            // So that the curves end where the run does.
            let measured = self.last_validation.is_some_and(|last| last.step == self.step);
            if !measured && self.jobs.is_empty() && self.validations.is_cheap(Instant::now()) {
                self.jobs.push_back(Job::validation(QUICK_VALIDATION));
            }
        }
    }

    fn has_ended(&self) -> bool {
        match self.run.as_ref().and_then(|run| run.end) {
            Some(End::Step(end)) => self.step >= end,
            Some(End::Epochs(n_left)) => n_left == 0,
            None => false,
        }
    }

    /// Nothing can go on: everything in progress is answered with the error.
    fn abandon(&mut self, error: &SessionError) {
        let requests: Vec<u32> = (self.run.take().map(|run| run.request).into_iter())
            .chain(self.jobs.drain(..).filter_map(|job| job.request()))
            .collect();
        for request in requests {
            self.reply(request, Err(SessionError::Refused(error.to_string())));
        }
        self.inspection_due = false;
        self.say(Event::Status(self.status()));
    }

    /// Compiles the shaders of a training step. One slice says so, the next one does it, as what a slice says is heard when
    /// it is over.
    async fn compile_slice(&mut self) -> Result<(), EngineError> {
        if !std::mem::replace(&mut self.says_compiling, true) {
            self.say(Event::Status(self.status()));
            return Ok(());
        }
        self.says_compiling = false;
        self.engine.compile().await?;
        self.say(Event::Status(self.status()));
        Ok(())
    }

    async fn train_slice(&mut self) -> Result<(), EngineError> {
        if !self.engine.is_compiled() {
            return self.compile_slice().await;
        }
        let start = Instant::now();
        let mut n_steps = 0;
        let most = self.steps_at_once.min(self.engine.most_steps_at_once());
        while n_steps < most && start.elapsed() < SLICE && !self.has_ended() {
            self.step_once().await?;
            n_steps += 1;
            // An epoch's end is measured, so it ends the slice.
            if self.position.at_epoch_start() {
                break;
            }
        }
        let metrics = self.engine.take_metrics().await?;
        self.tell_of_lost_workers();
        let elapsed = start.elapsed();
        let least = self.speedometer.least_step();
        if let Some((shown, excess)) = self.wake.excess(start, elapsed, n_steps as u64, least) {
            self.count_showing(shown, excess);
        }
        self.speedometer.record(metrics.len() as u64, elapsed);
        self.adapt_slice(n_steps, elapsed);
        let first_step = self.step + 1 - metrics.len() as u64;
        let batch_size = self.options.batch_size as f32;
        let points: Vec<StepMetrics> = (first_step..)
            .zip(metrics)
            .map(|(step, [loss, n_correct])| StepMetrics { step, loss, accuracy: n_correct / batch_size })
            .collect();
        self.last_metrics = points.last().copied().or(self.last_metrics);
        let diverged = points.iter().find(|point| !point.loss.is_finite()).copied();
        self.unsaid.extend(points);
        if let Some(point) = diverged {
            self.stop_diverged(point);
            return Ok(());
        }
        if n_steps > 0 {
            self.checkpoints.confirm();
        }
        if self.snapshots.is_due(Instant::now()) {
            let start = Instant::now();
            let checkpoint = self.checkpoint().await?;
            self.checkpoints.propose(checkpoint);
            self.snapshots.done(start.elapsed(), Instant::now());
        }
        self.schedule_validation(n_steps);
        Ok(())
    }

    async fn step_once(&mut self) -> Result<(), EngineError> {
        let steps_per_epoch = self.position.steps_per_epoch();
        let hyper = self.options.hyper(self.step, self.optimiser_step + 1, steps_per_epoch);
        self.engine.set_random(self.options.seed, self.step);
        let train = &self.splits.train;
        let positions = self.position.batch().iter().map(|&idx| train[idx as usize]);
        let (shift, seed) = (self.options.augment.shift, self.options.seed);
        if self.engine.keeps_pictures() {
            let moves = data::augment::moves(shift, seed, self.step);
            self.batch.picks.clear();
            self.batch
                .picks
                .extend(positions.zip(moves).flat_map(|(position, move_by)| pick(position, move_by)));
            self.engine.step_kept(&self.dataset.training.images, &self.batch.picks, hyper).await?;
        } else {
            let (images, labels) = (&self.dataset.training.images, &self.dataset.training.labels);
            fill_batch(images, labels, positions, &mut self.batch.images, &mut self.batch.labels);
            data::augment::shift(&mut self.batch.images, shift, seed, self.step);
            self.engine.step(&self.batch.images, &self.batch.labels, hyper).await?;
        }
        self.step += 1;
        self.optimiser_step += 1;
        self.images_seen += self.options.batch_size as u64;
        self.position.advance();
        if self.position.at_epoch_start()
            && let Some(Run { end: Some(End::Epochs(n_left)), .. }) = &mut self.run
        {
            *n_left = n_left.saturating_sub(1);
        }
        Ok(())
    }

    /// More steps a slice where it was short, fewer where it was long: a GPU is asked for its metrics only once a slice.
    fn adapt_slice(&mut self, n_steps: usize, elapsed: Duration) {
        if n_steps > 0 {
            let wanted = SLICE.as_secs_f32() / elapsed.as_secs_f32().max(1e-6) * n_steps as f32;
            self.steps_at_once = (wanted as usize).clamp(1, 2 * self.steps_at_once);
        }
    }

    fn stop_diverged(&mut self, point: StepMetrics) {
        let value = if point.loss.is_nan() { "NaN" } else { "infinity" };
        self.say(Event::Diverged {
            step: point.step,
            value: value.into(),
            last_good_step: self.checkpoints.good().step,
        });
        self.end_run();
        // There is nothing to measure of weights that are not numbers.
        self.jobs.retain(|job| job.request().is_some());
    }

    /// The whole validation set at an epoch's end; part of it now and then before that.
    fn schedule_validation(&mut self, n_steps: usize) {
        let epoch_ended = n_steps > 0 && self.position.at_epoch_start();
        if epoch_ended {
            self.jobs.push_back(Job::validation(usize::MAX));
        } else if self.has_ended() {
            self.end_run();
        } else if self.validations.is_due(Instant::now()) {
            self.jobs.push_back(Job::validation(QUICK_VALIDATION));
        }
    }

    /// What follows a measurement of the validation set.
    pub(crate) fn after_validation(&mut self, took: Duration) {
        self.validations.done(took, Instant::now());
        if self.has_ended() {
            self.end_run();
        }
    }

    /// Which split the curves' second line follows.
    pub(crate) const CURVE_SPLIT: Split = Split::Validation;
}
