//! The command line: the page's training session without a browser, `receptive train`, `eval`, `predict`, `export` and
//! `bench`.
//!
//! What is asked wrongly ends with exit code 2, before anything is written; what goes wrong on the way ends with 1.

mod arguments;
mod array;
mod bench;
mod dataset;
mod driver;
mod eval;
mod export;
mod model;
mod picture;
mod predict;
mod report;
mod train;
mod training;
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
    /// Classify PNG files, NumPy arrays, or pictures of a data set
    Predict(predict::Options),
    /// Write a network as a PyTorch script, an ONNX file, or weights alone
    Export(export::Options),
    /// Time training steps
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| refuse(&error));
    let result = match arguments.command {
        Command::Train(options) => train::run(&options),
        Command::Eval(options) => eval::run(&options),
        Command::Predict(options) => predict::run(&options),
        Command::Export(options) => export::run(&options),
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

/// Ends the program with what clap says: help as it is, an error on one line as all others are.
fn refuse(error: &clap::Error) -> ! {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    if let DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand = error.kind() {
        error.exit();
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
    let said = said.into_iter().filter(|line| !line.starts_with("For more information"));
    show_error(&eyre::Report::msg(said.collect::<Vec<_>>().join(" ").replacen("error: ", "", 1)));
    std::process::exit(2);
}
