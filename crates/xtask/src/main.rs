//! Development tasks: `cargo xtask serve`, `data`, `dist`, `check`, `test`, `verify-export`, `bench`. Nothing else depends on this crate.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

mod bench;
mod bindings;
mod check;
mod data;
mod dist;
mod functions;
mod process;
mod serve;
mod stages;
mod system;
mod test;
mod tools;
mod verify_export;
mod weight;
mod without_fma;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use eyre::Result;

/// Development tasks for Receptive; each installs the tools that it needs and does not find.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page, serve it, and rebuild it whenever a file changes
    Serve(serve::Options),
    /// Fetch MNIST's four files to where the page is served, and check their sums
    Data(data::Options),
    /// Build the static site into dist/ and weigh it
    Dist(dist::Options),
    /// Formatting, clippy for both targets, and the fast tests: what to run before a commit
    Check,
    /// Run exported networks in PyTorch and ONNX Runtime, where Python has them, and compare their logits
    VerifyExport(verify_export::Options),
    /// Time kernels, training steps, and other libraries in the same browser
    Bench(bench::Options),
    /// Everything, in order: what continuous integration runs
    Test(test::Options),
    /// As cargo's runner for tests in a browser: run them without FMA
    #[command(hide = true)]
    RunWithoutFma(without_fma::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Serve(options) => serve::run(&options),
        Task::Data(options) => data::run(&options),
        Task::Dist(options) => dist::run(&options),
        Task::Check => check::run(),
        Task::VerifyExport(options) => verify_export::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Test(options) => test::run(&options),
        Task::RunWithoutFma(options) => without_fma::run(&options),
    }
}
