//! `receptive train`: epochs with a validation at the end of each, then the test set, once.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, value_parser};
use eyre::{Context, Result};
use protocol::{Command, Evaluation, Event, Reply, Split, StepMetrics, Until, Validation};
use serde_json::json;

use crate::arguments::{Common, Data, usual_threads};
use crate::driver::Driver;
use crate::report::{Failed, Report};
use crate::training::Training;
use crate::{dataset, model, weights};

/// The arguments of `receptive train`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    training: Training,
    /// Passes over the training pictures
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u64).range(1..))]
    epochs: u64,
    /// Threads of the CPU engine; by default one for every core, but no more than one for 16 pictures of a batch
    #[arg(long, value_parser = value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// A safetensors file to start from instead of random weights
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Where to write the trained weights, as a safetensors file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Trains, measures and saves.
pub fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let mut report = Report::new(options.common.json);
    let training = options.training.options(options.common.seed, options.epochs as f64)?;
    let initial = options.weights.as_deref().map(weights::read).transpose()?;
    let model = model::choose(options.common.model.as_deref(), initial.as_deref())?;
    if let Some(out) = &options.out {
        weights::check_writable(out)?;
    }
    let dataset = dataset::load(&options.data.data, options.common.seed)?;
    let n_threads = options.threads.map_or_else(|| usual_threads(training.batch_size), usize::from);
    let batch_size = training.batch_size;
    let mut driver = Driver::new(model, training, dataset, options.common.backend.into(), n_threads)?;
    if let Some(initial) = initial {
        driver.set_weights(initial).wrap_err("--weights")?;
    }
    driver.report_backend(&report)?;
    let data = driver.report_data(&report)?;

    let steps_per_epoch = data::batch::n_batches(data.n_train, batch_size) as u64;
    report.start_bar(steps_per_epoch * options.epochs);
    let mut epochs = Epochs::new(&report, steps_per_epoch);
    let until = Until::Epochs(options.epochs);
    let trained = driver.ask(Command::Train { until }, Vec::new(), |event| epochs.hear(event));
    let diverged = epochs.diverged.take();
    report.end_bar();
    let (reply, _) = trained.map_err(|error| Failed(error.to_string()))?;
    let Reply::Trained { step, .. } = reply else { return Err(unexpected(&reply)) };
    if let Some(diverged) = diverged {
        return give_up(options, &mut driver, &report, diverged);
    }
    let test = evaluate(&mut driver, Split::Test)?;
    if !test.loss.is_finite() {
        return give_up(options, &mut driver, &report, Divergence { step, value: test.loss.to_string() });
    }
    if let Some(out) = &options.out {
        save(&mut driver, out)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let event = json!({
        "event": "done",
        "test_accuracy": test.accuracy,
        "test_loss": test.loss,
        "steps": step,
        "seconds": seconds,
        "out": options.out.as_ref().map(|out| out.display().to_string()),
    });
    let percent = 100.0 * test.accuracy;
    let mut text =
        format!("test: accuracy {percent:.2} %, loss {:.4}; {step} steps in {seconds:.1} s", test.loss);
    if let Some(out) = &options.out {
        text += &format!("; weights in {}", out.display());
    }
    report.say(&event, &text)
}

/// Loss, accuracy and confusion over a split.
pub fn evaluate(driver: &mut Driver, split: Split) -> Result<Evaluation> {
    match driver.ask_quietly(Command::Evaluate { split })?.0 {
        Reply::Evaluated(evaluation) => Ok(evaluation),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(reply: &Reply) -> eyre::Report {
    Failed(format!("the session answers with something else: {reply:?}")).into()
}

fn save(driver: &mut Driver, out: &std::path::Path) -> Result<()> {
    let bytes = driver.weights()?;
    weights::write(out, &bytes).map_err(|error| Failed(format!("{error:#}")).into())
}

/// A loss that is not finite.
struct Divergence {
    step: u64,
    value: String,
}

/// Saves the last weights that gave a finite loss, and says so.
fn give_up(options: &Options, driver: &mut Driver, report: &Report, diverged: Divergence) -> Result<()> {
    let mut good_step = 0;
    driver.ask(Command::RestoreLastGood, Vec::new(), |event| {
        if let Event::Restarted { step, .. } = event {
            good_step = *step;
        }
        Ok(())
    })?;
    let Divergence { step, value } = diverged;
    let mut text = format!("the loss became {value} at step {step}; try a lower --lr");
    if let Some(out) = &options.out {
        save(driver, out)?;
        text += &format!("; {} holds the last good weights, those after step {good_step}", out.display());
    }
    if options.common.json {
        let out = options.out.as_ref().map(|out| out.display().to_string());
        let event = json!({
            "event": "diverged", "step": step, "value": value, "last_good_step": good_step, "out": out,
        });
        report.say(&event, "")?;
    }
    Err(Failed(text).into())
}

/// Listens to a run, and says a line at every epoch's end.
struct Epochs<'a> {
    report: &'a Report,
    steps_per_epoch: u64,
    /// The losses of the epoch under way.
    losses: Vec<f32>,
    diverged: Option<Divergence>,
}

impl<'a> Epochs<'a> {
    const fn new(report: &'a Report, steps_per_epoch: u64) -> Self {
        Self { report, steps_per_epoch, losses: Vec::new(), diverged: None }
    }

    fn hear(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Metrics { train, validation } => {
                self.count(train);
                // Only an epoch's end is measured at a multiple of its steps.
                if let Some(v) = validation.filter(|v| v.step > 0 && v.step % self.steps_per_epoch == 0) {
                    self.epoch_ended(v)?;
                }
            }
            Event::Diverged { step, value, .. } => {
                self.diverged = Some(Divergence { step: *step, value: value.clone() });
            }
            Event::DeviceLost { message } => {
                let event = json!({ "event": "device_lost", "message": message });
                self.report.say(&event, &format!("the GPU was lost: {message}"))?;
            }
            Event::Backend(status) => {
                let (event, text) = crate::driver::backend(status);
                self.report.say(&event, &text)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, train: &[StepMetrics]) {
        self.losses.extend(train.iter().map(|point| point.loss));
        if let Some(last) = train.last() {
            self.report.advance_bar(last.step, last.loss);
        }
    }

    fn epoch_ended(&mut self, validation: Validation) -> Result<()> {
        let Validation { step, loss, accuracy, .. } = validation;
        let sum: f64 = self.losses.iter().map(|&loss| f64::from(loss)).sum();
        let train_loss = (sum / self.losses.len().max(1) as f64) as f32;
        self.losses.clear();
        let epoch = step / self.steps_per_epoch;
        let event = json!({
            "event": "epoch",
            "epoch": epoch,
            "step": step,
            "train_loss": train_loss,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
        });
        let percent = 100.0 * accuracy;
        let text = format!(
            "epoch {epoch}: training loss {train_loss:.4}, validation loss {loss:.4}, accuracy {percent:.2} %"
        );
        self.report.say(&event, &text)
    }
}
