//! What the tests need from the system: a browser with its driver, and a GPU adapter. Debian's packages are installed
//! where they are missing and the user may; elsewhere the user is told what to install.

use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{Result, bail};

use crate::process;

/// A browser that tests can drive.
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Its WebDriver server, of the same version.
    pub chromedriver: PathBuf,
}

/// Chromium or Chrome: the one that the environment variables CHROMIUM and CHROMEDRIVER name, else the first found.
pub fn browser() -> Result<Browser> {
    if find_browser().is_none() {
        install(&["chromium", "chromium-driver"], "Chromium or Chrome, and the chromedriver of its version")?;
    }
    match find_browser() {
        Some(browser) => Ok(browser),
        None => bail!("no Chromium with a chromedriver is found; name them in CHROMIUM and CHROMEDRIVER"),
    }
}

/// Makes sure of a Vulkan adapter on Linux. Returns the description of the software adapter, which Vulkan's loader
/// takes from VK_DRIVER_FILES; without one, whatever adapter the system has is used.
pub fn software_adapter() -> Result<Option<PathBuf>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    if vulkan_drivers().is_empty() {
        install(&["libvulkan1", "mesa-vulkan-drivers"], "Vulkan with Mesa's software adapter, lavapipe")?;
    }
    let drivers = vulkan_drivers();
    if drivers.is_empty() {
        bail!("no Vulkan adapter is found; install Mesa's lavapipe, or skip the GPU tests with --skip-gpu");
    }
    let is_software = |path: &PathBuf| path.to_string_lossy().contains("lvp_icd");
    Ok(drivers.into_iter().find(is_software))
}

fn find_browser() -> Option<Browser> {
    let named = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    let chromium = named("CHROMIUM")
        .or_else(|| ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path))
        .or_else(|| mac.is_file().then_some(mac))?;
    let chromedriver = named("CHROMEDRIVER")
        .or_else(|| on_path("chromedriver"))
        .or_else(|| named("CHROMEWEBDRIVER").map(|folder| folder.join("chromedriver")))?;
    Some(Browser { chromium, chromedriver })
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&folders).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

fn vulkan_drivers() -> Vec<PathBuf> {
    let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut drivers: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    drivers.sort();
    drivers
}

fn install(packages: &[&str], what: &str) -> Result<()> {
    let is_root = process::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let names = packages.join(" ");
    if !Path::new("/etc/debian_version").exists() {
        bail!("please install {what} (Debian's packages are called {names})");
    }
    if !is_root {
        bail!("please install {what}: sudo apt-get install {names}");
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    process::run(apt().arg("update"))?;
    process::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}
