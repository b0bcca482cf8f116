//! What is read off the samples afterwards: averages, laps, best splits, time in zones.

use super::activities::Discipline;
use super::trace::{Effort, Role, Sample};

/// A lap, cut from the samples.
#[derive(Debug, Clone)]
pub(crate) struct Lap {
    pub(crate) start_secs: f64,
    pub(crate) end_secs: f64,
    pub(crate) distance: f64,
    pub(crate) role: Role,
    pub(crate) means: Means,
}

/// Averages and extremes over a stretch of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Means {
    pub(crate) avg_hr: f64,
    pub(crate) max_hr: f64,
    pub(crate) min_hr: f64,
    pub(crate) avg_power: f64,
    pub(crate) max_power: f64,
    pub(crate) min_power: f64,
    pub(crate) norm_power: f64,
    pub(crate) avg_cadence: f64,
    pub(crate) max_cadence: f64,
    pub(crate) max_speed: f64,
    pub(crate) gain: f64,
    pub(crate) loss: f64,
    pub(crate) min_elevation: f64,
    pub(crate) max_elevation: f64,
    pub(crate) avg_respiration: f64,
    pub(crate) max_respiration: f64,
    pub(crate) min_respiration: f64,
    pub(crate) steps: f64,
}

/// Means over the samples that end in `(from, until]`.
pub(crate) fn means(samples: &[Sample], from: f64, until: f64) -> Means {
    let begin = samples.partition_point(|sample| sample.secs <= from + 0.001).max(1);
    let end = samples.partition_point(|sample| sample.secs <= until + 0.001).max(begin);
    let stretch = samples.get(begin - 1..end).unwrap_or(samples);
    let mut sums = [0.0_f64; 5];
    let mut lows = [f64::MAX; 4];
    let mut highs = [0.0_f64; 6];
    let (mut climbed, mut descended, mut secs) = (0.0, 0.0, 0.0);
    let mut steps = 0.0;
    for pair in stretch.windows(2) {
        let (before, here) = (pair[0], pair[1]);
        let step = here.secs - before.secs;
        secs += step;
        let smoothed = f64::midpoint(before.power, here.power);
        for (sum, value) in sums.iter_mut().zip([
            here.hr,
            here.power,
            here.cadence,
            here.respiration,
            smoothed.powi(4),
        ]) {
            *sum += value * step;
        }
        for (low, value) in
            lows.iter_mut().zip([here.hr, here.power, here.elevation, here.respiration])
        {
            *low = low.min(value);
        }
        for (high, value) in highs.iter_mut().zip([
            here.hr,
            here.power,
            here.cadence,
            here.speed,
            here.elevation,
            here.respiration,
        ]) {
            *high = high.max(value);
        }
        let climb = here.elevation - before.elevation;
        climbed += climb.max(0.0);
        descended += (-climb).max(0.0);
        steps += here.cadence * step / 60.0;
    }
    let secs = f64::max(secs, 1.0);
    Means {
        avg_hr: sums[0] / secs,
        max_hr: highs[0],
        min_hr: lows[0],
        avg_power: sums[1] / secs,
        max_power: highs[1],
        min_power: lows[1],
        norm_power: (sums[4] / secs).powf(0.25),
        avg_cadence: sums[2] / secs,
        max_cadence: highs[2],
        max_speed: highs[3],
        gain: climbed,
        loss: descended,
        min_elevation: lows[2],
        max_elevation: highs[4],
        avg_respiration: sums[3] / secs,
        max_respiration: highs[5],
        min_respiration: lows[3],
        steps,
    }
}

/// Distance covered after `secs`.
pub(crate) fn distance_at(samples: &[Sample], secs: f64) -> f64 {
    let index = samples.partition_point(|sample| sample.secs < secs);
    let Some(here) = samples.get(index) else {
        return samples.last().map_or(0.0, |sample| sample.distance);
    };
    let Some(before) = index.checked_sub(1).and_then(|index| samples.get(index)) else {
        return here.distance;
    };
    let share = (secs - before.secs) / (here.secs - before.secs).max(0.001);
    before.distance + (here.distance - before.distance) * share
}

/// When so many metres had been covered.
pub(crate) fn secs_at(samples: &[Sample], distance: f64) -> f64 {
    let index = samples.partition_point(|sample| sample.distance < distance);
    let Some(here) = samples.get(index) else {
        return samples.last().map_or(0.0, |sample| sample.secs);
    };
    let Some(before) = index.checked_sub(1).and_then(|index| samples.get(index)) else {
        return here.secs;
    };
    let share = (distance - before.distance) / (here.distance - before.distance).max(0.001);
    before.secs + (here.secs - before.secs) * share
}

/// Laps: by the watch's distance, or by the steps of a structured workout.
pub(crate) fn laps(effort: &Effort, samples: &[Sample]) -> Vec<Lap> {
    let total_secs = effort.secs();
    let total = samples.last().map_or(0.0, |sample| sample.distance);
    let structured = effort.segments.iter().any(|segment| segment.role == Role::Interval)
        || effort.discipline == Discipline::Strength;
    let mut cuts: Vec<(f64, Role)> = Vec::new();
    if structured {
        for (end, segment) in effort.ends().iter().zip(&effort.segments) {
            cuts.push((*end, segment.role));
        }
    } else {
        let every = match effort.discipline {
            Discipline::Ride => 5_000.0,
            Discipline::Run | Discipline::Strength => 1_000.0,
        };
        let mut mark = every;
        while mark < total - 1.0 {
            cuts.push((secs_at(samples, mark), Role::Active));
            mark += every;
        }
        cuts.push((total_secs, Role::Active));
    }
    let mut start = 0.0;
    cuts.into_iter()
        .map(|(end, role)| {
            let lap = Lap {
                start_secs: start,
                end_secs: end,
                distance: distance_at(samples, end) - distance_at(samples, start),
                role,
                means: means(samples, start, end),
            };
            start = end;
            lap
        })
        .collect()
}

/// The fastest stretch of so many metres, in seconds.
pub(crate) fn fastest(samples: &[Sample], metres: f64) -> Option<f64> {
    let total = samples.last()?.distance;
    if total < metres {
        return None;
    }
    let mut best = f64::MAX;
    let mut end = 0;
    for start in samples {
        while samples.get(end).is_some_and(|sample| sample.distance < start.distance + metres) {
            end += 1;
        }
        let (Some(here), Some(before)) =
            (samples.get(end), end.checked_sub(1).and_then(|index| samples.get(index)))
        else {
            break;
        };
        let wanted = start.distance + metres;
        let share = (wanted - before.distance) / (here.distance - before.distance).max(0.001);
        best = best.min(before.secs + (here.secs - before.secs) * share - start.secs);
    }
    (best < f64::MAX).then_some(best)
}

/// Seconds at or above each floor and below the next.
pub(crate) fn in_zones<const N: usize>(
    samples: &[Sample],
    floors: [f64; N],
    value: impl Fn(&Sample) -> f64,
) -> [f64; N] {
    let mut secs = [0.0; N];
    for pair in samples.windows(2) {
        let zone = floors.iter().rposition(|floor| value(&pair[1]) >= *floor);
        if let Some(zone) = zone {
            secs[zone] += pair[1].secs - pair[0].secs;
        }
    }
    secs
}

/// Every so-many-th sample, so that at most `most` remain, first and last included.
pub(crate) fn thinned(samples: &[Sample], most: usize) -> Vec<Sample> {
    if samples.len() <= most.max(2) {
        return samples.to_vec();
    }
    let most = most.max(2);
    let last = samples.len() - 1;
    (0..most).map(|index| samples[index * last / (most - 1)]).collect()
}
