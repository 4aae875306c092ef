//! `receptive bench`: how long training steps take.

use std::time::Instant;

use clap::{Args, value_parser};
use data::LabelledImages;
use data::batch::fill_batch;
use eyre::{Result, bail};
use nn::Network;
use pollster::block_on;
use protocol::BackendKind;
use serde_json::json;
use trainer::{Chosen, Engine, Workers};

use crate::arguments::{Common, Data};
use crate::report::{Failed, Report};
use crate::to_accuracy::{self, Runs};
use crate::training::Training;
use crate::{dataset, driver, model};

/// Different batches, used in turn.
const N_BATCHES: usize = 8;

/// Steps between two looks at the clock on a GPU, where a step by itself is only submitted.
const GPU_STEPS_AT_ONCE: usize = 16;

/// The arguments of `receptive bench`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    training: Training,
    /// Steps to time
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(1..))]
    steps: u32,
    /// Steps before the clock starts
    #[arg(long, default_value_t = 20)]
    warmup: u32,
    /// Threads of the CPU engine
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u16).range(1..))]
    threads: u16,
    /// Instead of timing steps, train by the recipe (6 epochs of SGD, one cycle up to a learning rate of 0.1, batches of 64,
    /// pictures moved by up to a pixel) from several seeds; an error where the mean test accuracy, from 0 to 1, is lower
    #[arg(long, value_name = "ACCURACY", value_parser = accuracy)]
    to_accuracy: Option<f64>,
    /// Seeds to train from with --to-accuracy, counted from --seed on
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u16).range(1..))]
    seeds: u16,
    #[command(flatten)]
    data: Data,
}

fn accuracy(text: &str) -> Result<f64, String> {
    let accuracy: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if accuracy > 0.0 && accuracy <= 1.0 {
        Ok(accuracy)
    } else {
        Err("needs to be above 0 and at most 1".into())
    }
}

/// Times steps on the built-in digits, or trainings by the recipe.
pub fn run(options: &Options) -> Result<()> {
    let mut report = Report::new(options.common.json);
    let training = options.training.options(options.common.seed, 1.0)?;
    if let Some(target) = options.to_accuracy {
        return train_to(target, options, &training, &report);
    }
    let spec = model::choose(options.common.model.as_deref(), None)?;
    let name = model::name(&spec);
    let network = Network::new(spec, data::N_CLASSES)?.with_frozen(&training.frozen)?;
    let workers = Workers::threads(usize::from(options.threads));
    let digits = data::generated::digits(training.seed, N_BATCHES * training.batch_size, 0).training;
    let (images, labels) = batch(&digits, 0..training.batch_size as u32);
    let first = (images.as_slice(), labels.as_slice());
    let choice = options.common.backend.into();
    let chosen = block_on(trainer::choose_backend(&network, &training, &workers, choice, first))?;
    let Chosen { mut engine, device: _device, status } = chosen;
    engine.set_parameters(&training.initialisation.parameters(&network, training.seed))?;
    let (event, text) = driver::backend(&status);
    report.say(&event, &text)?;

    report.start_bar(u64::from(options.warmup + options.steps));
    let mut timer = Timer::new(&mut engine, &network, &training, &digits, status.kind)?;
    let timed = timer.run(options, &report);
    report.end_bar();
    let mut groups = timed?;
    let steps: usize = groups.iter().map(|(n, _)| n).sum();
    let seconds: f64 = groups.iter().map(|(_, seconds)| seconds).sum();
    groups.sort_by(|a, b| (a.1 / a.0 as f64).total_cmp(&(b.1 / b.0 as f64)));
    let millis = |idx: usize| groups[idx].1 / groups[idx].0 as f64 * 1e3;
    let (min, median, max) = (millis(0), millis(groups.len() / 2), millis(groups.len() - 1));
    let per_second = (steps * training.batch_size) as f64 / seconds;
    let kernels = block_on(engine.kernel_times())?;
    let kernel = |time: &gpu::KernelTime| json!({ "kernel": time.name, "ms": time.millis });
    let event = json!({
        "event": "bench",
        "model": name,
        "batch": training.batch_size,
        "backend": if status.kind == BackendKind::Gpu { "gpu" } else { "cpu" },
        "threads": status.n_workers,
        "adapter": status.name,
        "steps": steps,
        "step_ms": { "min": min, "median": median, "max": max },
        "images_per_second": per_second,
        "dispatches_per_step": engine.dispatches_per_step(),
        "trials": status.trials,
        "kernels": kernels.as_ref().map(|kernels| kernels.iter().map(kernel).collect::<Vec<_>>()),
    });
    let mut text = format!(
        "{name}, batch {}: {median:.3} ms a step (least {min:.3}, most {max:.3}, {steps} steps), {per_second:.0} images a second",
        training.batch_size
    );
    match kernels {
        Some(kernels) => {
            for gpu::KernelTime { name, millis } in &kernels {
                text += &format!("\n{millis:9.3} ms {name}");
            }
        }
        None if status.kind == BackendKind::Gpu => {
            text += "\nThis GPU has no clock that says how long single kernels take.";
        }
        None => {}
    }
    report.say(&event, &text)
}

fn train_to(target: f64, options: &Options, training: &nn::TrainingOptions, report: &Report) -> Result<()> {
    let seed = options.common.seed;
    if *training != (nn::TrainingOptions { seed, epochs: training.epochs, ..nn::TrainingOptions::default() })
    {
        bail!("--to-accuracy trains by its own recipe; `receptive train` takes other training options");
    }
    let spec = model::choose(options.common.model.as_deref(), None)?;
    let runs = Runs {
        name: model::name(&spec),
        model: &spec,
        dataset: &dataset::load(&options.data.data, seed)?,
        backend: options.common.backend.into(),
        n_threads: usize::from(options.threads),
        seeds: seed..seed + u64::from(options.seeds),
        target,
    };
    to_accuracy::run(&runs, report)
}

/// An engine and the batches that it is fed.
struct Timer<'a> {
    engine: &'a mut Engine,
    training: &'a nn::TrainingOptions,
    batches: Vec<Batch>,
    digits: &'a data::Images,
    steps_at_once: usize,
    n_done: u64,
}

/// What a step learns from: numbers, or, where the engine keeps the pictures, which of them.
enum Batch {
    Pictures(Vec<f32>, Vec<u32>),
    Picks(Vec<u32>),
}

/// Pictures as numbers, and their labels.
fn batch(digits: &LabelledImages, positions: impl IntoIterator<Item = u32>) -> (Vec<f32>, Vec<u32>) {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    fill_batch(&digits.images, &digits.labels, positions, &mut images, &mut labels);
    (images, labels)
}

impl<'a> Timer<'a> {
    fn new(
        engine: &'a mut Engine,
        network: &Network,
        training: &'a nn::TrainingOptions,
        digits: &'a LabelledImages,
        kind: BackendKind,
    ) -> Result<Self> {
        engine.keep_pictures(network, training, digits)?;
        let positions: Vec<u32> = (0..digits.labels.len() as u32).collect();
        let keeps = engine.keeps_pictures();
        let batches = positions.chunks(training.batch_size).map(|positions| {
            let positions = positions.iter().copied();
            if keeps {
                return Batch::Picks(
                    positions.flat_map(|position| trainer::pick(position, [0, 0])).collect(),
                );
            }
            let (images, labels) = batch(digits, positions);
            Batch::Pictures(images, labels)
        });
        let steps_at_once = match kind {
            BackendKind::Gpu => GPU_STEPS_AT_ONCE.min(engine.most_steps_at_once()),
            BackendKind::Cpu => 1,
        };
        let batches = batches.collect();
        Ok(Self { batches, digits: &digits.images, engine, training, steps_at_once, n_done: 0 })
    }

    /// The groups of steps between two looks at the clock: how many, and the seconds that they took.
    fn run(&mut self, options: &Options, report: &Report) -> Result<Vec<(usize, f64)>> {
        self.groups(options.warmup as usize, report)?;
        self.groups(options.steps as usize, report)
    }

    fn groups(&mut self, n_steps: usize, report: &Report) -> Result<Vec<(usize, f64)>> {
        let mut groups = Vec::new();
        let mut n_left = n_steps;
        while n_left > 0 {
            let n = self.steps_at_once.min(n_left);
            n_left -= n;
            let start = Instant::now();
            for _ in 0..n {
                block_on(self.step())?;
            }
            let metrics = block_on(self.engine.take_metrics())?;
            groups.push((n, start.elapsed().as_secs_f64()));
            if let Some([loss, _]) = metrics.iter().find(|[loss, _]| !loss.is_finite()) {
                let step = self.n_done;
                return Err(Failed(format!("the loss became {loss} by step {step}; try a lower --lr")).into());
            }
            if let Some([loss, _]) = metrics.last() {
                report.advance_bar(self.n_done, *loss);
            }
        }
        Ok(groups)
    }

    async fn step(&mut self) -> Result<()> {
        let batch = &self.batches[self.n_done as usize % self.batches.len()];
        self.n_done += 1;
        self.engine.set_random(self.training.seed, self.n_done);
        let hyper = self.training.hyper(self.n_done - 1, self.n_done, N_BATCHES as u64);
        match batch {
            Batch::Pictures(images, labels) => self.engine.step(images, labels, hyper).await?,
            Batch::Picks(picks) => self.engine.step_kept(self.digits, picks, hyper).await?,
        }
        Ok(())
    }
}
