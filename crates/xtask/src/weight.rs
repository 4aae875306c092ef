//! What a first visit of the page has to load, compressed as a server would send it.

use std::fs;
use std::path::{Path, PathBuf};

use eyre::{Result, WrapErr};

use crate::dist::{FMA, PLAIN};

/// A first visit's whole weight, brotli-compressed.
const BUDGET_BYTES: usize = 350 * 1024;

/// The folder of the site that holds data sets: loaded when chosen, not on a visit.
pub const DATA: &str = "data";

struct File {
    name: String,
    raw_bytes: usize,
    brotli_bytes: usize,
}

/// Prints a table of the site's files; whether they are over the budget together.
pub fn report(site: &Path) -> Result<bool> {
    let mut files: Vec<File> = Vec::new();
    for path in paths_below(site)?.into_iter().filter(|path| is_loaded_on_a_visit(site, path)) {
        let bytes = fs::read(&path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(site).unwrap_or(&path).display().to_string();
        files.push(File { name, raw_bytes: bytes.len(), brotli_bytes: compressed_size(&bytes)? });
    }
    let mut files = heavier_visit(files);
    files.sort_by_key(|file| std::cmp::Reverse(file.brotli_bytes));
    let total_bytes = weight(&files);
    println!("\n{}", table(&files, total_bytes));
    Ok(is_over_budget(total_bytes))
}

/// A browser loads one of the two programs: the visit that loads more.
fn heavier_visit(files: Vec<File>) -> Vec<File> {
    let is_fma = |file: &File| file.name.starts_with(FMA);
    let is_plain = |file: &File| file.name.starts_with(PLAIN);
    let (programs, mut others): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| is_fma(file) || is_plain(file));
    let (fma, plain): (Vec<File>, Vec<File>) = programs.into_iter().partition(is_fma);
    others.extend(if weight(&fma) > weight(&plain) { fma } else { plain });
    others
}

fn weight(files: &[File]) -> usize {
    files.iter().map(|file| file.brotli_bytes).sum()
}

const fn is_over_budget(total_bytes: usize) -> bool {
    total_bytes > BUDGET_BYTES
}

fn table(files: &[File], total_bytes: usize) -> String {
    let width =
        files.iter().map(|file| file.name.chars().count()).max().unwrap_or(0).max("a first visit".len());
    let mut lines = vec![format!("{:width$}  {:>11}  {:>11}", "file", "raw", "brotli")];
    for File { name, raw_bytes, brotli_bytes } in files {
        lines.push(format!("{name:width$}  {:>11}  {:>11}", kilobytes(*raw_bytes), kilobytes(*brotli_bytes)));
    }
    let raw_bytes = files.iter().map(|file| file.raw_bytes).sum();
    let (raw, brotli) = (kilobytes(raw_bytes), kilobytes(total_bytes));
    let verdict = if is_over_budget(total_bytes) { "OVER the budget" } else { "within the budget" };
    lines.push(format!(
        "{:width$}  {raw:>11}  {brotli:>11}  {verdict} of {}",
        "a first visit",
        kilobytes(BUDGET_BYTES)
    ));
    lines.join("\n")
}

fn kilobytes(bytes: usize) -> String {
    format!("{:.1} KB", bytes as f64 / 1024.0)
}

fn compressed_size(bytes: &[u8]) -> Result<usize> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    Ok(brotli::BrotliCompress(&mut &*bytes, &mut std::io::sink(), &parameters)?)
}

/// Not data sets, and not the description of the page's interface for editors.
fn is_loaded_on_a_visit(site: &Path, path: &Path) -> bool {
    !path.starts_with(site.join(DATA)) && !path.to_string_lossy().ends_with(".d.ts")
}

fn paths_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).wrap_err_with(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            paths.extend(paths_below(&path)?);
        } else {
            paths.push(path);
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_itself_is_allowed_and_one_byte_more_is_not() {
        assert!(!is_over_budget(350 * 1024));
        assert!(is_over_budget(350 * 1024 + 1));
    }

    #[test]
    fn data_and_type_descriptions_are_not_weighed_but_everything_else_is() {
        let is_loaded = |path| is_loaded_on_a_visit(Path::new("dist"), Path::new(path));
        assert!(
            is_loaded("dist/index.html")
                && is_loaded("dist/page_bg.wasm")
                && is_loaded("dist/fonts/data.css")
        );
        assert!(!is_loaded("dist/data/mnist/t10k-images-idx3-ubyte.gz") && !is_loaded("dist/receptive.d.ts"));
    }

    #[test]
    fn of_the_two_programs_the_heavier_is_weighed() {
        let file = |name: &str, brotli_bytes| File { name: name.into(), raw_bytes: 0, brotli_bytes };
        let visit = |fma| {
            let files = vec![
                file("index.html", 1),
                file("page-1.js", 10),
                file("page-1_bg.wasm", 100),
                file("fma-2.js", 10),
                file("fma-2_bg.wasm", fma),
            ];
            heavier_visit(files)
        };
        assert_eq!(weight(&visit(99)), 111);
        let names: Vec<String> = visit(101).into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["index.html", "fma-2.js", "fma-2_bg.wasm"]);
    }

    #[test]
    fn brotli_is_what_is_weighed() {
        let size = compressed_size(&[b'a'; 10_000]).unwrap();
        assert!((1..100).contains(&size), "ten thousand equal bytes compress to {size}");
    }

    #[test]
    fn the_table_ends_with_the_total_and_the_verdict() {
        let file = File { name: "app.wasm".into(), raw_bytes: 2048, brotli_bytes: 400 * 1024 };
        let table = table(&[file], 400 * 1024);
        let last = table.lines().last().unwrap();
        assert!(last.contains("400.0 KB") && last.contains("OVER the budget of 350.0 KB"), "{last}");
    }
}
