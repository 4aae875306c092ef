//! What the program prints: text for people, or one JSON object a line for programs.
#![allow(clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::io::Write;

use eyre::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// Something went wrong that is not the arguments' fault.
#[derive(Debug)]
pub struct Failed(pub String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// Prints why the program ends, on one line.
pub fn show_error(error: &eyre::Report) {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
}

/// Where lines go, and in which form.
pub struct Report {
    json: bool,
    bar: ProgressBar,
}

impl Report {
    /// JSON lines, or text.
    pub fn new(json: bool) -> Self {
        Self { json, bar: ProgressBar::hidden() }
    }

    /// One thing that happened: `event`, an object, for programs; `text` for people.
    pub fn say(&self, event: &Value, text: &str) -> Result<()> {
        let line = if self.json { event.to_string() } else { text.to_owned() };
        // Nobody listens any more, so there is nothing left to do.
        let closed = |error| Failed(format!("standard output cannot be written: {error}"));
        Ok(self.bar.suspend(|| writeln!(std::io::stdout(), "{line}")).map_err(closed)?)
    }

    /// Shows a bar of `n_steps` steps where a person looks at a terminal.
    pub fn start_bar(&mut self, n_steps: u64) {
        if !self.json {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} steps, {eta} left, loss {msg}");
            let bar = ProgressBar::new(n_steps);
            self.bar = bar.with_style(style.expect("the template is valid"));
        }
    }

    /// Moves the bar.
    pub fn advance_bar(&self, step: u64, loss: f32) {
        self.bar.set_message(format!("{loss:.4}"));
        self.bar.set_position(step);
    }

    /// Takes the bar away.
    pub fn end_bar(&self) {
        self.bar.finish_and_clear();
    }
}
