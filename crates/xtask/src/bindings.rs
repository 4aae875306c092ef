//! What lies between a program and the browser, in fewer bytes: wasm-bindgen gives each function that a program imports a
//! name with a hash, twice, and its JavaScript is written for readers. Trunk minifies JavaScript too, but its parser does not
//! take wasm-bindgen's.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use eyre::{Result, WrapErr, ensure};
use wasm_encoder::{EntityType, ImportSection, Module, RawSection};
use wasmparser::{Parser, Payload};

use crate::process;
use crate::tools::Tools;

/// Shortens a program and its bindings in place.
///
/// # Errors
/// Where the two do not belong together, or cannot be read or written.
pub fn shorten(tools: &Tools, javascript: &Path) -> Result<()> {
    let at = |path: &Path| format!("cannot shorten {}", path.display());
    let wasm = javascript
        .with_file_name(format!("{}_bg.wasm", javascript.file_stem().unwrap_or_default().to_string_lossy()));
    let (program, bindings) = (fs::read(&wasm), fs::read_to_string(javascript));
    let (program, bindings) =
        (program.wrap_err_with(|| at(&wasm))?, bindings.wrap_err_with(|| at(javascript))?);
    let (program, bindings) = with_short_names(&program, &bindings).wrap_err_with(|| at(javascript))?;
    fs::write(&wasm, program).wrap_err_with(|| at(&wasm))?;
    fs::write(javascript, bindings).wrap_err_with(|| at(javascript))?;
    process::run(&mut tools.minifier(javascript))
}

/// Numbers what a program imports, in the program and in its bindings.
fn with_short_names(program: &[u8], bindings: &str) -> Result<(Vec<u8>, String)> {
    let mut names = HashMap::new();
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(program) {
        let payload = payload?;
        if let Payload::ImportSection(imports) = &payload {
            let mut section = ImportSection::new();
            for import in imports.clone().into_imports() {
                let import = import?;
                let short = format!("i{}", names.len());
                section.import(import.module, &short, EntityType::try_from(import.ty)?);
                ensure!(names.insert(import.name, short).is_none(), "{} is imported twice", import.name);
            }
            module.section(&section);
        } else if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &program[range] });
        }
    }

    let mut shortened = String::with_capacity(bindings.len());
    let mut n_found = 0;
    let mut rest = bindings;
    while let Some(start) = rest.find(in_name) {
        let (before, behind) = rest.split_at(start);
        let (word, behind) = behind.split_at(behind.find(|letter| !in_name(letter)).unwrap_or(behind.len()));
        let name = names.get(word);
        n_found += usize::from(name.is_some());
        shortened.push_str(before);
        shortened.push_str(name.map_or(word, String::as_str));
        rest = behind;
    }
    shortened.push_str(rest);
    ensure!(n_found == names.len(), "of {} imports the bindings name {n_found}", names.len());
    Ok((module.finish(), shortened))
}

/// Whether JavaScript's names have this letter; these names are ASCII.
fn in_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$')
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{CustomSection, TypeSection};

    use super::*;

    /// A program that imports functions of these names, and has a further section.
    fn program(names: &[&str]) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        for name in names {
            imports.import("./page_bg.js", name, EntityType::Function(0));
        }
        module.section(&types).section(&imports);
        module.section(&CustomSection { name: "kept".into(), data: b"__wbg_now_01"[..].into() });
        module.finish()
    }

    #[test]
    fn imports_have_the_same_short_names_in_the_program_and_in_its_bindings() {
        let long = program(&["__wbg_now_01", "__wbg_now_012"]);
        let bindings = "{ __wbg_now_012: () => 1, __wbg_now_01: () => __wbg_now_0() + now_01 }";
        let (short, bindings) = with_short_names(&long, bindings).unwrap();
        assert_eq!(bindings, "{ i1: () => 1, i0: () => __wbg_now_0() + now_01 }");
        let mut expected = program(&["i0", "i1"]);
        assert_eq!(short, expected);
        expected.truncate(expected.len() - 1);
        assert!(with_short_names(&expected, "i0 i1").is_err(), "a program that is cut off");
    }

    #[test]
    fn bindings_of_another_program_are_refused() {
        let refusal = with_short_names(&program(&["__wbg_now_01", "__wbg_log_02"]), "__wbg_now_01: 0");
        assert_eq!(refusal.unwrap_err().to_string(), "of 2 imports the bindings name 1");
        assert!(with_short_names(&program(&["a"]), "a: 0, a: 1").is_err(), "one that is named twice");
        assert!(with_short_names(&program(&["a", "a"]), "a: 0, a: 1").is_err(), "one that is imported twice");
    }
}
