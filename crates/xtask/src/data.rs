//! `cargo xtask data`: MNIST's four files, from a public mirror or from a folder, checked against their sums.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use eyre::{Result, WrapErr, bail, ensure};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::process;

#[derive(Args)]
pub struct Options {
    /// A folder that holds the four files, gzipped or not, instead of the public mirrors
    /// [default: the environment variable RECEPTIVE_MNIST]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Each file and the SHA-256 sum of its decompressed contents.
const FILES: [(&str, &str); 4] = [
    ("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
];

const MIRRORS: [&str; 2] =
    ["https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"];

/// Gets the files and says so.
pub fn run(options: &Options) -> Result<()> {
    let source = options.from.clone().or_else(default_source);
    prepare(source.as_deref())
}

/// Where the page's build takes the files from.
pub fn folder() -> PathBuf {
    process::root().join("web/public/data/mnist")
}

/// Makes the folder that the page's build copies, which may stay empty.
pub fn create_folder() -> Result<()> {
    let folder = process::root().join("web/public/data");
    fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot create {}", folder.display()))
}

/// The folder that the environment variable RECEPTIVE_MNIST names, as an absolute path.
pub fn default_source() -> Option<PathBuf> {
    let named = std::env::var_os("RECEPTIVE_MNIST").filter(|value| !value.is_empty())?;
    std::path::absolute(named).ok()
}

/// Whether a folder holds all four files, gzipped, with the right sums.
pub fn is_complete(folder: &Path) -> bool {
    FILES.iter().all(|(name, sum)| {
        let gzipped = fs::read(folder.join(format!("{name}.gz"))).ok();
        gzipped.and_then(|bytes| decompress(&bytes).ok()).is_some_and(|bytes| hex_sum(&bytes) == *sum)
    })
}

/// Puts the four files, gzipped, into [`folder`]: all of them or, on an error, none.
pub fn prepare(source: Option<&Path>) -> Result<()> {
    let mut files = Vec::new();
    for (name, sum) in FILES {
        let (bytes, origin) = match source {
            Some(folder) => copy(folder, name)?,
            None => download(name)?,
        };
        files.push((name, checked(bytes, sum).wrap_err_with(|| format!("{origin} cannot be used"))?));
    }

    let folder = folder();
    let unfinished = folder.with_extension(format!("unfinished-{}", std::process::id()));
    create_folder()?;
    fs::create_dir(&unfinished).wrap_err_with(|| format!("cannot create {}", unfinished.display()))?;
    let written = files
        .iter()
        .try_for_each(|(name, gzipped)| fs::write(unfinished.join(format!("{name}.gz")), gzipped))
        .and_then(|()| if folder.exists() { fs::remove_dir_all(&folder) } else { Ok(()) })
        .and_then(|()| fs::rename(&unfinished, &folder));
    if written.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    written.wrap_err_with(|| format!("cannot write into {}", folder.display()))?;
    println!("MNIST's four files are in {}, and their sums are right", folder.display());
    Ok(())
}

/// A file's bytes and where they came from.
type Fetched = (Vec<u8>, String);

fn copy(folder: &Path, name: &str) -> Result<Fetched> {
    for path in [folder.join(format!("{name}.gz")), folder.join(name)] {
        if path.is_file() {
            let bytes = fs::read(&path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
            return Ok((bytes, path.display().to_string()));
        }
    }
    bail!("{} holds neither {name}.gz nor {name}", folder.display());
}

fn download(name: &str) -> Result<Fetched> {
    let mut errors = Vec::new();
    for mirror in MIRRORS {
        let url = format!("{mirror}{name}.gz");
        match download_from(&url) {
            Ok(bytes) => return Ok((bytes, url)),
            Err(error) => errors.push(format!("{url}: {error}")),
        }
    }
    bail!(
        "no mirror can be reached ({}). Get the four files another way and name their folder: \
         cargo xtask data --from DIR",
        errors.join("; ")
    )
}

fn download_from(url: &str) -> Result<Vec<u8>> {
    let config = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_global(Some(Duration::from_secs(300)))
        .build();
    let mut response = ureq::Agent::new_with_config(config).get(url).call()?;
    let total_bytes = response.body().content_length();
    let mut reader = response.body_mut().as_reader();
    let (mut bytes, mut chunk, mut told) = (Vec::new(), vec![0; 64 * 1024], Instant::now());
    println!("downloading {url}");
    loop {
        let n_read = reader.read(&mut chunk)?;
        if n_read == 0 {
            break;
        }
        bytes.extend_from_slice(&chunk[..n_read]);
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let of = total_bytes.map(|total| format!(" of {}", total / 1024)).unwrap_or_default();
            println!("  {}{of} KB", bytes.len() / 1024);
        }
    }
    Ok(bytes)
}

/// The bytes gzipped, if what they hold has the right sum.
fn checked(bytes: Vec<u8>, sum: &str) -> Result<Vec<u8>> {
    // IDX files begin with two zeros, gzip files with these two bytes.
    let is_gzipped = bytes.starts_with(&[0x1f, 0x8b]);
    let found = if is_gzipped {
        hex_sum(&decompress(&bytes).wrap_err("it is a damaged gzip file")?)
    } else {
        hex_sum(&bytes)
    };
    ensure!(found == sum, "its contents have the SHA-256 sum {found} instead of {sum}");
    if is_gzipped {
        return Ok(bytes);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    Ok(encoder.finish()?)
}

fn decompress(gzipped: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(gzipped).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn hex_sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `abc`, from the standard's own examples.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_sum_is_that_of_the_decompressed_contents() {
        assert_eq!(checked(gzip(b"abc"), ABC).unwrap(), gzip(b"abc"));
        assert_eq!(decompress(&checked(b"abc".to_vec(), ABC).unwrap()).unwrap(), b"abc");
    }

    #[test]
    fn a_wrong_sum_is_refused_and_both_sums_are_named() {
        let error = checked(gzip(b"abd"), ABC).unwrap_err().to_string();
        assert!(error.contains(ABC) && error.contains(&hex_sum(b"abd")), "{error}");
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let whole = gzip(b"abc");
        assert!(checked(whole[..whole.len() - 4].to_vec(), ABC).is_err());
    }

    #[test]
    fn a_folder_without_the_files_is_named() {
        let error = copy(Path::new("/nowhere"), FILES[0].0).unwrap_err().to_string();
        assert!(error.contains("/nowhere") && error.contains("train-images-idx3-ubyte"), "{error}");
    }
}
