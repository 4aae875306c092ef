//! The programs that build the page. What is not on the PATH in the right version is installed into the user's cache
//! directory, one folder per tool and version, so that nothing that the user installed is replaced.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{OptionExt, Result, WrapErr, bail, ensure};

use crate::process;

/// What a browser runs.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A program in the one version that is known to work.
struct Tool {
    program: &'static str,
    version: &'static str,
    source: Source,
}

enum Source {
    Crate {
        name: &'static str,
        /// Whether the crate's own lock file still resolves.
        locked: bool,
    },
    /// A package of npm and its full version.
    Npm { name: &'static str, version: &'static str },
}

const TRUNK: Tool =
    Tool { program: "trunk", version: "0.21.14", source: Source::Crate { name: "trunk", locked: true } };

/// The version must be that of the `wasm-bindgen` crate.
const WASM_BINDGEN: Tool = Tool {
    program: "wasm-bindgen",
    version: "0.2.130",
    source: Source::Crate { name: "wasm-bindgen-cli", locked: false },
};

/// Debian's wasm-opt is too old: it corrupts the table of external references.
const WASM_OPT: Tool = Tool {
    program: "wasm-opt",
    version: "132",
    source: Source::Npm { name: "binaryen", version: "132.0.0" },
};

/// Trunk's own minifier does not take wasm-bindgen's JavaScript.
const TERSER: Tool =
    Tool { program: "terser", version: "5.51.4", source: Source::Npm { name: "terser", version: "5.51.4" } };

/// Where to look for programs: what was installed here, then the user's PATH.
pub struct Tools {
    path: OsString,
}

impl Tools {
    /// What a development build of the page needs.
    pub fn for_serve() -> Result<Self> {
        Self::install(&[TRUNK, WASM_BINDGEN])
    }

    /// What a release build of the page needs; the runner of tests in a browser comes with wasm-bindgen.
    pub fn for_release() -> Result<Self> {
        Self::install(&[TRUNK, WASM_BINDGEN, WASM_OPT, TERSER])
    }

    fn install(tools: &[Tool]) -> Result<Self> {
        install_wasm_target()?;
        let mut folders = Vec::new();
        for tool in tools {
            folders.extend(tool.install()?);
        }
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        Ok(Self { path: std::env::join_paths(folders)? })
    }

    /// Lets a command find the tools.
    pub fn on_path<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PATH", &self.path)
    }

    /// Trunk, at the repository's root. With every tool on its PATH it has nothing to download.
    pub fn trunk(&self, arguments: &[&str]) -> Command {
        let mut trunk = Command::new("trunk");
        self.on_path(&mut trunk).args(arguments).arg("--offline").current_dir(process::root());
        // Trunk takes only `true` and `false` here, whereas the convention is any value.
        if std::env::var_os("NO_COLOR").is_some() {
            trunk.env("NO_COLOR", "true");
        }
        trunk
    }

    /// What minifies a JavaScript module in place.
    pub fn minifier(&self, javascript: &Path) -> Command {
        let mut terser = Command::new(if cfg!(windows) { "terser.cmd" } else { TERSER.program });
        self.on_path(&mut terser).arg("--module").args(["--compress", "passes=3", "--mangle", "--output"]);
        terser.arg(javascript).arg("--").arg(javascript);
        terser
    }
}

impl Tool {
    /// The folder that the PATH lacks, if any, once the tool is installed.
    fn install(&self) -> Result<Option<PathBuf>> {
        if self.is_right(self.program) {
            return Ok(None);
        }
        let root = cache_dir()?.join(format!("{}-{}", self.program, self.version));
        let folder = match self.source {
            Source::Crate { .. } => root.join("bin"),
            Source::Npm { .. } => root.join("node_modules").join(".bin"),
        };
        if !self.is_right(folder.join(self.program)) {
            println!("installing {} {} into {}", self.program, self.version, root.display());
            std::fs::create_dir_all(&root).wrap_err_with(|| format!("cannot create {}", root.display()))?;
            process::run(&mut self.installer(&root))?;
        }
        if !self.is_right(folder.join(self.program)) {
            bail!("{} was installed into {} but does not run there", self.program, root.display());
        }
        Ok(Some(folder))
    }

    fn installer(&self, root: &PathBuf) -> Command {
        match self.source {
            Source::Crate { name, locked } => {
                let mut cargo = process::cargo(["install", name, "--version", self.version, "--root"]);
                cargo.arg(root).args(locked.then_some("--locked"));
                cargo
            }
            Source::Npm { name, version } => {
                let mut npm = npm();
                npm.args([
                    "install",
                    "--no-save",
                    "--no-package-lock",
                    "--no-audit",
                    "--no-fund",
                    "--prefix",
                ]);
                npm.arg(root).arg(format!("{name}@{version}"));
                npm
            }
        }
    }

    fn is_right(&self, program: impl AsRef<std::ffi::OsStr>) -> bool {
        let said = process::output(Command::new(program).arg("--version"));
        said.as_deref().and_then(version_in) == Some(self.version)
    }
}

/// Installs the npm packages that a folder's lock file names, unless they are there.
pub fn npm_packages(folder: &Path) -> Result<()> {
    ensure!(
        process::output(Command::new("node").arg("--version")).is_some(),
        "node does not run; install Node.js from https://nodejs.org"
    );
    let changed = |file: &str| folder.join(file).metadata().and_then(|file| file.modified()).ok();
    // npm writes the second file last.
    if changed("node_modules/.package-lock.json") < changed("package-lock.json") {
        process::run(npm().args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))?;
    }
    Ok(())
}

/// Node's package manager, which is a batch file on Windows.
fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Adds the target that browsers run, unless it is there.
pub fn install_wasm_target() -> Result<()> {
    let mut rustc = Command::new("rustc");
    let sysroot = process::output(rustc.args(["--print", "sysroot"]).current_dir(process::root()))
        .ok_or_eyre("rustc does not run; install Rust from https://rustup.rs")?;
    if PathBuf::from(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).exists() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    process::run(rustup.args(["target", "add", WASM_TARGET]).current_dir(process::root()))
}

fn cache_dir() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || variable("HOME").ok_or_eyre("the environment variable HOME is not set");
    let caches = if cfg!(windows) {
        variable("LOCALAPPDATA").ok_or_eyre("the environment variable LOCALAPPDATA is not set")?
    } else if cfg!(target_os = "macos") {
        home()?.join("Library/Caches")
    } else {
        match variable("XDG_CACHE_HOME") {
            Some(caches) => caches,
            None => home()?.join(".cache"),
        }
    };
    Ok(caches.join("receptive"))
}

/// The first word that begins with a digit, in what a tool prints when asked for its version.
fn version_in(said: &str) -> Option<&str> {
    said.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_each_tool_prints() {
        assert_eq!(version_in("trunk 0.21.14\n"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130\n"), Some("0.2.130"));
        assert_eq!(version_in("wasm-opt version 132 (version_132)\n"), Some("132"));
        assert_eq!(version_in("wasm-opt: command not found"), None);
    }

    #[test]
    fn wasm_bindgen_is_the_version_that_the_workspace_pins() {
        let manifest = std::fs::read_to_string(process::root().join("Cargo.toml")).unwrap();
        let pinned = format!("wasm-bindgen = \"={}\"", WASM_BINDGEN.version);
        assert!(manifest.contains(&pinned), "the root Cargo.toml does not say {pinned}");
    }
}
