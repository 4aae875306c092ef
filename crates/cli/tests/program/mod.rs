//! Runs the built program in a folder of the test's own.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;

use data::LabelledImages;
use serde_json::Value;

/// What a run gave.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Standard output, one JSON object a line.
    pub fn events(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
    }

    /// The last line.
    pub fn last(&self) -> Value {
        self.events().pop().expect("something was printed")
    }

    /// The run was refused as asked wrongly, in one line with these words.
    #[track_caller]
    pub fn is_refused(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{}", self.stderr);
        for words in words {
            assert!(self.stderr.contains(words), "{words:?} is not in {}", self.stderr);
        }
    }
}

/// Runs the program with arguments.
pub fn receptive(arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_receptive")).args(arguments).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    let code = output.status.code().expect("it is not killed");
    Outcome { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// As [`receptive`], and it succeeds.
#[track_caller]
pub fn succeeds(arguments: &[&str]) -> Outcome {
    let outcome = receptive(arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    outcome
}

/// An empty folder of this name.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("it can be made");
    folder
}

/// Writes four IDX files of built-in digits: 360 to learn from, of which 30 are held back, and 60 for the test.
pub fn digits(folder: &Path) {
    let digits = data::generated::digits(0, 360, 60);
    for (part, pictures) in [("train", &digits.training), ("t10k", &digits.test)] {
        let [images, labels] = idx(pictures);
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).expect("it can be written");
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).expect("it can be written");
    }
}

fn idx(pictures: &LabelledImages) -> [Vec<u8>; 2] {
    let n = (pictures.labels.len() as u32).to_be_bytes();
    let side = 28_u32.to_be_bytes();
    let pixels: Vec<u8> =
        (0..pictures.images.n()).flat_map(|idx| pictures.images.get(idx).iter().copied()).collect();
    let images = [&[0, 0, 8, 3], &n[..], &side, &side, &pixels].concat();
    let labels = [&[0, 0, 8, 1], &n[..], &pictures.labels].concat();
    [images, labels]
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
