//! `cargo xtask dist`: the static site, ready to be copied into any folder of any server.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use eyre::{OptionExt, Result, WrapErr, bail, ensure};

use crate::tools::Tools;
use crate::without_fma::without_fma;
use crate::{bindings, data, functions, process, weight};

#[derive(Args, Default)]
pub struct Options {
    /// Put MNIST's four files beside the page (`cargo xtask data` gets them)
    #[arg(long)]
    with_data: bool,
    /// Fail where a first visit is over its budget; without this the table only says so
    #[arg(long)]
    hold_budget: bool,
}

/// Builds, checks and weighs the site.
pub fn run(options: &Options) -> Result<()> {
    if options.with_data {
        ensure!(
            data::is_complete(&data::folder()),
            "{} does not hold MNIST; run `cargo xtask data` first",
            data::folder().display()
        );
    }
    let tools = Tools::for_release()?;
    data::create_folder()?;
    process::run(tools.trunk(&["build", "--release"]).env(WASM_FLAGS, FMA_FLAGS))?;
    place_data(options.with_data).wrap_err("cannot put the data into dist/")?;
    add_plain_program().wrap_err("cannot put the program without FMA into dist/")?;
    for javascript in programs()? {
        bindings::shorten(&tools, &javascript)?;
    }

    let page = fs::read_to_string(page()).wrap_err("the build left no dist/index.html")?;
    let absolute = absolute_urls(&page);
    ensure!(absolute.is_empty(), "dist/index.html works only at a server's root, for it names {absolute:?}");

    let over_budget = weight::report(&folder())?;
    functions::check(&folder())?;
    ensure!(!(options.hold_budget && over_budget), "a first visit is over the budget; see the table above");
    Ok(())
}

/// Where the site is built.
pub fn folder() -> PathBuf {
    process::root().join("dist")
}

/// Whether `dist/` holds the whole site: what `trunk serve` leaves there lacks the second program, and may be unoptimised.
pub fn is_built() -> bool {
    fs::read_to_string(page()).is_ok_and(|html| html.contains("name=program-fma"))
}

fn page() -> PathBuf {
    folder().join("index.html")
}

/// The JavaScript of the site's programs.
fn programs() -> Result<Vec<PathBuf>> {
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".js") && (name.starts_with(PLAIN) || name.starts_with(FMA)) {
            programs.push(folder().join(name));
        }
    }
    Ok(programs)
}

/// In front of the names of the program's files, as Trunk calls them.
pub const PLAIN: &str = "page-";

/// The same of the program with FMA.
pub const FMA: &str = "fma-";

/// The environment variable with flags that Cargo adds to those in its configuration.
pub const WASM_FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// With these a product and its sum are one instruction.
pub const FMA_FLAGS: &str = "-C target-feature=+relaxed-simd";

/// Puts the program that everything can run beside the one just built, which has FMA, and tells the page both names. Whole
/// programs they are, because a browser refuses one that has a single instruction that it does not know.
fn add_plain_program() -> Result<()> {
    let html = fs::read_to_string(page()).wrap_err("the build left no dist/index.html")?;
    // All names first: what is written below has names of the same kind.
    let names = fs::read_dir(folder())?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<Result<_>>()?;
    let mut program = None;
    for name in names {
        let Some(rest) = name.strip_prefix(PLAIN) else { continue };
        let (plain, fma) = (folder().join(&name), folder().join(format!("{FMA}{rest}")));
        fs::rename(&plain, &fma)?;
        if name.ends_with(".wasm") {
            let rewritten = without_fma(&fs::read(fma)?);
            fs::write(plain, rewritten.wrap_err_with(|| format!("cannot rewrite {name}"))?)?;
        } else {
            fs::copy(fma, plain)?;
            program = Some(format!("{FMA}{rest}"));
        }
    }
    let program = program.ok_or_eyre("the build left no program")?;
    fs::write(page(), with_fma_program(&html, &program)?)?;
    Ok(())
}

/// The page, told the name of the program with FMA, in front of the tag that tells it the other's.
fn with_fma_program(html: &str, program: &str) -> Result<String> {
    let tags: Vec<usize> = html.match_indices("<meta ").map(|(start, _)| start).collect();
    let is_program =
        |&start: &usize| html[start..].split('>').next().is_some_and(|tag| tag.ends_with("name=program"));
    let Some(start) = tags.into_iter().find(is_program) else {
        bail!("the page does not say what its program is");
    };
    let (before, after) = html.split_at(start);
    Ok(format!("{before}<meta content={program} name=program-fma>{after}"))
}

/// The build copies whatever data there is; a site without data must not depend on that.
fn place_data(with_data: bool) -> Result<()> {
    let target = folder().join(weight::DATA).join("mnist");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    if with_data {
        fs::create_dir_all(&target)?;
        for entry in fs::read_dir(data::folder())? {
            let path = entry?.path();
            fs::copy(&path, target.join(path.file_name().unwrap_or(Path::new("").as_os_str())))?;
        }
    }
    Ok(())
}

/// URLs that would not follow the page into another folder: attributes and strings that begin at the server's root.
/// A minified page has no quotes around its attributes.
fn absolute_urls(html: &str) -> Vec<&str> {
    let starts = html.match_indices(['"', '\'', '=']).map(|(quote_idx, _)| &html[quote_idx + 1..]);
    let words = starts.filter_map(|rest| rest.split(['"', '\'', '>', ' ', '\n']).next());
    let second_is_alphanumeric = |word: &str| word.chars().nth(1).is_some_and(char::is_alphanumeric);
    words.filter(|word| word.starts_with('/') && second_is_alphanumeric(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_from_the_servers_root_are_found() {
        let html =
            r#"<link href="/page.css"><script src=/app.js></script><script>import i from '/x.js'</script>"#;
        assert_eq!(absolute_urls(html), ["/page.css", "/app.js", "/x.js"]);
    }

    #[test]
    fn the_page_is_told_of_the_second_program_once() {
        let told =
            with_fma_program("<meta charset=utf-8><meta content=page-1.js name=program><p>", "fma-2.js");
        assert_eq!(
            told.unwrap(),
            "<meta charset=utf-8><meta content=fma-2.js name=program-fma><meta content=page-1.js name=program><p>"
        );
        assert!(with_fma_program("<meta charset=utf-8><title>program</title>", "fma-1.js").is_err());
    }

    #[test]
    fn relative_urls_and_ordinary_text_pass() {
        let html =
            r#"<a href="./a">it's 3 / 4, isn't it</a><img src='data:image/png;base64,/9j='><b>and/or</b>"#;
        assert!(absolute_urls(html).is_empty());
    }
}
