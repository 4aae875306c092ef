//! A run of several stages: a header for each, a sign of life while it lasts, and a summary at the end.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use eyre::{Result, bail};

/// How often a long stage says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// The stages so far.
pub struct Stages {
    started: Instant,
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

#[derive(PartialEq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Stages {
    /// None yet.
    pub fn new() -> Self {
        Self { started: Instant::now(), rows: Vec::new(), notes: Vec::new() }
    }

    /// Runs a stage; whether it passed. A failure does not keep the next stages from running.
    pub fn run(&mut self, name: &'static str, stage: impl FnOnce() -> Result<()>) -> bool {
        println!("\n=== {name} (after {}) ===", clock(self.started.elapsed()));
        let stage_started = Instant::now();
        let (finished, waiting) = mpsc::channel::<()>();
        let life = thread::spawn(move || {
            while waiting.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                println!("... {name}: at work for {}", clock(stage_started.elapsed()));
            }
        });
        let result = stage();
        drop(finished);
        let _ = life.join();

        let took = stage_started.elapsed();
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                println!("{name}: {error:#}");
                self.notes.push(format!("FAILED  {name}: {error:#}"));
                Outcome::Failed
            }
        };
        println!("=== {name}: {} in {} ===", outcome.word(), clock(took));
        self.rows.push(Row { name, outcome, took });
        self.rows.last().is_some_and(|row| row.outcome == Outcome::Passed)
    }

    /// Leaves a stage out, and says why here and in the summary.
    pub fn skip(&mut self, name: &'static str, reason: &str) {
        println!("\n=== {name}: SKIPPED, {reason} ===");
        self.notes.push(format!("SKIPPED  {name}: {reason}"));
        self.rows.push(Row { name, outcome: Outcome::Skipped, took: Duration::ZERO });
    }

    /// Says something now, and again in the summary.
    pub fn note(&mut self, note: String) {
        println!("\n!!! {note}");
        self.notes.push(note);
    }

    /// Prints the summary.
    ///
    /// # Errors
    /// Where a stage failed.
    pub fn finish(self) -> Result<()> {
        println!("\n=== summary ===\n{}", self.summary());
        let n_failed = self.rows.iter().filter(|row| row.outcome == Outcome::Failed).count();
        if n_failed > 0 {
            bail!("{n_failed} of {} stages failed", self.rows.len());
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let row =
            |row: &Row| format!("{:width$}  {:7}  {:>7}", row.name, row.outcome.word(), clock(row.took));
        let mut lines: Vec<String> = self.rows.iter().map(row).collect();
        lines.push(format!("{:width$}  {:7}  {:>7}", "all", "", clock(self.started.elapsed())));
        lines.extend(self.notes.iter().cloned());
        lines.join("\n")
    }
}

impl Outcome {
    const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::Skipped => "SKIPPED",
        }
    }
}

fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let seconds = duration.as_secs();
    format!("{}:{:02} m", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_stage_fails_the_run_but_not_the_stages_after_it() {
        let mut stages = Stages::new();
        assert!(!stages.run("first", || bail!("no good")));
        assert!(stages.run("second", || Ok(())));
        stages.skip("third", "not wanted");
        let summary = stages.summary();
        assert!(summary.contains("first   FAILED") && summary.contains("second  passed"), "{summary}");
        assert!(summary.contains("SKIPPED  third: not wanted") && summary.contains("no good"), "{summary}");
        assert!(stages.finish().is_err());
    }

    #[test]
    fn skipped_stages_do_not_fail_the_run() {
        let mut stages = Stages::new();
        stages.skip("only", "not wanted");
        assert!(stages.finish().is_ok());
    }

    #[test]
    fn times_change_unit_at_a_minute() {
        assert_eq!(clock(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(clock(Duration::from_secs(61)), "1:01 m");
    }
}
