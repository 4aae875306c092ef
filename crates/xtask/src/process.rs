//! Runs other programs, saying which, and fails where they fail.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use eyre::{Result, WrapErr, bail};

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("xtask lies two folders below the root").to_owned()
}

/// The cargo that runs this program, at the root.
pub fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Prints the command, runs it without a standard input, and waits for it.
///
/// # Errors
/// Where it cannot be started or ends with anything but success.
pub fn run(command: &mut Command) -> Result<()> {
    let line = describe(command);
    println!("$ {line}");
    let status = command.stdin(Stdio::null()).status().wrap_err_with(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// As [`run`], for a command that runs tests: the error names those that failed, for who sees only the end of a long output.
///
/// # Errors
/// As [`run`]'s.
pub fn run_tests(command: &mut Command) -> Result<()> {
    let line = describe(command);
    println!("$ {line}");
    let cannot_start = || format!("cannot start `{line}`");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().wrap_err_with(cannot_start)?;
    let mut lines = Vec::new();
    for printed in BufReader::new(child.stdout.take().expect("it is piped")).split(b'\n') {
        let printed = String::from_utf8_lossy(&printed?).into_owned();
        println!("{printed}");
        lines.push(printed);
    }
    let status = child.wait()?;
    if !status.success() {
        let failures: String = failures(&lines).iter().map(|failure| format!("\n    {failure}")).collect();
        bail!("`{line}` ended with {status}{failures}");
    }
    Ok(())
}

/// The lines in which cargo's tests, those in browsers and Node's say what failed. Of tests that never ended only the one
/// before is known.
fn failures(lines: &[String]) -> Vec<&str> {
    let mut failures: Vec<&str> = Vec::new();
    for (idx, line) in lines.iter().enumerate() {
        let line = line.trim();
        if line.starts_with("Failed to detect test as having been run") {
            failures.extend(idx.checked_sub(1).map(|before| lines[before].trim()));
            failures.push(line);
        }
        let is_test = line.starts_with("test ") && (line.ends_with(" FAILED") || line.ends_with(" FAIL"));
        if (is_test || line.starts_with("✖ ")) && !failures.contains(&line) {
            failures.push(line);
        }
    }
    failures
}

/// What a command prints, where it can be started and succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_tests_that_fails_names_them() {
        let printed = "test a ... ok\ntest b ... FAILED\n=== first: FAILED in 0.0 s ===\n  ✖ c (2 ms)\ntest d ... ok\n\
            Failed to detect test as having been run. It might have timed out.\ntest e ... FAIL\n✖ c (2 ms)\n";
        let mut command = Command::new("sh");
        command.args(["-c", "printf '%s' \"$PRINTED\"; exit 3"]).env("PRINTED", printed);
        let error = run_tests(&mut command).unwrap_err().to_string();
        let named: Vec<&str> = error.lines().skip(1).map(str::trim).collect();
        let timed_out = "Failed to detect test as having been run. It might have timed out.";
        assert_eq!(named, ["test b ... FAILED", "✖ c (2 ms)", "test d ... ok", timed_out, "test e ... FAIL"]);
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(run_tests(Command::new("sh").args(["-c", "echo 'test b ... FAILED'"])).is_ok());
    }
}
