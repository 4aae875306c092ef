//! The command line: the page's training session without a browser, `receptive train`, `eval`, `predict` and `bench`.
//!
//! What is asked wrongly ends with exit code 2, before anything is written; what goes wrong on the way ends with 1.

mod arguments;
mod bench;
mod dataset;
mod driver;
mod eval;
mod model;
mod picture;
mod predict;
mod report;
mod train;
mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::{Failed, show_error};

/// Trains small convolutional networks on handwritten digits
#[derive(Parser)]
#[command(name = "receptive", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network, then measure it on the test set, once
    Train(train::Options),
    /// Measure a trained network: loss, accuracy and confusion
    Eval(eval::Options),
    /// Classify PNG files, or pictures of a data set
    Predict(predict::Options),
    /// Time training steps
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Train(options) => train::run(&options),
        Command::Eval(options) => eval::run(&options),
        Command::Predict(options) => predict::run(&options),
        Command::Bench(options) => bench::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show_error(&error);
            ExitCode::from(if error.is::<Failed>() { 1 } else { 2 })
        }
    }
}
