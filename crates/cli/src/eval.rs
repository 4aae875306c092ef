//! `receptive eval`: loss, accuracy and confusion of a trained network.

use clap::Args;
use eyre::Result;
use serde_json::json;

use crate::arguments::{Common, Data, Split, Trained};
use crate::dataset;
use crate::driver::Driver;
use crate::report::Report;
use crate::train::evaluate;

/// The arguments of `receptive eval`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    trained: Trained,
    /// Which part of the data
    #[arg(long, value_enum, default_value = "test")]
    split: Split,
}

/// Measures.
pub fn run(options: &Options) -> Result<()> {
    let report = Report::new(options.common.json);
    let dataset = dataset::load(&options.data.data, options.common.seed)?;
    let mut driver = Driver::with_weights(&options.common, &options.trained.weights, dataset)?;
    driver.report_backend(&report)?;
    driver.report_data(&report)?;
    let evaluation = evaluate(&mut driver, options.split.into())?;
    let event = json!({
        "event": "evaluation",
        "split": options.split.to_string(),
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy,
        "n_images": evaluation.n_images,
        "confusion": evaluation.confusion,
    });
    let text = format!(
        "{}: accuracy {:.2} %, loss {:.4}, over {} pictures\n\n{}",
        options.split,
        100.0 * evaluation.accuracy,
        evaluation.loss,
        evaluation.n_images,
        table(&evaluation.confusion)
    );
    report.say(&event, &text)
}

/// A row per label, a column per prediction.
fn table(confusion: &[Vec<u32>]) -> String {
    let header: String = (0..confusion.len()).map(|class| format!("{class:>6}")).collect();
    let rows = confusion.iter().enumerate().map(|(label, row)| {
        let cells: String = row.iter().map(|n| format!("{n:>6}")).collect();
        format!("{label:>5} {cells}")
    });
    let rows: Vec<String> = rows.collect();
    format!("label  predicted as\n      {header}\n{}", rows.join("\n"))
}
