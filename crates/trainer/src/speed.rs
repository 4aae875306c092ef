//! How fast the run is, and how much of it may be spent on showing it.

use std::collections::VecDeque;
use std::time::Duration;

use web_time::Instant;

/// Steps and when they ended, over the last second or so.
#[derive(Debug, Default)]
pub(crate) struct Speedometer {
    slices: VecDeque<(Instant, Duration, u64)>,
}

impl Speedometer {
    /// Counts a slice of `n_steps` steps that took `elapsed`.
    pub(crate) fn record(&mut self, n_steps: u64, elapsed: Duration) {
        let now = Instant::now();
        self.slices.push_back((now, elapsed, n_steps));
        while self.slices.len() > 1 && now - self.slices[0].0 > Duration::from_millis(1200) {
            self.slices.pop_front();
        }
    }

    /// Forgets everything: the run has stopped.
    pub(crate) fn clear(&mut self) {
        self.slices.clear();
    }

    /// Steps a second, everything between the steps counted; 0 before the first slice.
    pub(crate) fn steps_per_second(&self) -> f32 {
        let Some((first_end, first_elapsed, _)) = self.slices.front() else { return 0.0 };
        let span = first_end.elapsed() + *first_elapsed;
        let n_steps: u64 = self.slices.iter().map(|slice| slice.2).sum();
        n_steps as f32 / span.as_secs_f32().max(1e-6)
    }

    /// The median of the slices' mean times of one step, in milliseconds.
    pub(crate) fn step_millis(&self) -> Option<f32> {
        let mean = |(_, elapsed, n): &(Instant, Duration, u64)| elapsed.as_secs_f32() * 1e3 / *n as f32;
        let mut means: Vec<f32> = self.slices.iter().filter(|slice| slice.2 > 0).map(mean).collect();
        means.sort_by(f32::total_cmp);
        means.get(means.len() / 2).copied()
    }
}

/// Does something now and then, such that it takes a small part of all time however slow it is.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// At least so long between two times.
    interval: Duration,
    /// At least so many times its own duration between two times.
    rest: u32,
    next: Option<Instant>,
    /// How long it took the last time.
    took: Duration,
}

impl Pacer {
    pub(crate) const fn new(interval: Duration, rest: u32) -> Self {
        Self { interval, rest, next: None, took: Duration::ZERO }
    }

    pub(crate) fn is_due(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    /// Whether nobody would notice one more: it is due, or it took less than a tenth of a second.
    pub(crate) fn is_cheap(&self) -> bool {
        self.is_due() || self.took < Duration::from_millis(100)
    }

    /// It was done just now, and began at `start`.
    pub(crate) fn done(&mut self, start: Instant) {
        let now = Instant::now();
        self.took = now - start;
        self.next = Some(now + self.interval.max((now - start) * self.rest));
    }

    /// It is due at once.
    pub(crate) const fn reset(&mut self) {
        self.next = None;
    }
}
