//! `cargo xtask bench`: how fast training is, natively, in the page, and in other libraries in the same browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use eyre::{OptionExt, Result, WrapErr, ensure};
use serde_json::{Value, json};

use crate::process::{self, cargo, root};
use crate::tools::npm_packages;
use crate::{dist, system};

#[derive(Args)]
pub struct Options {
    /// Which parts; all where none is named
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rows of the browser's table, such as receptive-cpu,tfjs-webgl; a name that does not exist lists them all
    #[arg(long, value_name = "ROW,...")]
    rows: Option<String>,
    /// Networks
    #[arg(long, value_name = "NETWORK,...", default_value = "s,f,l")]
    networks: String,
    /// Batch sizes
    #[arg(long, value_name = "N,...", default_value = "64,512")]
    batches: String,
    /// A minute instead of half an hour, for trying it out
    #[arg(long)]
    quick: bool,
    /// The most seconds that one row may take to open or to be measured once
    #[arg(long, value_name = "SECONDS")]
    limit: Option<u32>,
    /// Let the browser use this machine's GPU instead of a software adapter
    #[arg(long)]
    hardware: bool,
    /// A Python, which adds the rows that its packages make possible: `torch` PyTorch's native ones, and
    /// `onnxruntime-training==1.19.2 onnx==1.16.2 numpy<2` with it ONNX Runtime's
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// A folder for bench.json and bench.md
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Single kernels of the CPU engine
    Kernels,
    /// Training steps of the command line
    Native,
    /// Training steps of the page and of other libraries
    Browser,
}

/// Measures, and writes what the tables are made from.
pub fn run(options: &Options) -> Result<()> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    // Cargo runs this in whatever folder it was called in.
    let out = std::path::absolute(&options.out)?;
    std::fs::create_dir_all(&out).wrap_err_with(|| format!("cannot create {}", out.display()))?;
    if wanted(Part::Kernels) {
        let mut kernels = cargo(["bench", "-p", "receptive-tensor", "--bench", "kernels", "--"]);
        let quick = ["--warm-up-time", "0.2", "--measurement-time", "0.5", "--sample-size", "10"];
        process::run(kernels.args(options.quick.then_some(quick).into_iter().flatten()))?;
    }
    let native = wanted(Part::Native).then(|| native(options, &out)).transpose()?;
    if wanted(Part::Browser) {
        browser(options, native.as_deref(), &out)?;
    }
    Ok(())
}

/// Times the command line's steps on one thread and on all, into a file that the browser's table takes in.
fn native(options: &Options, out: &Path) -> Result<PathBuf> {
    process::run(&mut cargo(["build", "--release", "-p", "receptive-cli"]))?;
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut cells = Vec::new();
    for network in options.networks.split(',') {
        for batch in options.batches.split(',') {
            for n_threads in if n_cores > 1 { vec![1, n_cores] } else { vec![1] } {
                let cell = native_cell(options, network, batch, n_threads)?;
                println!(
                    "native {network}/{batch}, threads: {n_threads}: {} ms a step",
                    cell["median_millis"]
                );
                cells.push(cell);
            }
        }
    }
    let file = out.join("native.json");
    std::fs::write(&file, Value::from(cells).to_string()).wrap_err("cannot write the native numbers")?;
    Ok(file)
}

fn native_cell(options: &Options, network: &str, batch: &str, n_threads: usize) -> Result<Value> {
    let optimizer = if network == "s" { "sgd" } else { "adam" };
    let (warmup, steps) = if options.quick { ("2", "5") } else { ("20", "100") };
    let threads = n_threads.to_string();
    let mut bench = cargo(["run", "--quiet", "--release", "-p", "receptive-cli", "--", "bench", "--json"]);
    bench.args(["--backend", "cpu", "--model", network, "--batch", batch, "--optimizer", optimizer]);
    bench.args(["--threads", &threads, "--warmup", warmup, "--steps", steps]);
    let said = process::output(&mut bench).ok_or_eyre("`receptive bench` failed")?;
    let events = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let event = events.into_iter().find(|event| event["event"] == "bench");
    let event = event.ok_or_eyre("`receptive bench` gave no numbers")?;
    let s = if n_threads == 1 { "" } else { "s" };
    Ok(json!({
        "row": format!("Receptive, native, {n_threads} thread{s}"),
        "network": network,
        "batch": event["batch"],
        "median_millis": event["step_ms"]["median"],
        "median_engine_millis": null,
        "n_measured": event["steps"],
        "range_millis": [event["step_ms"]["min"], event["step_ms"]["max"]],
    }))
}

fn browser(options: &Options, native: Option<&Path>, out: &Path) -> Result<()> {
    let folder = root().join("tests/bench");
    let chromium = system::browser()?.chromium;
    if let Some(python) = &options.python {
        let has_python = process::output(Command::new(python).arg("--version")).is_some();
        ensure!(has_python, "{} does not run; name a Python with --python", python.display());
    }
    npm_packages(&folder)?;
    if dist::is_built() {
        println!("measuring the page in dist/ as it is; `cargo xtask dist` builds it anew");
    } else {
        dist::run(&dist::Options::default())?;
    }
    let mut node = Command::new("node");
    node.arg("bench.mjs").current_dir(&folder).env("CHROMIUM", chromium);
    node.args(["--networks", &options.networks, "--batches", &options.batches]).arg("--out").arg(out);
    node.args(options.quick.then_some("--quick")).args(options.hardware.then_some("--hardware"));
    if let Some(limit) = options.limit {
        node.args(["--limit", &limit.to_string()]);
    }
    if let Some(rows) = &options.rows {
        node.args(["--only", rows]);
    }
    if let Some(native) = native {
        node.arg("--native").arg(native);
    }
    if let Some(python) = &options.python {
        node.arg("--python").arg(python);
    }
    process::run(&mut node)
}
