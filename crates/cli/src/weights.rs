//! Files of weights, read and written so that nothing is lost.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use eyre::{Context, Result, ensure};

/// Reads a file of weights whole.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).wrap_err_with(|| format!("{} cannot be read", path.display()))
}

/// Refuses a path that could not be written later, and changes nothing.
pub fn check_writable(path: &Path) -> Result<()> {
    ensure!(!path.is_dir(), "--out is {}, which is a folder", path.display());
    ensure!(path.file_name().is_some(), "--out is {:?}, which names no file", path.display().to_string());
    let temporary = temporary(path);
    let create = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary);
    create.wrap_err_with(|| format!("--out {} cannot be written", path.display()))?;
    std::fs::remove_file(&temporary).wrap_err_with(|| format!("{} cannot be removed", temporary.display()))
}

/// Writes a file so that its path holds the old content or all of the new, never a part.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary(path);
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written.wrap_err_with(|| format!("{} cannot be written", path.display()))
}

/// Beside the file itself, because a rename cannot leave a file system.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}
