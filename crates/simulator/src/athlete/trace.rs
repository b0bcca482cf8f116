//! What the watch recorded during an activity: one sample every ten seconds. Summaries, laps, best
//! splits and time in zones are all read off these samples, so they cannot disagree with them.

use crate::chance::{Seed, smooth};

use super::activities::Discipline;

/// Between samples.
pub(crate) const STEP_SECS: f64 = 10.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    WarmUp,
    Active,
    Interval,
    Recovery,
    CoolDown,
}

impl Role {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::WarmUp => "WARMUP",
            Self::Active => "ACTIVE",
            Self::Interval => "INTERVAL",
            Self::Recovery => "RECOVERY",
            Self::CoolDown => "COOLDOWN",
        }
    }
}

/// A stretch of steady intent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Segment {
    pub(crate) secs: f64,
    /// Share of threshold speed (running) or threshold power (riding).
    pub(crate) intensity: f64,
    pub(crate) role: Role,
}

/// How the body and the ground were that day.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    pub(crate) seed: Seed,
    pub(crate) discipline: Discipline,
    pub(crate) segments: Vec<Segment>,
    pub(crate) threshold_speed: f64,
    pub(crate) threshold_power: f64,
    pub(crate) mass_kg: f64,
    pub(crate) threshold_hr: f64,
    pub(crate) max_hr: f64,
    pub(crate) resting_hr: f64,
    /// Beats above the ordinary: fatigue, heat, the end of an illness.
    pub(crate) strain_bpm: f64,
    pub(crate) hilliness_m: f64,
    pub(crate) home: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Since the start.
    pub(crate) secs: f64,
    pub(crate) distance: f64,
    /// Mean of the step that ends here.
    pub(crate) speed: f64,
    pub(crate) hr: f64,
    pub(crate) power: f64,
    /// Steps or revolutions a minute.
    pub(crate) cadence: f64,
    pub(crate) elevation: f64,
    pub(crate) respiration: f64,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// The seeds of an effort's noises, so that a sample costs no labels.
struct Noises {
    altitude_m: f64,
    ground: Seed,
    bumps: Seed,
    wobble: Seed,
    gusts: Seed,
    cadence: Seed,
    heart: Seed,
}

impl Noises {
    fn of(seed: Seed) -> Self {
        Self {
            altitude_m: 40.0 + 220.0 * seed.child("altitude").unit(),
            ground: seed.child("ground"),
            bumps: seed.child("bumps"),
            wobble: seed.child("wobble"),
            gusts: seed.child("gusts"),
            cadence: seed.child("cadence"),
            heart: seed.child("heart"),
        }
    }
}

impl Effort {
    pub(crate) fn secs(&self) -> f64 {
        self.segments.iter().map(|segment| segment.secs).sum()
    }

    /// Where each segment ends.
    pub(crate) fn ends(&self) -> Vec<f64> {
        let mut end = 0.0;
        self.segments
            .iter()
            .map(|segment| {
                end += segment.secs;
                end
            })
            .collect()
    }

    fn elevation(&self, noises: &Noises, distance: f64) -> f64 {
        noises.altitude_m
            + self.hilliness_m * smooth(noises.ground, distance, 900.0)
            + 0.35 * self.hilliness_m * smooth(noises.bumps, distance, 260.0)
    }

    /// Speed and power of the step that begins at `secs`.
    fn pace(&self, noises: &Noises, secs: f64, intensity: f64) -> (f64, f64) {
        let wobble = 1.0 + 0.025 * smooth(noises.wobble, secs, 45.0);
        match self.discipline {
            Discipline::Run => {
                let speed = self.threshold_speed * intensity * wobble;
                (speed, self.mass_kg * speed * 1.05)
            }
            Discipline::Ride => {
                let gusts = 1.0 + 0.16 * smooth(noises.gusts, secs, 25.0);
                let power = self.threshold_power * intensity * wobble * gusts;
                ((power.max(20.0) / 0.33).cbrt(), power)
            }
            Discipline::Strength => (0.0, 0.0),
        }
    }

    fn cadence(&self, noises: &Noises, secs: f64, speed: f64) -> f64 {
        let noise = smooth(noises.cadence, secs, 30.0);
        match self.discipline {
            Discipline::Run => 150.0 + 8.0 * speed + 2.5 * noise,
            Discipline::Ride => 86.0 + 6.0 * noise,
            Discipline::Strength => 0.0,
        }
    }

    /// The heart rate this effort settles at, given time.
    fn settled_hr(&self, noises: &Noises, secs: f64, intensity: f64) -> f64 {
        let share = match self.discipline {
            Discipline::Run => 0.30 + 0.70 * intensity,
            Discipline::Ride => 0.34 + 0.62 * intensity,
            Discipline::Strength => 0.45 + 0.45 * intensity,
        };
        let drift = 5.0 * (secs / 3_600.0).min(2.5);
        let noise = 2.0 * smooth(noises.heart, secs, 60.0);
        (self.threshold_hr * share + self.strain_bpm + drift + noise).min(self.max_hr - 1.0)
    }

    pub(crate) fn trace(&self) -> Vec<Sample> {
        let noises = Noises::of(self.seed);
        let total = self.secs();
        let ends = self.ends();
        let mut samples = Vec::with_capacity(256);
        let mut hr = self.resting_hr + 38.0 + 8.0 * self.seed.child("start").unit();
        let mut distance = 0.0;
        let mut secs = 0.0;
        let first = Sample {
            secs,
            distance,
            speed: 0.0,
            hr: hr.round(),
            power: 0.0,
            cadence: 0.0,
            elevation: self.elevation(&noises, 0.0),
            respiration: 16.0,
            latitude: 0.0,
            longitude: 0.0,
        };
        samples.push(first);
        while secs < total - 0.001 {
            let segment = ends.partition_point(|end| *end <= secs + 0.001);
            let intensity = self.segments.get(segment).map_or(0.6, |segment| segment.intensity);
            let step = STEP_SECS.min(total - secs);
            let (speed, power) = self.pace(&noises, secs, intensity);
            let settled = self.settled_hr(&noises, secs, intensity);
            let lag = if settled > hr { 32.0 } else { 48.0 };
            hr += (settled - hr) * (1.0 - (-step / lag).exp());
            secs += step;
            distance += speed * step;
            let effort = ((hr - self.resting_hr) / (self.max_hr - self.resting_hr)).clamp(0.0, 1.0);
            samples.push(Sample {
                secs,
                distance,
                speed,
                hr: hr.round(),
                power: power.round(),
                cadence: self.cadence(&noises, secs, speed).round(),
                elevation: self.elevation(&noises, distance),
                respiration: 15.0 + 27.0 * effort * effort,
                latitude: 0.0,
                longitude: 0.0,
            });
        }
        self.place(&mut samples, distance);
        samples
    }

    /// Lays the samples on a loop that ends where it began.
    fn place(&self, samples: &mut [Sample], total: f64) {
        let radius = (total / std::f64::consts::TAU).max(1.0);
        let heading = self.seed.child("heading").between(0.0, std::f64::consts::TAU);
        let (home_lat, home_lon) = self.home;
        let metres_per_degree = 111_195.0;
        let narrowing = home_lat.to_radians().cos().max(0.2);
        for sample in samples {
            let angle = std::f64::consts::TAU * sample.distance / total.max(1.0);
            // A circle through home whose centre lies in the chosen direction.
            let north = radius * (heading.sin() - (heading + angle).sin());
            let east = radius * (heading.cos() - (heading + angle).cos());
            sample.latitude = home_lat + north / metres_per_degree;
            sample.longitude = home_lon + east / (metres_per_degree * narrowing);
        }
    }
}

/// A length of time as a whole number of samples.
pub(crate) fn whole_steps(secs: f64) -> f64 {
    (secs / STEP_SECS).round() * STEP_SECS
}

#[cfg(test)]
mod tests {
    use super::super::laps::{fastest, laps, thinned};
    use super::*;

    fn effort() -> Effort {
        let segment = |secs, intensity, role| Segment { secs, intensity, role };
        Effort {
            seed: Seed::new(3),
            discipline: Discipline::Run,
            segments: vec![
                segment(600.0, 0.7, Role::WarmUp),
                segment(180.0, 1.08, Role::Interval),
                segment(120.0, 0.6, Role::Recovery),
                segment(305.5, 0.7, Role::CoolDown),
            ],
            threshold_speed: 3.6,
            threshold_power: 250.0,
            mass_kg: 65.0,
            threshold_hr: 168.0,
            max_hr: 187.0,
            resting_hr: 48.0,
            strain_bpm: 0.0,
            hilliness_m: 15.0,
            home: (45.0, 5.0),
        }
    }

    #[test]
    fn distance_is_the_sum_of_speed_over_time_and_the_loop_closes() {
        let samples = effort().trace();
        let summed: f64 =
            samples.windows(2).map(|pair| pair[1].speed * (pair[1].secs - pair[0].secs)).sum();
        let last = samples.last().unwrap();
        assert!((summed - last.distance).abs() < 0.001);
        assert!((last.secs - effort().secs()).abs() < 0.001);
        assert!((last.latitude - samples[0].latitude).abs() < 1e-9);
        let widest = samples.iter().map(|s| (s.latitude - 45.0).abs()).fold(0.0, f64::max);
        assert!(widest > 0.001, "{widest}");
    }

    #[test]
    fn laps_of_a_workout_are_its_steps_and_add_up() {
        let effort = effort();
        let samples = effort.trace();
        let laps = laps(&effort, &samples);
        assert_eq!(laps.len(), 4);
        let distance: f64 = laps.iter().map(|lap| lap.distance).sum();
        assert!((distance - samples.last().unwrap().distance).abs() < 0.01);
        assert!(laps[1].means.avg_hr > laps[0].means.avg_hr);
    }

    #[test]
    fn the_fastest_kilometre_is_not_slower_than_the_average() {
        let samples = effort().trace();
        let last = samples.last().unwrap();
        let average = 1_000.0 * last.secs / last.distance;
        assert!(fastest(&samples, 1_000.0).unwrap() <= average);
        assert_eq!(fastest(&samples, 100_000.0), None);
    }

    #[test]
    fn a_thinned_chart_keeps_both_ends() {
        let samples = effort().trace();
        let thin = thinned(&samples, 20);
        assert_eq!(thin.len(), 20);
        assert_eq!(thin.first(), samples.first());
        assert_eq!(thin.last(), samples.last());
    }
}
