//! Which engine runs, and moving from one to the other.

use std::rc::Rc;

use nn::{Network, TrainingOptions};
use protocol::{BackendChoice, BackendKind, BackendStatus, Event};

use crate::engine::{Engine, EngineError};
use crate::session::{Session, SessionError};

/// An engine, the GPU that it runs on, and what there is to say of it.
pub type Chosen = (Engine, Option<Rc<gpu::Device>>, BackendStatus);

/// Builds the engine that is asked for; where anything will do, the GPU, and the CPU where there is none but a program
/// that plays one, which runs on the CPU itself and takes some fifty times as long. The reason is
/// part of the status, so that nothing falls back silently. A `device` that is open already is used again; `n_threads`
/// are the CPU's.
///
/// # Errors
/// Where the network cannot be recorded, or does not end in what the loss takes, or the GPU was asked for and cannot be had.
pub async fn choose_backend(
    network: &Network,
    options: &TrainingOptions,
    n_threads: usize,
    choice: BackendChoice,
    device: Option<Rc<gpu::Device>>,
) -> Result<Chosen, SessionError> {
    options.loss.check_network(network.model())?;
    if choice == BackendChoice::Cpu {
        return cpu(network, options, n_threads, "the CPU was asked for".into(), false);
    }
    let device = match device.filter(|device| device.lost().is_none()) {
        Some(device) => Ok(device),
        None => gpu::Device::request().await.map(Rc::new),
    };
    if let (BackendChoice::Auto, Ok(device)) = (choice, &device)
        && device.is_software()
    {
        let name = device.adapter_name();
        let reason = format!("the only GPU, {name}, is a program on the CPU and slower than this engine");
        return cpu(network, options, n_threads, reason, false);
    }
    let built = device
        .map_err(EngineError::from)
        .and_then(|device| Ok((Engine::new(network, options, n_threads, Some(&device))?, device)));
    match built {
        Ok((engine, device)) => {
            let asked = choice == BackendChoice::Gpu;
            let reason = if asked { "the GPU was asked for" } else { "a GPU adapter was found" };
            let status = BackendStatus {
                kind: BackendKind::Gpu,
                name: device.adapter_name(),
                reason: reason.into(),
                stands_in: false,
                software: device.is_software(),
                dispatches_per_step: engine.dispatches_per_step(),
                pictures: None,
            };
            Ok((engine, Some(device), status))
        }
        Err(error) if choice == BackendChoice::Gpu => Err(error.into()),
        Err(EngineError::Gpu(gpu::GpuError::NoAdapter { message })) => {
            cpu(network, options, n_threads, message, true)
        }
        Err(error) => cpu(network, options, n_threads, error.to_string(), true),
    }
}

fn cpu(
    network: &Network,
    options: &TrainingOptions,
    n_threads: usize,
    reason: String,
    stands_in: bool,
) -> Result<Chosen, SessionError> {
    let engine = Engine::new(network, options, n_threads, None)?;
    let status = BackendStatus {
        kind: BackendKind::Cpu,
        name: arithmetic().into(),
        reason,
        stands_in,
        software: false,
        dispatches_per_step: None,
        pictures: None,
    };
    Ok((engine, None, status))
}

/// What the CPU computes with.
const fn arithmetic() -> &'static str {
    if cfg!(target_arch = "wasm32") { "WebAssembly SIMD" } else { "native code" }
}

impl Session {
    /// Builds the engine anew, for another network, batch, optimiser or backend, on the backend in use where none is
    /// named. Weights are for the caller to set. Nothing is changed where it fails.
    pub(crate) async fn rebuild(
        &mut self,
        network: Network,
        options: TrainingOptions,
        choice: Option<BackendChoice>,
    ) -> Result<(), SessionError> {
        let same = match self.backend.kind {
            BackendKind::Gpu => BackendChoice::Gpu,
            BackendKind::Cpu => BackendChoice::Cpu,
        };
        let reason = self.backend.reason.clone();
        let device = self.device.clone();
        let (engine, device, mut status) =
            choose_backend(&network, &options, self.n_threads, choice.unwrap_or(same), device).await?;
        if choice.is_none() {
            (status.reason, status.stands_in) = (reason, self.backend.stands_in);
        }
        self.engine = engine;
        self.device = device.or_else(|| self.device.take());
        self.network = network;
        self.options = options;
        self.steps_at_once = 1;
        self.speedometer.clear();
        let before = std::mem::replace(&mut self.backend, status);
        self.keep_pictures()?;
        if before != self.backend {
            self.say(Event::Backend(self.backend.clone()));
        }
        Ok(())
    }

    /// Puts the training pictures where the engine takes its batches from, and notes where that is.
    pub(crate) fn keep_pictures(&mut self) -> Result<(), EngineError> {
        let kept = self.engine.keep_pictures(&self.network, &self.options, &self.dataset.training)?;
        self.backend.dispatches_per_step = self.engine.dispatches_per_step();
        self.backend.pictures = kept;
        Ok(())
    }

    /// Lets the CPU share a training step among threads, from the next step on. The numbers differ by rounding from those
    /// of one thread, and are the same whenever there are as many threads. A GPU takes no notice.
    ///
    /// # Errors
    /// Where the engine cannot be built anew.
    pub async fn set_threads(&mut self, n_threads: usize) -> Result<(), SessionError> {
        self.n_threads = n_threads;
        if self.backend.kind == BackendKind::Cpu && n_threads != self.n_threads() {
            self.rebuild_with_state(None).await?;
        }
        Ok(())
    }

    /// Threads that share a training step, on the engine in use.
    pub fn n_threads(&self) -> usize {
        self.engine.n_threads()
    }

    /// Moves to another backend with weights, moments and counts.
    pub(crate) async fn move_to(&mut self, choice: BackendChoice) -> Result<(), SessionError> {
        self.rebuild_with_state(Some(choice)).await
    }

    async fn rebuild_with_state(&mut self, choice: Option<BackendChoice>) -> Result<(), SessionError> {
        let checkpoint = self.checkpoint().await?;
        self.rebuild(self.network.clone(), self.options.clone(), choice).await?;
        let (metrics, validation) = (self.last_metrics, self.last_validation);
        self.resume_from(&checkpoint)?;
        (self.last_metrics, self.last_validation) = (metrics, validation);
        self.say(Event::Status(self.status()));
        Ok(())
    }

    /// After an error of the engine: where the GPU was lost, goes on with the CPU from the last good weights; any other
    /// error stops the run and is passed on.
    pub(crate) async fn recover(&mut self, error: EngineError) -> Result<(), SessionError> {
        let EngineError::Gpu(gpu::GpuError::Lost { message }) = error else {
            return Err(error.into());
        };
        self.say(Event::DeviceLost { message: message.clone() });
        self.device = None;
        self.rebuild(self.network.clone(), self.options.clone(), Some(BackendChoice::Cpu)).await?;
        self.backend.reason = format!("the GPU was lost: {message}");
        self.backend.stands_in = true;
        self.say(Event::Backend(self.backend.clone()));
        let checkpoint = self.checkpoints.good().clone();
        self.resume_from(&checkpoint)?;
        self.say_restarted();
        Ok(())
    }
}
