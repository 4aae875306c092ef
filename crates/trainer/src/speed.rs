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

    /// The least of the slices' mean times of one step.
    pub(crate) fn least_step(&self) -> Option<Duration> {
        let timed = self.slices.iter().filter(|slice| slice.2 > 0);
        timed.map(|(_, elapsed, n)| elapsed.div_f64(*n as f64)).min()
    }

    /// The median of the slices' mean times of one step, in milliseconds.
    pub(crate) fn step_millis(&self) -> Option<f32> {
        let mean = |(_, elapsed, n): &(Instant, Duration, u64)| elapsed.as_secs_f32() * 1e3 / *n as f32;
        // Positive numbers are in the order of their bits.
        let timed = self.slices.iter().filter(|slice| slice.2 > 0);
        let mut bits: Vec<u32> = timed.map(|slice| mean(slice).to_bits()).collect();
        bits.sort_unstable();
        bits.get(bits.len() / 2).copied().map(f32::from_bits)
    }
}

/// For so long after something was posted whoever receives it may be busy with it.
const WAKE: Duration = Duration::from_millis(150);

/// More than this is not counted of one drawing: what else the machine does would keep the page still for long.
const MOST_EXCESS: Duration = Duration::from_millis(60);

/// What is posted now and then while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Feature maps and weights, perhaps with counters and curves.
    Inspection,
    /// Counters and curves.
    Status,
}

/// What steps suffer from what was posted: where there are as many workers as cores, drawing it slows them down.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    posted: Option<(Instant, Shown)>,
    counted: Duration,
}

impl Wake {
    /// Something was posted.
    pub(crate) const fn posted(&mut self, shown: Shown, now: Instant) {
        self.posted = Some((now, shown));
        self.counted = Duration::ZERO;
    }

    /// How much longer a slice of `n_steps` steps took that began at `start`, if something was posted shortly before, than
    /// it would have with steps of `least`; and what was posted.
    pub(crate) fn excess(
        &mut self,
        start: Instant,
        elapsed: Duration,
        n_steps: u64,
        least: Option<Duration>,
    ) -> Option<(Shown, Duration)> {
        let (posted, shown) = self.posted?;
        let in_wake = start.saturating_duration_since(posted) < WAKE;
        let excess = elapsed.saturating_sub(least?.mul_f64(n_steps as f64));
        let excess = excess.min(MOST_EXCESS - self.counted);
        if !in_wake {
            return None;
        }
        self.counted += excess;
        Some((shown, excess))
    }
}

/// Does something now and then, such that it takes a small part of all time however slow it is.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// At least so long between two times.
    interval: Duration,
    /// The largest part of all time that it may take.
    share: f64,
    last: Option<Last>,
    due: bool,
}

/// What was done last.
#[derive(Clone, Copy, Debug)]
struct Last {
    end: Instant,
    next: Instant,
    took: Duration,
    /// Without what came on top.
    took_at_first: Duration,
}

impl Pacer {
    pub(crate) const fn new(interval: Duration, share: f64) -> Self {
        Self { interval, share, last: None, due: true }
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due || self.last.is_none_or(|last| now >= last.next)
    }

    /// Whether nobody who waits for nothing would mind one more: it is due, or it took less than a second.
    pub(crate) fn is_cheap(&self, now: Instant) -> bool {
        self.is_due(now) || self.last.is_none_or(|last| last.took < Duration::from_secs(1))
    }

    /// It was done; it took so long, until now.
    pub(crate) fn done(&mut self, took: Duration, now: Instant) {
        self.due = false;
        self.last = Some(Last { end: now, next: now, took, took_at_first: took });
        self.took_longer(Duration::ZERO);
    }

    /// What was done last has cost yet more time. It rests until all of that is no more than its share of the time since
    /// it began.
    pub(crate) fn took_longer(&mut self, by: Duration) {
        if let Some(last) = &mut self.last {
            last.took += by;
            let rest = last.took.div_f64(self.share).saturating_sub(last.took_at_first);
            last.next = last.end + self.interval.max(rest);
        }
    }

    /// Something else has done the same besides: it rests anew, as long as after the last time.
    pub(crate) fn put_off(&mut self, now: Instant) {
        let rest = self.last.map_or(self.interval, |last| last.next - last.end);
        self.due = false;
        let took = self.last.map_or(Duration::ZERO, |last| last.took);
        self.last = Some(Last { end: now, next: now + rest, took, took_at_first: Duration::ZERO });
    }

    /// It is due at once.
    pub(crate) const fn reset(&mut self) {
        self.due = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// Works for a minute in slices of `slice`, doing something that takes `took(n)` the nth time whenever it is due, of
    /// which `later` is noticed only afterwards; which part of the time that something took, and how often it was done.
    fn simulate(
        pacer: &mut Pacer,
        slice: Duration,
        took: impl Fn(u32) -> Duration,
        later: f64,
    ) -> (f64, u32) {
        let start = Instant::now();
        let mut now = start;
        let (mut spent, mut n) = (Duration::ZERO, 0);
        while now - start < 60_000 * MILLI {
            if pacer.is_due(now) {
                let whole = took(n);
                let at_once = whole.mul_f64(1.0 - later);
                now += at_once;
                pacer.done(at_once, now);
                now += whole - at_once;
                pacer.took_longer(whole - at_once);
                spent += whole;
                n += 1;
            }
            now += slice;
        }
        (spent.as_secs_f64() / (now - start).as_secs_f64(), n)
    }

    #[test]
    fn what_is_paced_keeps_to_its_share_however_long_it_takes() {
        for millis in [1, 7, 40, 300, 2000] {
            for later in [0.0, 0.5] {
                let mut pacer = Pacer::new(100 * MILLI, 0.04);
                let uneven = |n: u32| MILLI * (millis + millis * (n % 3));
                let (share, n) = simulate(&mut pacer, 3 * MILLI, uneven, later);
                // The last time's rest lies partly beyond the minute.
                let last = f64::from(3 * millis) / 60_000.0;
                assert!(share <= 0.04 + last, "{millis} ms: {share}");
                assert!(n > 0);
            }
        }
    }

    #[test]
    fn what_is_quick_comes_once_an_interval() {
        let mut pacer = Pacer::new(100 * MILLI, 0.04);
        let (_, n) = simulate(&mut pacer, MILLI, |_| MILLI, 0.0);
        assert!((560..=600).contains(&n), "{n}");
    }

    #[test]
    fn a_slow_time_is_followed_by_a_long_rest_and_a_quick_one_by_a_short_one() {
        let mut pacer = Pacer::new(100 * MILLI, 0.1);
        let now = Instant::now();
        pacer.done(100 * MILLI, now);
        assert!(!pacer.is_due(now + 899 * MILLI) && pacer.is_due(now + 901 * MILLI));
        pacer.done(MILLI, now);
        assert!(!pacer.is_due(now + 99 * MILLI) && pacer.is_due(now + 101 * MILLI));
        // A tenth of 200 ms, which began 1 ms before.
        pacer.took_longer(19 * MILLI);
        assert!(!pacer.is_due(now + 198 * MILLI) && pacer.is_due(now + 200 * MILLI));
        pacer.reset();
        assert!(pacer.is_due(now));
    }

    #[test]
    fn what_slows_steps_down_after_a_post_is_counted_and_what_comes_later_is_not() {
        let mut wake = Wake::default();
        let now = Instant::now();
        let least = Some(2 * MILLI);
        assert_eq!(wake.excess(now, 30 * MILLI, 10, least), None, "nothing was posted");
        wake.posted(Shown::Status, now);
        let mut excess =
            |after: Duration, elapsed: u32, least| wake.excess(now + after, MILLI * elapsed, 10, least);
        assert_eq!(excess(MILLI, 30, least), Some((Shown::Status, 10 * MILLI)));
        assert_eq!(excess(MILLI, 15, least), Some((Shown::Status, Duration::ZERO)), "faster than ever");
        assert_eq!(excess(2 * WAKE, 30, least), None);
        assert_eq!(excess(MILLI, 30, None), None, "nothing to compare with");
        assert_eq!(excess(MILLI, 500, least), Some((Shown::Status, MOST_EXCESS - 10 * MILLI)));
        assert_eq!(excess(MILLI, 500, least), Some((Shown::Status, Duration::ZERO)), "it is counted");
    }

    #[test]
    fn what_is_put_off_rests_as_long_as_the_last_time() {
        let mut pacer = Pacer::new(100 * MILLI, 0.1);
        let now = Instant::now();
        pacer.put_off(now);
        assert!(!pacer.is_due(now + 99 * MILLI) && pacer.is_due(now + 101 * MILLI));
        pacer.done(Duration::ZERO, now);
        pacer.took_longer(30 * MILLI);
        pacer.put_off(now + 50 * MILLI);
        assert!(!pacer.is_due(now + 349 * MILLI) && pacer.is_due(now + 351 * MILLI));
    }
}
