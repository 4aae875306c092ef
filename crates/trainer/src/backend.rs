//! Which engine runs, and moving from one to the other.

use std::rc::Rc;

use nn::{Network, TrainingOptions};
use protocol::{Asked, BackendChoice, BackendKind, BackendStatus, Event, Trial};

use crate::engine::{Engine, EngineError};
use crate::session::{Session, SessionError};
use crate::trial::{self, Candidate};
use crate::trying::CPU_ASKED;
use crate::workers::Workers;

const GPU_ASKED: &str = "the GPU was asked for";

/// An engine, and what there is to say of it.
pub struct Chosen {
    /// The engine.
    pub engine: Engine,
    /// The GPU that it runs on.
    pub device: Option<Rc<gpu::Device>>,
    /// Which it is and why.
    pub status: BackendStatus,
}

/// Builds the engine that is asked for; where anything will do, the one that is the fastest in a trial on `batch`
/// (images and labels, as [`Engine::step`] takes them). The reason is part of the status, so that nothing falls back
/// silently.
///
/// # Errors
/// Where the network cannot be recorded, or does not end in what the loss takes, or the GPU was asked for and cannot be had.
pub async fn choose_backend(
    network: &Network,
    options: &TrainingOptions,
    workers: &Workers,
    choice: BackendChoice,
    batch: (&[f32], &[u32]),
) -> Result<Chosen, SessionError> {
    options.loss.check_network(network.model())?;
    let asked = Asked { backend: choice, n_workers: Some(workers.n) };
    let cpu = || Engine::new(network, options, workers, None);
    let gpu = |device: &Rc<gpu::Device>| Engine::new(network, options, workers, Some(device));
    let device = match choice {
        BackendChoice::Cpu => {
            return Ok(Chosen::new(cpu()?, None, asked, CPU_ASKED.into()));
        }
        BackendChoice::Gpu => {
            let device = gpu::Device::request().await.map(Rc::new).map_err(EngineError::from)?;
            let engine = gpu(&device)?;
            return Ok(Chosen::new(engine, Some(device), asked, GPU_ASKED.into()));
        }
        BackendChoice::Auto => match gpu::Device::request().await {
            Ok(device) => Rc::new(device),
            Err(error) => {
                let mut chosen = Chosen::new(cpu()?, None, asked, why_no_device(error));
                chosen.status.stands_in = true;
                return Ok(chosen);
            }
        },
    };
    let mut trials = Vec::new();
    for candidate in [Candidate::Cpu(workers.n_possible()), Candidate::Gpu] {
        let built = if candidate == Candidate::Gpu { gpu(&device) } else { cpu() };
        let measured = match built {
            Ok(mut engine) => trial::measure(&mut engine, network, options, batch, &async || {}).await,
            Err(error) => Err(error),
        };
        trials.push(outcome(candidate, Some(&device), measured.map_err(|error| error.to_string())));
    }
    let on_gpu = trial::fastest(&trials).is_some_and(|idx| trials[idx].kind == BackendKind::Gpu);
    let (engine, device) = if on_gpu { (gpu(&device)?, Some(device)) } else { (cpu()?, None) };
    let mut chosen = Chosen::new(engine, device, asked, trial::explain(&trials));
    chosen.status.trials = trials;
    Ok(chosen)
}

impl Chosen {
    fn new(engine: Engine, device: Option<Rc<gpu::Device>>, asked: Asked, reason: String) -> Self {
        let kind = if device.is_some() { BackendKind::Gpu } else { BackendKind::Cpu };
        let status = BackendStatus {
            kind,
            name: name(kind, device.as_deref()),
            reason,
            stands_in: false,
            software: device.as_ref().is_some_and(|device| device.is_software()),
            dispatches_per_step: engine.dispatches_per_step(),
            pictures: None,
            n_workers: engine.n_workers(),
            asked,
            trials: Vec::new(),
            problem: None,
        };
        Self { engine, device, status }
    }
}

/// The adapter's name, or what the CPU computes with.
fn name(kind: BackendKind, device: Option<&gpu::Device>) -> String {
    match kind {
        BackendKind::Gpu => device.map_or_else(String::new, gpu::Device::adapter_name),
        BackendKind::Cpu if cfg!(target_arch = "wasm32") && tensor::cpu::fuses_multiply_add() => {
            "WebAssembly SIMD with FMA".into()
        }
        BackendKind::Cpu if cfg!(target_arch = "wasm32") => "WebAssembly SIMD".into(),
        BackendKind::Cpu => "native code".into(),
    }
}

/// Why there is no GPU, in a clause.
pub(crate) fn why_no_device(error: gpu::GpuError) -> String {
    match error {
        gpu::GpuError::NoAdapter { message } => message,
        error => error.to_string(),
    }
}

/// What came of a trial.
pub(crate) fn outcome(
    candidate: Candidate,
    device: Option<&Rc<gpu::Device>>,
    measured: Result<f32, String>,
) -> Trial {
    let kind = candidate.kind();
    let (step_millis, failure) = match measured {
        Ok(millis) => (Some(millis), None),
        Err(failure) => (None, Some(failure)),
    };
    let name = name(kind, device.map(Rc::as_ref));
    Trial { kind, name, n_workers: candidate.n_workers(), step_millis, failure }
}

impl Session {
    /// What runs now.
    pub(crate) fn candidate(&self) -> Candidate {
        match self.backend.kind {
            BackendKind::Gpu => Candidate::Gpu,
            BackendKind::Cpu => Candidate::Cpu(self.engine.n_shards()),
        }
    }

    /// Builds the engine anew, for another network, batch, optimiser or backend. Weights are for the caller to set.
    /// Nothing is changed where it fails.
    pub(crate) fn rebuild(
        &mut self,
        network: Network,
        options: TrainingOptions,
        candidate: Candidate,
    ) -> Result<(), SessionError> {
        options.loss.check_network(network.model())?;
        let (n_workers, device) = match candidate {
            Candidate::Cpu(n_workers) => (n_workers, None),
            Candidate::Gpu => (self.workers.n, self.device.clone()),
        };
        let workers = Workers { n: n_workers, ..self.workers.clone() };
        let engine = Engine::new(&network, &options, &workers, device.as_ref())?;
        let reason = self.backend.reason.clone();
        let Chosen { engine, status, .. } = Chosen::new(engine, device, self.backend.asked, reason);
        let (stands_in, problem) = (self.backend.stands_in, self.backend.problem.clone());
        let trials = self.backend.trials.clone();
        self.engine = engine;
        self.workers = workers;
        self.network = network;
        self.options = options;
        self.steps_at_once = 1;
        self.speedometer.clear();
        let status = self.place_pictures(BackendStatus { stands_in, problem, trials, ..status })?;
        self.say_backend(status);
        Ok(())
    }

    /// Takes over a status, and says so where it is news.
    pub(crate) fn say_backend(&mut self, status: BackendStatus) {
        if status != self.backend {
            self.backend = status;
            self.say(Event::Backend(self.backend.clone()));
        }
    }

    /// Puts the training pictures where the engine takes its batches from, and says where that is.
    pub(crate) fn keep_pictures(&mut self) -> Result<(), EngineError> {
        let status = self.place_pictures(self.backend.clone())?;
        self.say_backend(status);
        Ok(())
    }

    fn place_pictures(&mut self, mut status: BackendStatus) -> Result<BackendStatus, EngineError> {
        if status.kind == BackendKind::Gpu {
            status.pictures =
                self.engine.keep_pictures(&self.network, &self.options, &self.dataset.training)?;
            status.dispatches_per_step = self.engine.dispatches_per_step();
        } else {
            status.pictures = None;
        }
        Ok(status)
    }

    /// The user's choice of an engine.
    pub(crate) async fn set_backend(&mut self, backend: BackendChoice) -> Result<(), SessionError> {
        match backend {
            BackendChoice::Auto => {}
            BackendChoice::Gpu => {
                self.open_device().await.map_err(EngineError::from)?;
                self.move_to(Candidate::Gpu).await?;
                self.engine.begin_compiling();
            }
            BackendChoice::Cpu => self.move_to(Candidate::Cpu(self.workers.n)).await?,
        }
        let asked = Asked { backend, ..self.backend.asked };
        let before = self.backend.clone();
        let reason = if backend == BackendChoice::Gpu { GPU_ASKED.into() } else { before.reason.clone() };
        self.say_backend(BackendStatus { asked, reason, stands_in: false, ..before });
        self.forget_failure();
        self.try_anew();
        self.decide_from_memory().await
    }

    /// Lets the CPU share a training step among workers, from the next step on; without a number, among as many as are
    /// found to be fastest, from the next run on. The numbers differ by rounding from those of one worker, and are the same
    /// whenever there are as many workers. A GPU takes no notice until the CPU is back. Where not so many workers can be
    /// had, training goes on with those that there are, and the status says so.
    ///
    /// # Errors
    /// Where the engine cannot be built anew.
    pub async fn set_workers(&mut self, n_workers: Option<usize>) -> Result<(), SessionError> {
        let asked = Asked { n_workers, ..self.backend.asked };
        let mut problem = None;
        if let Some(n) = n_workers {
            problem = self.workers.helpers.prepare(n.saturating_sub(1)).await.err();
            self.workers.n = n.max(1);
        }
        self.say_backend(BackendStatus { asked, problem, ..self.backend.clone() });
        let n_shards = self.workers.n_possible().min(self.options.batch_size);
        let as_asked = [self.engine.n_shards(), self.engine.n_workers()] == [n_shards; 2];
        if self.backend.kind == BackendKind::Cpu && n_workers.is_some() && !as_asked {
            self.move_to(Candidate::Cpu(self.workers.n)).await?;
        }
        self.try_anew();
        self.decide_from_memory().await
    }

    /// Workers that share a training step, on the engine in use.
    pub fn n_workers(&self) -> usize {
        self.engine.n_workers()
    }

    /// Opens the GPU, unless one is open.
    pub(crate) async fn open_device(&mut self) -> Result<(), gpu::GpuError> {
        if self.device.as_ref().is_none_or(|device| device.lost().is_some()) {
            self.device = Some(Rc::new(gpu::Device::request().await?));
        }
        Ok(())
    }

    /// Moves to another engine with weights, moments and counts.
    pub(crate) async fn move_to(&mut self, candidate: Candidate) -> Result<(), SessionError> {
        let checkpoint = self.checkpoint().await?;
        self.rebuild(self.network.clone(), self.options.clone(), candidate)?;
        let (metrics, validation) = (self.last_metrics, self.last_validation);
        self.resume_from(&checkpoint)?;
        (self.last_metrics, self.last_validation) = (metrics, validation);
        self.say(Event::Status(self.status()));
        Ok(())
    }

    /// Says that training goes on without workers that were lost, if any were.
    pub(crate) fn tell_of_lost_workers(&mut self) {
        if let Some(lost) = self.engine.take_lost().pop() {
            let n_workers = self.engine.n_workers();
            let s = if n_workers == 1 { "" } else { "s" };
            let problem =
                Some(format!("{lost}; training goes on with {n_workers} worker{s}, and the same numbers"));
            self.say_backend(BackendStatus { n_workers, problem, ..self.backend.clone() });
        }
    }

    /// After an error of the engine: where the GPU was lost, goes on with the CPU from the last good weights; any other
    /// error stops the run and is passed on.
    pub(crate) async fn recover(&mut self, error: EngineError) -> Result<(), SessionError> {
        let EngineError::Gpu(gpu::GpuError::Lost { message }) = error else {
            return Err(error.into());
        };
        self.say(Event::DeviceLost { message: message.clone() });
        let reason = format!("the GPU was lost: {message}");
        self.give_up_device(reason.clone());
        self.rebuild(self.network.clone(), self.options.clone(), Candidate::Cpu(self.workers.n))?;
        self.say_backend(BackendStatus { reason, stands_in: true, ..self.backend.clone() });
        let checkpoint = self.checkpoints.good().clone();
        self.resume_from(&checkpoint)?;
        self.say_restarted();
        Ok(())
    }
}
