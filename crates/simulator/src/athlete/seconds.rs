//! The same recording second by second, as a watch set to record every second writes it, and
//! the one time the athlete stopped the watch.

use super::activities::Activity;
use super::trace::Sample;

impl Activity {
    /// When the watch was stopped, in seconds of its timer, and for how long.
    pub(crate) fn pause(&self) -> (f64, f64) {
        ((self.duration / 2.0).floor(), self.elapsed - self.duration)
    }

    /// Seconds since the start by the clock on the wall, for seconds of the timer.
    pub(crate) fn elapsed_at(&self, secs: f64) -> f64 {
        let (at, length) = self.pause();
        if secs > at { secs + length } else { secs }
    }

    /// A sample for every second of the timer, the last one at its end. Where the watch was and
    /// how far it had come lies between two samples of the trace; what it measured is the
    /// measurement of the step, so averages and extremes stay what they are.
    pub(crate) fn seconds(&self) -> Vec<Sample> {
        let trace = self.effort.trace();
        let mut seconds: Vec<Sample> = trace.first().copied().into_iter().collect();
        for pair in trace.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let length = after.secs - before.secs;
            let mut secs = before.secs.floor() + 1.0;
            while secs < after.secs - 0.001 {
                let share = (secs - before.secs) / length;
                let between = |from: f64, until: f64| from + (until - from) * share;
                seconds.push(Sample {
                    secs,
                    distance: between(before.distance, after.distance),
                    elevation: between(before.elevation, after.elevation),
                    latitude: between(before.latitude, after.latitude),
                    longitude: between(before.longitude, after.longitude),
                    ..after
                });
                secs += 1.0;
            }
            seconds.push(after);
        }
        seconds
    }
}
