//! The arithmetic of training: load, power, thresholds, zones, intervals, routes.
//!
//! Pure functions over numbers, without I/O, clocks or state. Values are SI inside: seconds,
//! metres, watts, beats per minute, metres per second. A series has one value per second;
//! `None` is a second without data, which is never the same as zero: a standing bicycle has a
//! power of 0 W, a lost strap has no heart rate. What cannot be said is `None`, never a guess.

pub mod climbs;
pub mod critical;
pub mod curve;
pub mod distribution;
pub mod downsample;
pub mod drift;
pub mod heart;
pub mod hrv;
pub mod intervals;
pub mod load;
pub mod power;
pub mod series;
pub mod shifting;
pub mod similarity;
pub mod thresholds;
pub mod track;
pub mod zones;

/// Half away from zero, as people round.
#[must_use]
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts of seconds are far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}
