//! Reading a data set from a folder, or drawing the built-in one.

use std::path::{Path, PathBuf};

use data::Dataset;
use data::mnist::{Claim, FILES};
use eyre::{Context, Result, bail, ensure};

/// What `--data` names.
pub fn load(named: &str, seed: u64) -> Result<Dataset> {
    if named == "generated" {
        return Ok(data::generated::dataset(seed));
    }
    let folder = Path::new(named);
    ensure!(folder.is_dir(), "--data is {named:?}, which is neither a folder nor \"generated\"");
    let mut files = Vec::new();
    for file in FILES {
        let path = find(folder, file.name)?;
        let bytes = std::fs::read(&path).wrap_err_with(|| format!("{} cannot be read", path.display()))?;
        files.push((path.display().to_string(), bytes));
    }
    Ok(Dataset::from_files(files, format!("read from {named}"), Claim::Nothing)?)
}

/// A few built-in digits, for what needs a session but no pictures.
pub fn tiny(seed: u64) -> Dataset {
    data::generated::digits(seed, 24, 12)
}

/// One of the four files, gzipped or not, with a hyphen or a dot before "idx".
fn find(folder: &Path, gzipped: &str) -> Result<PathBuf> {
    let plain = gzipped.trim_end_matches(".gz");
    let dotted = plain.replace("-idx", ".idx");
    let spellings = [plain.to_owned(), gzipped.to_owned(), dotted.clone(), format!("{dotted}.gz")];
    let found = spellings.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => bail!("{} has no {plain}, gzipped or not", folder.display()),
    }
}
