//! How large a program's functions are. A browser compiles a function with care only as a whole, and when it has run for
//! long: a huge one in which something loops takes a core from the first training steps.

use std::fs;
use std::path::Path;

use eyre::{Result, WrapErr, ensure};
use wasmparser::{Parser, Payload};

/// The largest function that a program may have. Chromium compiles one of this size in about 150 ms.
const MOST_BYTES: usize = 48 * 1024;

/// Looks at the programs of a site and says how large their largest functions are.
///
/// # Errors
/// Where one is too large.
pub fn check(site: &Path) -> Result<()> {
    for entry in fs::read_dir(site).wrap_err_with(|| format!("cannot list {}", site.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let program = fs::read(&path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().display();
            let (idx, n_bytes) = largest(&program).wrap_err_with(|| format!("{name} is no program"))?;
            let size = format!("the largest function of {name}, number {idx}, has {n_bytes} bytes");
            println!("{size}");
            ensure!(
                n_bytes <= MOST_BYTES,
                "{size}, and may have {MOST_BYTES}; `trainer::apart` and `inline(never)` keep parts of one apart"
            );
        }
    }
    Ok(())
}

/// The largest function's number and size in bytes.
fn largest(program: &[u8]) -> Result<(usize, usize)> {
    let mut n_imported = 0;
    let mut sizes = Vec::new();
    for payload in Parser::new(0).parse_all(program) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    n_imported += usize::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => sizes.push(body.as_bytes().len()),
            _ => {}
        }
    }
    let largest = sizes.iter().enumerate().max_by_key(|&(_, &n_bytes)| n_bytes);
    Ok(largest.map_or((0, 0), |(idx, &n_bytes)| (n_imported + idx, n_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program with one imported function, and functions with bodies of these many `nop`s.
    fn program(bodies: &[u8]) -> Vec<u8> {
        let section = |id: u8, content: Vec<u8>| [vec![id, content.len() as u8], content].concat();
        let n = bodies.len() as u8;
        let types = section(1, vec![1, 0x60, 0, 0]);
        let imports = section(2, vec![1, 1, b'a', 1, b'b', 0, 0]);
        let functions = section(3, [vec![n], vec![0; bodies.len()]].concat());
        let code = bodies.iter().flat_map(|&nops| {
            // Length, no locals, the instructions, end.
            [vec![nops + 2, 0], vec![1; nops.into()], vec![0x0b]].concat()
        });
        let code = section(10, [n].into_iter().chain(code).collect());
        [b"\0asm\x01\0\0\0".to_vec(), types, imports, functions, code].concat()
    }

    #[test]
    fn the_largest_function_is_found_and_counted_behind_the_imported_ones() {
        assert_eq!(largest(&program(&[3, 20, 7])).unwrap(), (2, 22));
        assert_eq!(largest(&program(&[])).unwrap(), (0, 0));
        assert!(largest(b"no program").is_err());
    }
}
