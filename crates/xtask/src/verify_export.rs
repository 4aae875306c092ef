//! `cargo xtask verify-export`: other programs' answers from exported networks. Not part of the tests, for it needs Python
//! packages of hundreds of megabytes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use eyre::{Result, WrapErr, bail, ensure};

use crate::process::{self, cargo, root};

#[derive(Args)]
pub struct Options {
    /// A Python that has numpy and safetensors, and torch or onnxruntime or both
    #[arg(long, value_name = "PROGRAM", default_value = if cfg!(windows) { "python" } else { "python3" })]
    python: PathBuf,
}

/// What `verify.py` ends with where there is nothing to run an export with.
const NOTHING_INSTALLED: i32 = 3;

/// Exports, runs, compares.
pub fn run(options: &Options) -> Result<()> {
    let has_python = process::output(Command::new(&options.python).arg("--version")).is_some();
    ensure!(has_python, "{} does not run; name a Python with --python", options.python.display());
    let folder = root().join("target").join("verify-export");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).wrap_err_with(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot create {}", folder.display()))?;
    let mut write = cargo(["run", "--quiet", "-p", "receptive-export", "--example", "verify", "--"]);
    process::run(write.arg(&folder))?;
    let mut compare = Command::new(&options.python);
    compare.arg(root().join("crates/export/examples/verify.py")).arg(&folder).stdin(Stdio::null());
    let status = compare.status().wrap_err("cannot compare")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(NOTHING_INSTALLED) => bail!(
            "nothing was verified: {} has neither torch nor onnxruntime, or lacks \
             numpy or safetensors (pip install numpy safetensors torch onnxruntime)",
            options.python.display()
        ),
        _ => bail!("an export gives other numbers than this project, or does not run; see above"),
    }
}
