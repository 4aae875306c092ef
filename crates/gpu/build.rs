//! Lists the shaders of `shaders/`, without the lines that are only comments: readers see the files, browsers load the list.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shaders");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().is_ok_and(|path| path.extension().is_some_and(|end| end == "wgsl")))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path)?;
        let is_code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with("//");
        let code: String = text.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect();
        writeln!(list, "({name:?}, {code:?}),").expect("a string takes any text");
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("shaders.rs"), list)
}
