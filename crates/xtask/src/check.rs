//! `cargo xtask check`: what is quick enough to run before every commit.

use eyre::Result;

use crate::process::{self, cargo};
use crate::tools::{WASM_TARGET, install_wasm_target};

/// Formatting, clippy for both targets, unit tests.
pub fn run() -> Result<()> {
    formatting()?;
    clippy_native()?;
    clippy_wasm()?;
    process::run(&mut cargo([
        "test",
        "--workspace",
        "--exclude",
        "receptive-web",
        "--exclude",
        "receptive-page",
        "--lib",
        "--bins",
    ]))
}

/// Every file is formatted.
pub fn formatting() -> Result<()> {
    process::run(&mut cargo(["fmt", "--all", "--", "--check"]))
}

/// Everything but the page, which only a browser runs.
pub fn clippy_native() -> Result<()> {
    let arguments = [
        "clippy",
        "--workspace",
        "--exclude",
        "receptive-web",
        "--exclude",
        "receptive-page",
        "--all-targets",
    ];
    process::run(cargo(arguments).args(["--", "-D", "warnings"]))
}

/// The page, and the tests that run in a browser, with every crate that they use.
pub fn clippy_wasm() -> Result<()> {
    install_wasm_target()?;
    let arguments = ["clippy", "--target", WASM_TARGET, "-p", "receptive-web", "-p", "receptive-page"];
    process::run(cargo(arguments).args(["-p", "receptive-tests", "--all-targets", "--", "-D", "warnings"]))
}
