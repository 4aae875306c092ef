//! `cargo xtask serve`: the page on this machine, rebuilt whenever a file changes.

use clap::Args;
use eyre::Result;

use crate::tools::Tools;
use crate::{data, process};

#[derive(Args)]
pub struct Options {
    /// The port to serve on [default: the one in Trunk.toml]
    #[arg(long)]
    port: Option<u16>,
    /// Build as for publication: slower to build, smaller to load
    #[arg(long)]
    release: bool,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Do not try to get MNIST; the page draws its own digits
    #[arg(long)]
    no_data: bool,
}

/// Serves until it is interrupted.
pub fn run(options: &Options) -> Result<()> {
    let tools = if options.release { Tools::for_release() } else { Tools::for_serve() }?;
    data::create_folder()?;
    // Trunk refuses to ignore folders that do not exist.
    for ignored in ["target", "dist"] {
        std::fs::create_dir_all(process::root().join(ignored))?;
    }
    if !options.no_data && !data::is_complete(&data::folder()) {
        let _ = data::prepare(data::default_source().as_deref()).map_err(|error| {
            println!("MNIST is not to be had, so the page will use its built-in digits: {error}");
        });
    }
    let mut trunk = tools.trunk(&["serve"]);
    if let Some(port) = options.port {
        trunk.args(["--port", &port.to_string()]);
    }
    trunk.args(options.release.then_some("--release"));
    trunk.args(options.open.then_some("--open"));
    process::run(&mut trunk)
}
