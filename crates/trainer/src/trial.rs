//! Which engine takes a network's training steps fastest: a few steps on each, on weights that nobody else uses.

use std::time::Duration;

use nn::{ModelSpec, Network, Recipe, TrainingOptions};
use protocol::{BackendKind, Trial};
use tensor::Hyper;
use web_time::Instant;

use crate::engine::{Engine, EngineError};

/// How long steps are taken before they are timed: shaders and WebAssembly are compiled on the way.
const WARM_UP: Duration = Duration::from_millis(150);

/// How long steps are timed.
const TIMED: Duration = Duration::from_millis(120);

/// Steps that take less are timed several at once: some browsers' clocks tick in whole milliseconds.
const GROUP: Duration = Duration::from_millis(10);

/// An engine has to be so much faster than one before it in the order of preference, which is simpler.
const WORTHWHILE: f32 = 0.95;

/// An engine that could take the training steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// The processor, with so many workers.
    Cpu(usize),
    /// The GPU.
    Gpu,
}

impl Candidate {
    /// Whether a trial was of this.
    pub(crate) fn is_of(self, trial: &Trial) -> bool {
        match self {
            Self::Cpu(n_workers) => trial.kind == BackendKind::Cpu && trial.n_workers == n_workers,
            Self::Gpu => trial.kind == BackendKind::Gpu,
        }
    }

    pub(crate) const fn kind(self) -> BackendKind {
        match self {
            Self::Cpu(_) => BackendKind::Cpu,
            Self::Gpu => BackendKind::Gpu,
        }
    }

    pub(crate) const fn n_workers(self) -> usize {
        match self {
            Self::Cpu(n_workers) => n_workers,
            Self::Gpu => 1,
        }
    }
}

/// What a step's time depends on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    model: ModelSpec,
    frozen: Vec<usize>,
    batch_size: usize,
    recipe: Recipe,
}

impl Key {
    pub(crate) fn of(network: &Network, options: &TrainingOptions) -> Self {
        Self {
            model: network.model().clone(),
            frozen: options.frozen.clone(),
            batch_size: options.batch_size,
            recipe: options.recipe(),
        }
    }
}

/// Numbers of workers that are worth a trial where there can be `most`: one, two, and all.
pub(crate) fn worker_counts(most: usize, batch_size: usize) -> Vec<usize> {
    let most = most.min(batch_size).max(1);
    let mut counts = vec![1, 2.min(most), most];
    counts.dedup();
    counts
}

/// The position of the fastest; of those that are nearly as fast, the first. None where no trial succeeded.
pub(crate) fn fastest(trials: &[Trial]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (idx, trial) in trials.iter().enumerate() {
        if let Some(millis) = trial.step_millis
            && best.is_none_or(|(_, least)| millis < WORTHWHILE * least)
        {
            best = Some((idx, millis));
        }
    }
    best.map(|(idx, _)| idx)
}

/// The trials in words, the fastest first: "CPU, 2 workers: 2.1 ms a step; WebGPU (SwiftShader): 15 ms".
pub(crate) fn explain(trials: &[Trial]) -> String {
    let mut order: Vec<&Trial> = Vec::new();
    for trial in trials {
        let millis = |trial: &Trial| trial.step_millis.unwrap_or(f32::INFINITY);
        order.insert(order.partition_point(|before| millis(before) <= millis(trial)), trial);
    }
    if let Some(chosen) = fastest(trials) {
        order.retain(|trial| !std::ptr::eq(*trial, &trials[chosen]));
        order.insert(0, &trials[chosen]);
    }
    let mut unit = " a step";
    let described = order.into_iter().map(|trial| match (trial.step_millis, &trial.failure) {
        (Some(millis), _) => {
            format!("{}: {} ms{}", name(trial), figures(millis), std::mem::take(&mut unit))
        }
        (None, Some(failure)) => format!("{}: {failure}", name(trial)),
        (None, None) => format!("{}: not tried", name(trial)),
    });
    described.collect::<Vec<_>>().join("; ")
}

fn name(trial: &Trial) -> String {
    let in_browser = cfg!(target_arch = "wasm32");
    match trial.kind {
        BackendKind::Gpu => format!("{} ({})", if in_browser { "WebGPU" } else { "GPU" }, trial.name),
        BackendKind::Cpu => {
            let worker = if in_browser { "worker" } else { "thread" };
            let s = if trial.n_workers == 1 { "" } else { "s" };
            format!("CPU, {} {worker}{s}", trial.n_workers)
        }
    }
}

/// Two figures are as exact as a short trial is.
fn figures(millis: f32) -> String {
    if millis < 10.0 { format!("{millis:.1}") } else { format!("{millis:.0}") }
}

/// Milliseconds a training step of an engine that nobody else uses, on one batch: `images`
/// `[batch, channels, height, width]`, `labels` `[batch]`. The learning rate is 0, so that nothing can diverge. `turn` is
/// awaited every few milliseconds.
pub(crate) async fn measure(
    engine: &mut Engine,
    network: &Network,
    options: &TrainingOptions,
    (images, labels): (&[f32], &[u32]),
    turn: &impl AsyncFn(),
) -> Result<f32, EngineError> {
    engine.set_parameters(&options.initialisation.parameters(network, options.seed))?;
    let hyper = Hyper { learning_rate: 0.0, ..options.hyper(0, 1, 1) };
    let (start, mut timed) = (Instant::now(), Duration::ZERO);
    let mut least: Option<f32> = None;
    let mut n_steps = 1;
    while least.is_none() || timed < TIMED {
        turn().await;
        let warm = n_steps > 1 && start.elapsed() > WARM_UP || start.elapsed() > 2 * WARM_UP;
        let began = Instant::now();
        for _ in 0..n_steps {
            engine.step(images, labels, hyper).await?;
        }
        engine.take_metrics().await?;
        let elapsed = began.elapsed();
        let millis = elapsed.as_secs_f32() * 1e3 / n_steps as f32;
        if warm {
            timed += elapsed;
            least = Some(least.map_or(millis, |least| least.min(millis)));
        }
        let wanted = (GROUP.as_secs_f32() * 1e3 / millis.max(1e-3)).ceil() as usize;
        n_steps = wanted.clamp(1, engine.most_steps_at_once());
    }
    Ok(least.expect("the loop ends with one"))
}

#[cfg(test)]
mod tests;
