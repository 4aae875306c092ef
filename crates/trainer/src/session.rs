//! The session: its state, and what belongs to all of its parts.

mod pictures;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use data::Dataset;
use data::split::Splits;
use nn::{ModelSpec, Network, NetworkError, TrainingOptions};
use protocol::{
    Array, Asked, BackendChoice, BackendStatus, DataStatus, Event, Message, Reply, RunStatus, Sample, Split,
    StepMetrics, Validation,
};
use web_time::Instant;

use crate::backend::{Chosen, choose_backend};
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::engine::{Engine, EngineError};
use crate::evaluating::Job;
use crate::position::Position;
use crate::speed::{Pacer, Shown, Speedometer, Wake};
use crate::trying::{Trials, UNTRIED};
use crate::workers::{Helpers, Workers};

pub(crate) use pictures::Positions;

/// Why a session refuses something.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// An option.
    #[error(transparent)]
    Options(#[from] nn::options::OptionError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The data, or a drawing.
    #[error(transparent)]
    Data(#[from] data::DataError),
    /// A file of weights.
    #[error(transparent)]
    Weights(#[from] nn::StateDictError),
    /// A network that cannot be exported.
    #[error(transparent)]
    Export(#[from] export::ExportError),
    /// Something else, in words.
    #[error("{0}")]
    Refused(String),
}

/// A network, its data, and the run that trains it.
pub struct Session {
    pub(crate) network: Network,
    pub(crate) options: TrainingOptions,
    pub(crate) dataset: Dataset,
    pub(crate) splits: Splits,
    pub(crate) engine: Engine,
    pub(crate) device: Option<Rc<gpu::Device>>,
    pub(crate) backend: BackendStatus,
    /// Who shares a training step on the CPU.
    pub(crate) workers: Workers,
    pub(crate) trials: Trials,
    /// Whether the engine is the user's choice or the fastest, as far as is known.
    pub(crate) settled: bool,
    pub(crate) run: Option<Run>,
    /// Whether it was said that the run waits for the GPU's compiler.
    pub(crate) says_compiling: bool,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) position: Position,
    pub(crate) step: u64,
    pub(crate) images_seen: u64,
    /// Steps since the optimiser's states were empty.
    pub(crate) optimiser_step: u64,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) last_metrics: Option<StepMetrics>,
    pub(crate) last_validation: Option<Validation>,
    pub(crate) sample: Sample,
    pub(crate) drawing: Vec<f32>,
    pub(crate) inspection_due: bool,
    pub(crate) speedometer: Speedometer,
    pub(crate) inspections: Pacer,
    pub(crate) wake: Wake,
    pub(crate) validations: Pacer,
    pub(crate) snapshots: Pacer,
    pub(crate) statuses: Pacer,
    pub(crate) steps_at_once: usize,
    pub(crate) batch: Batch,
    /// Points of the curves that wait until something else is to be said, which is soon.
    pub(crate) unsaid: Vec<StepMetrics>,
    events: Vec<Message<Event>>,
    /// What was given to be posted, and when.
    posting: Option<(Instant, Shown)>,
}

/// A run in progress.
pub(crate) struct Run {
    /// The request that it answers.
    pub(crate) request: u32,
    /// Where it ends by itself.
    pub(crate) end: Option<End>,
}

/// Where a run ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// At this step.
    Step(u64),
    /// After so many epoch ends.
    Epochs(u64),
}

/// Buffers for one batch, filled anew at every step.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) images: Vec<f32>,
    pub(crate) labels: Vec<u32>,
    pub(crate) picks: Vec<u32>,
}

impl Session {
    /// Starts a session: splits the data, chooses the backend, and sets the initial weights. Where any backend will do, it
    /// is the CPU until others have been tried ([`Session::try_next`]).
    ///
    /// # Errors
    /// [`SessionError`] where the network or an option is not valid, or the backend asked for cannot be had.
    pub async fn new(
        model: ModelSpec,
        options: TrainingOptions,
        dataset: Dataset,
        backend: BackendChoice,
    ) -> Result<Self, SessionError> {
        options.check()?;
        let network = Network::new(model, data::N_CLASSES)?.with_frozen(&options.frozen)?;
        let splits = Splits::new(options.seed, dataset.training.labels.len());
        let position = Position::after(0, options.seed, splits.train.len(), options.batch_size);
        let workers = Workers::threads(1);
        let at_first = if backend == BackendChoice::Auto { BackendChoice::Cpu } else { backend };
        let Chosen { engine, device, mut status } =
            choose_backend(&network, &options, &workers, at_first, (&[], &[])).await?;
        status.asked = Asked { backend, n_workers: None };
        if backend == BackendChoice::Auto {
            status.reason = UNTRIED.into();
        }
        let mut session = Self {
            network,
            options,
            dataset,
            splits,
            engine,
            device,
            backend: status,
            workers,
            trials: Trials::new(),
            settled: false,
            says_compiling: false,
            run: None,
            jobs: VecDeque::new(),
            position,
            step: 0,
            images_seen: 0,
            optimiser_step: 0,
            checkpoints: Checkpoints::default(),
            last_metrics: None,
            last_validation: None,
            sample: Sample::Stored { split: Split::Validation, idx: 0 },
            drawing: vec![0.0; data::N_PIXELS],
            inspection_due: true,
            speedometer: Speedometer::default(),
            // Together less than a tenth of the time, what whoever draws takes from the steps counted.
            inspections: Pacer::new(Duration::from_millis(100), 0.04),
            validations: Pacer::new(Duration::from_millis(100), 0.025),
            wake: Wake::default(),
            snapshots: Pacer::new(Duration::from_millis(1000), 0.01),
            statuses: Pacer::new(Duration::from_millis(100), 0.02),
            steps_at_once: 1,
            batch: Batch::default(),
            unsaid: Vec::new(),
            events: Vec::new(),
            posting: None,
        };
        session.keep_pictures()?;
        session.set_initial_weights()?;
        if backend == BackendChoice::Gpu {
            session.engine.begin_compiling();
        }
        Ok(session)
    }

    /// Brings the workers that may share a training step with the engine's own.
    pub fn set_helpers(&mut self, helpers: Rc<dyn Helpers>) {
        self.workers.helpers = helpers;
    }

    /// Everything there is to say since this was last called, in order. Where somebody else passes it on,
    /// [`Session::posted`] counts the time that this takes.
    pub fn events(&mut self) -> Vec<Message<Event>> {
        let events = std::mem::take(&mut self.events);
        let shown = events.iter().filter_map(|message| match message.body {
            Event::Inspection(_) => Some(Shown::Inspection),
            Event::Status(_) => Some(Shown::Status),
            _ => None,
        });
        // An inspection counts for all that goes with it.
        let shown = shown.reduce(|a, b| if a == Shown::Inspection { a } else { b });
        self.posting = shown.map(|shown| (Instant::now(), shown));
        events
    }

    /// What [`Session::events`] gave has been passed on: the time since then is part of what showing it takes.
    pub fn posted(&mut self) {
        if let Some((start, shown)) = self.posting.take() {
            self.count_showing(shown, start.elapsed());
            self.wake.posted(shown, Instant::now());
        }
    }

    /// Showing something took so long, on top of what is known.
    pub(crate) fn count_showing(&mut self, shown: Shown, took: Duration) {
        match shown {
            Shown::Inspection => self.inspections.took_longer(took),
            Shown::Status => self.statuses.took_longer(took),
        }
    }

    /// Whether [`Session::advance`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.run.is_some() || !self.jobs.is_empty() || self.inspection_due
    }

    /// Says everything that somebody who has just come needs to know.
    pub fn introduce(&mut self) {
        self.say(Event::Ready { model: self.network.model().clone(), options: self.options.clone() });
        self.say(Event::Backend(self.backend.clone()));
        self.say(Event::Data(self.data_status()));
        self.say(Event::Status(self.status()));
        self.inspection_due = true;
    }

    /// Which engine runs and why.
    pub const fn backend(&self) -> &BackendStatus {
        &self.backend
    }

    /// The GPU that was opened last, if any.
    pub const fn device(&self) -> Option<&Rc<gpu::Device>> {
        self.device.as_ref()
    }

    /// The data set in use.
    pub fn data_status(&self) -> DataStatus {
        DataStatus {
            name: self.dataset.name.clone(),
            origin: self.dataset.origin.clone(),
            verified_mnist: self.dataset.verified_mnist,
            n_train: self.splits.train.len(),
            n_validation: self.splits.validation.len(),
            n_test: self.dataset.test.labels.len(),
        }
    }

    /// Replaces the data set. The weights stay; the run goes on with the new pictures.
    ///
    /// # Errors
    /// Where the GPU is lost.
    pub fn set_dataset(&mut self, dataset: Dataset) -> Result<(), SessionError> {
        self.dataset = dataset;
        let kept = self.keep_pictures();
        self.split_anew();
        self.jobs.retain(|job| job.request().is_some());
        for job in &mut self.jobs {
            job.restart();
        }
        if let Sample::Stored { .. } = self.sample {
            self.sample = Sample::Stored { split: Split::Validation, idx: 0 };
        }
        self.inspection_due = true;
        self.say(Event::Data(self.data_status()));
        self.say(Event::Status(self.status()));
        Ok(kept?)
    }

    pub(crate) fn split_anew(&mut self) {
        self.splits = Splits::new(self.options.seed, self.dataset.training.labels.len());
        let (seed, batch_size) = (self.options.seed, self.options.batch_size);
        self.position = Position::after(self.step, seed, self.splits.train.len(), batch_size);
    }

    pub(crate) fn say(&mut self, event: Event) {
        self.say_with(event, Vec::new());
    }

    pub(crate) fn say_with(&mut self, event: Event, arrays: Vec<Array>) {
        if !self.unsaid.is_empty() {
            let train = std::mem::take(&mut self.unsaid);
            self.events.push(Message::plain(Event::Metrics { train, validation: None }));
        }
        self.events.push(Message { body: event, arrays });
    }

    pub(crate) fn reply(&mut self, id: u32, result: Result<(Reply, Vec<Array>), SessionError>) {
        let (result, arrays) = match result {
            Ok((reply, arrays)) => (Ok(reply), arrays),
            Err(error) => (Err(error.to_string()), Vec::new()),
        };
        self.say_with(Event::Reply { id, result }, arrays);
    }

    pub(crate) fn status(&self) -> RunStatus {
        let per_second = self.speedometer.steps_per_second() * self.options.batch_size as f32;
        RunStatus {
            running: self.run.is_some(),
            compiling: self.says_compiling && self.run.is_some() && !self.engine.is_compiled(),
            step: self.step,
            steps_per_epoch: self.position.steps_per_epoch(),
            images_seen: self.images_seen,
            images_per_second: if self.run.is_some() { per_second } else { 0.0 },
            step_millis: self.speedometer.step_millis(),
        }
    }

    pub(crate) fn say_restarted(&mut self) {
        self.say(Event::Restarted {
            model: self.network.model().clone(),
            options: self.options.clone(),
            step: self.step,
        });
        self.say(Event::Status(self.status()));
        self.inspection_due = true;
    }

    /// Back to step 0 with the weights that the seed gives.
    pub(crate) fn set_initial_weights(&mut self) -> Result<(), SessionError> {
        let parameters = self.options.initialisation.parameters(&self.network, self.options.seed);
        let checkpoint = Checkpoint { parameters, ..Checkpoint::default() };
        self.split_anew();
        self.resume_from(&checkpoint)
    }

    /// Goes on from a checkpoint, which counts as good.
    pub(crate) fn resume_from(&mut self, checkpoint: &Checkpoint) -> Result<(), SessionError> {
        self.engine.set_parameters(&checkpoint.parameters)?;
        self.engine.set_states(&checkpoint.states)?;
        self.step = checkpoint.step;
        self.images_seen = checkpoint.images_seen;
        self.optimiser_step = checkpoint.optimiser_step;
        let (seed, batch_size) = (self.options.seed, self.options.batch_size);
        self.position = Position::after(self.step, seed, self.splits.train.len(), batch_size);
        self.checkpoints.restart(checkpoint.clone());
        self.last_metrics = None;
        self.last_validation = None;
        self.jobs.retain(|job| job.request().is_some());
        for job in &mut self.jobs {
            job.restart();
        }
        self.validations.reset();
        self.snapshots.reset();
        self.inspection_due = true;
        Ok(())
    }

    /// The run's whole state as it is now.
    pub(crate) async fn checkpoint(&self) -> Result<Checkpoint, EngineError> {
        Ok(Checkpoint {
            step: self.step,
            images_seen: self.images_seen,
            optimiser_step: self.optimiser_step,
            parameters: self.engine.parameters().await?,
            states: self.engine.states().await?,
        })
    }
}

#[cfg(test)]
mod tests;
