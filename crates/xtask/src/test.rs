//! `cargo xtask test`: every test there is, in order, with what they need installed first.
//!
//! Environment variables that reach the tests:
//!
//! - `RECEPTIVE_MNIST`: a folder with MNIST's four files. Without it the tests on real MNIST print that they are skipped.
//! - `RECEPTIVE_SKIP_GPU=1`: tests that find no GPU adapter print that they are skipped, instead of failing.
//!   `--skip-gpu` sets it.
//! - `CHROMIUM`, `CHROMEDRIVER`: which browser to drive.
//! - `VK_DRIVER_FILES`: which Vulkan driver to use; by default Mesa's software adapter, where it is installed, so that
//!   results do not depend on the machine's own GPU.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use eyre::{Result, ensure};

use crate::process::{self, cargo, root};
use crate::stages::Stages;
use crate::system::{self, Browser};
use crate::tools::{Tools, WASM_TARGET, install_wasm_target, npm_packages};
use crate::{check, data, dist};

#[derive(Args)]
pub struct Options {
    /// Leave out the tests that need a GPU adapter, natively
    #[arg(long)]
    skip_gpu: bool,
    /// Leave out the tests in a browser
    #[arg(long)]
    skip_browser: bool,
}

/// Runs all stages; an error where one failed.
pub fn run(options: &Options) -> Result<()> {
    let mut stages = Stages::new();
    let (mut tools, mut browser) = (None, None);
    let mut environment = Environment::default();

    let has_mnist = match data::default_source() {
        Some(folder) if folder.is_dir() => {
            environment.mnist = Some(folder);
            true
        }
        Some(folder) => {
            stages.note(format!(
                "SKIPPED  tests on real MNIST: RECEPTIVE_MNIST is not a folder: {}",
                folder.display()
            ));
            false
        }
        None => {
            stages.note(
                "SKIPPED  tests on real MNIST: RECEPTIVE_MNIST does not name a folder with it".to_owned(),
            );
            false
        }
    };
    environment.skip_gpu = options.skip_gpu;

    stages.run("tools", || {
        install_wasm_target()?;
        if !options.skip_gpu {
            environment.vulkan_driver = system::software_adapter()?;
        }
        if !options.skip_browser {
            browser = Some(system::browser()?);
            tools = Some(Tools::for_release()?);
        }
        Ok(())
    });

    stages.run("formatting", check::formatting);
    stages.run("clippy, native", check::clippy_native);
    stages.run("clippy, wasm", check::clippy_wasm);
    stages.run("native tests", || native_tests(&environment));
    if options.skip_gpu {
        stages.note("SKIPPED  GPU parity: --skip-gpu was given".to_owned());
    }
    stages.run("parity, gradients, golden numbers", || parity_tests(&environment));
    stages.run("command line", || command_line(&environment));

    let browser_stages = ["tests in a browser", "the site", "end to end"];
    match (tools, browser) {
        (Some(tools), Some(browser)) => {
            stages.run(browser_stages[0], || browser_tests(&tools, &browser, &environment));
            if stages.run(browser_stages[1], || dist::run(&dist::Options::default())) {
                stages.run(browser_stages[2], || end_to_end(&browser, &environment));
            } else {
                stages.skip(browser_stages[2], "there is no site to test");
            }
        }
        _ => {
            let reason = if options.skip_browser { "--skip-browser was given" } else { "a tool is missing" };
            browser_stages.into_iter().for_each(|name| stages.skip(name, reason));
        }
    }
    if has_mnist {
        println!("\nthe tests on real MNIST were included");
    }
    stages.finish()
}

/// What the tests learn through environment variables.
#[derive(Default)]
struct Environment {
    mnist: Option<PathBuf>,
    skip_gpu: bool,
    vulkan_driver: Option<PathBuf>,
}

impl Environment {
    fn set<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env_remove("RECEPTIVE_MNIST");
        command.envs(self.mnist.as_ref().map(|folder| ("RECEPTIVE_MNIST", folder)));
        command.envs(self.skip_gpu.then_some(("RECEPTIVE_SKIP_GPU", "1")));
        if std::env::var_os("VK_DRIVER_FILES").is_none() {
            command.envs(self.vulkan_driver.as_ref().map(|driver| ("VK_DRIVER_FILES", driver)));
        }
        command
    }
}

/// Every crate's own tests and the examples in its documentation. What tests print is shown, for the skips in it.
fn native_tests(environment: &Environment) -> Result<()> {
    let arguments = ["test", "--no-fail-fast", "--workspace", "--exclude", "receptive-web"];
    let mut tests = cargo(arguments);
    tests.args(["--exclude", "receptive-page", "--exclude", "receptive-tests", "--", "--show-output"]);
    process::run_tests(environment.set(&mut tests))
}

/// The tests that compare: CPU with GPU, gradients with finite differences, everything with PyTorch.
fn parity_tests(environment: &Environment) -> Result<()> {
    process::run_tests(environment.set(&mut cargo([
        "test",
        "--no-fail-fast",
        "-p",
        "receptive-tests",
        "--",
        "--show-output",
    ])))
}

/// The program itself, started as a user would. What it does in detail is tested in its own crate.
fn command_line(environment: &Environment) -> Result<()> {
    process::run(&mut cargo(["build", "--release", "-p", "receptive-cli"]))?;
    let mut receptive = cargo(["run", "--quiet", "--release", "-p", "receptive-cli", "--"]);
    let help = process::output(environment.set(&mut receptive).arg("--help")).unwrap_or_default();
    println!("{help}");
    ensure!(help.contains("train"), "`receptive --help` does not say how to train");
    Ok(())
}

/// The same engine as WebAssembly, in a headless browser that `tests/webdriver.json` configures.
fn browser_tests(tools: &Tools, browser: &Browser, environment: &Environment) -> Result<()> {
    let run = |tests: &[&str], runner: Option<&str>| {
        let mut command = cargo(["test", "--no-fail-fast", "--target", WASM_TARGET, "-p", "receptive-tests"]);
        tools.on_path(environment.set(&mut command)).args(tests);
        command.env("CHROMEDRIVER", &browser.chromedriver);
        // No debugger looks at these programs, and wasm-bindgen would carry its information along.
        command.env(dist::WASM_FLAGS, format!("{} -C debuginfo=0", dist::FMA_FLAGS));
        command.env("WASM_BINDGEN_USE_BROWSER", "1").env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        command.envs(runner.map(|runner| ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)));
        process::run_tests(&mut command)
    };
    run(&["--tests"], None)?;
    // Of the program without FMA the CPU's kernels are others: PyTorch's numbers once more, and the GPU's beside fused ones.
    let tests = ["golden", "golden_batch_norm2d", "golden_optimisers", "parity_fused"];
    run(&tests.map(|name| ["--test", name]).concat(), Some("cargo xtask run-without-fma"))
}

/// The built site, in a real browser.
fn end_to_end(browser: &Browser, environment: &Environment) -> Result<()> {
    let folder = root().join("tests/e2e");
    npm_packages(&folder)?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]).current_dir(&folder);
    process::run_tests(environment.set(&mut node).env("CHROMIUM", &browser.chromium))
}
