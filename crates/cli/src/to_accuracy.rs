//! `receptive bench --to-accuracy`: how long the recipe takes to an accuracy that it reaches on average.

use std::time::Instant;

use data::Dataset;
use eyre::Result;
use nn::ModelSpec;
use nn::options::TrainingOptions;
use protocol::{BackendChoice, Command, Split, Until};
use serde_json::json;

use crate::driver::Driver;
use crate::report::{Failed, Report};
use crate::train;

/// What is trained, and how often.
pub struct Runs<'a> {
    pub name: &'static str,
    pub model: &'a ModelSpec,
    pub dataset: &'a Dataset,
    pub backend: BackendChoice,
    pub n_threads: usize,
    pub seeds: std::ops::Range<u64>,
    /// The mean test accuracy to be reached, from 0 to 1.
    pub target: f64,
}

/// Trains by the recipe from each seed and says how accurate the network becomes, and how long that takes; an error where
/// the mean falls short.
pub fn run(runs: &Runs<'_>, report: &Report) -> Result<()> {
    let mut accuracies = Vec::new();
    let mut seconds = Vec::new();
    for seed in runs.seeds.clone() {
        let options = TrainingOptions::accurate(seed);
        let epochs = options.epochs as u64;
        let dataset = runs.dataset.clone();
        let mut driver = Driver::new(runs.model.clone(), options, dataset, runs.backend, runs.n_threads)?;
        if seed == runs.seeds.start {
            driver.report_backend(report)?;
            driver.report_data(report)?;
        }
        let start = Instant::now();
        driver.ask_quietly(Command::Train { until: Until::Epochs(epochs) })?;
        seconds.push(start.elapsed().as_secs_f64());
        let test = train::evaluate(&mut driver, Split::Test)?;
        accuracies.push(f64::from(test.accuracy));
        let (accuracy, took) = (100.0 * test.accuracy, seconds[seconds.len() - 1]);
        let event = json!({
            "event": "recipe_run", "seed": seed, "test_accuracy": test.accuracy, "test_loss": test.loss,
            "seconds": took,
        });
        report.say(&event, &format!("seed {seed}: {accuracy:.2} % in {took:.1} s"))?;
    }
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let (accuracy, took) = (mean(&accuracies), mean(&seconds));
    let least = accuracies.iter().copied().fold(f64::INFINITY, f64::min);
    let event = json!({
        "event": "to_accuracy", "model": runs.name, "target": runs.target, "runs": accuracies.len(),
        "mean_accuracy": accuracy, "least_accuracy": least, "mean_seconds": took,
        "reached": accuracy >= runs.target,
    });
    let text = format!(
        "{}, {} seeds: mean {:.3} %, least {:.2} %, {took:.1} s of training on average",
        runs.name,
        accuracies.len(),
        100.0 * accuracy,
        100.0 * least
    );
    report.say(&event, &text)?;
    if accuracy < runs.target {
        return Err(Failed(format!("the mean is below {:.2} %", 100.0 * runs.target)).into());
    }
    Ok(())
}
