//! Which engine runs, and moving from one to the other.

use std::rc::Rc;

use nn::{Network, TrainingOptions};
use protocol::{BackendChoice, BackendKind, BackendStatus, Event};

use crate::engine::{Engine, EngineError};
use crate::session::{Session, SessionError};

type Chosen = (Engine, Option<Rc<gpu::Device>>, BackendStatus);

/// Builds the engine that is asked for; where anything will do, the GPU, and the CPU where there is none. The reason is
/// part of the status, so that nothing falls back silently.
pub(crate) async fn choose(
    network: &Network,
    options: &TrainingOptions,
    choice: BackendChoice,
    device: Option<Rc<gpu::Device>>,
) -> Result<Chosen, SessionError> {
    if choice == BackendChoice::Cpu {
        return cpu(network, options, "the CPU was asked for".into());
    }
    let device = match device.filter(|device| device.lost().is_none()) {
        Some(device) => Ok(device),
        None => gpu::Device::request().await.map(Rc::new),
    };
    let built = device
        .map_err(EngineError::from)
        .and_then(|device| Ok((Engine::new(network, options, Some(&device))?, device)));
    match built {
        Ok((engine, device)) => {
            let asked = choice == BackendChoice::Gpu;
            let reason = if asked { "the GPU was asked for" } else { "a GPU adapter was found" };
            let status = BackendStatus {
                kind: BackendKind::Gpu,
                name: device.adapter_name(),
                reason: reason.into(),
                software: device.is_software(),
                dispatches_per_step: engine.dispatches_per_step(),
            };
            Ok((engine, Some(device), status))
        }
        Err(error) if choice == BackendChoice::Gpu => Err(error.into()),
        Err(error) => cpu(network, options, format!("no GPU could be used: {error}")),
    }
}

fn cpu(network: &Network, options: &TrainingOptions, reason: String) -> Result<Chosen, SessionError> {
    let engine = Engine::new(network, options, None)?;
    let status = BackendStatus {
        kind: BackendKind::Cpu,
        name: arithmetic().into(),
        reason,
        software: false,
        dispatches_per_step: None,
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
        let (engine, device, mut status) = choose(&network, &options, choice.unwrap_or(same), device).await?;
        if choice.is_none() {
            status.reason = reason;
        }
        self.engine = engine;
        self.device = device.or_else(|| self.device.take());
        self.network = network;
        self.options = options;
        self.steps_at_once = 1;
        self.speedometer.clear();
        if status != self.backend {
            self.backend = status;
            self.say(Event::Backend(self.backend.clone()));
        }
        Ok(())
    }

    /// Moves to another backend with weights, moments and counts.
    pub(crate) async fn move_to(&mut self, choice: BackendChoice) -> Result<(), SessionError> {
        let checkpoint = self.checkpoint().await?;
        self.rebuild(self.network.clone(), self.options.clone(), Some(choice)).await?;
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
        self.say(Event::Backend(self.backend.clone()));
        let checkpoint = self.checkpoints.good().clone();
        self.resume_from(&checkpoint)?;
        self.say_restarted();
        Ok(())
    }
}
