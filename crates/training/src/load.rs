//! Fitness, fatigue and form over days, and how the last days compare with the weeks before
//! (Banister 1975; Calvert 1976; Coggan 2003; Foster 1998; Williams 2017).

/// How fitness and fatigue follow load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    pub fitness_days: f64,
    pub fatigue_days: f64,
    pub decay: Decay,
    pub seed: Seed,
    /// Form of the day before, as some charts show it, instead of the day's own.
    pub form_of_yesterday: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// 1/τ.
    OneOverTau,
    /// 1 − e^(−1/τ).
    Exponential,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seed {
    Zero,
    /// The load of the first day.
    First,
    At {
        fitness: f64,
        fatigue: f64,
    },
}

impl Default for Model {
    fn default() -> Self {
        Self {
            fitness_days: 42.0,
            fatigue_days: 7.0,
            decay: Decay::OneOverTau,
            seed: Seed::Zero,
            form_of_yesterday: false,
        }
    }
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    pub load: f64,
    pub fitness: f64,
    pub fatigue: f64,
    pub form: f64,
    /// Fitness gained in a week; `None` in the first one.
    pub ramp: Option<f64>,
}

/// Days before a window that fitness needs to forget where it started: three time constants.
pub const WARM_UP_DAYS: u32 = 126;

/// Day by day, days of rest included as 0.
#[must_use]
pub fn follow(loads: &[f64], model: &Model) -> Vec<Day> {
    let share = |days: f64| match model.decay {
        Decay::OneOverTau => 1.0 / days,
        Decay::Exponential => 1.0 - (-1.0 / days).exp(),
    };
    let (fitness_share, fatigue_share) = (share(model.fitness_days), share(model.fatigue_days));
    let (mut fitness, mut fatigue) = match model.seed {
        Seed::Zero => (0.0, 0.0),
        Seed::First => loads.first().map_or((0.0, 0.0), |first| (*first, *first)),
        Seed::At { fitness, fatigue } => (fitness, fatigue),
    };
    let mut days: Vec<Day> = Vec::with_capacity(loads.len());
    for load in loads {
        let yesterday = fitness - fatigue;
        fitness += fitness_share * (load - fitness);
        fatigue += fatigue_share * (load - fatigue);
        days.push(Day {
            load: *load,
            fitness,
            fatigue,
            form: if model.form_of_yesterday { yesterday } else { fitness - fatigue },
            ramp: days.len().checked_sub(7).map(|week_ago| fitness - days[week_ago].fitness),
        });
    }
    days
}

/// The constant daily load that brings fitness to `target` in so many days.
#[must_use]
pub fn load_to_reach(fitness: f64, target: f64, days: u32, model: &Model) -> Option<f64> {
    let kept = (1.0 - 1.0 / model.fitness_days).powi(i32::try_from(days).ok()?);
    (days > 0).then(|| (target - fitness * kept) / (1.0 - kept))
}

/// What form says.
#[must_use]
pub fn form_band(form: f64) -> &'static str {
    if form < -30.0 {
        "very overloaded"
    } else if form < -10.0 {
        "overloaded"
    } else if form <= 5.0 {
        "neutral"
    } else if form <= 25.0 {
        "fresh"
    } else {
        "detraining / very fresh"
    }
}

/// What a week's gain in fitness says.
#[must_use]
pub fn ramp_band(ramp: f64) -> &'static str {
    if ramp < 0.0 {
        "losing"
    } else if ramp <= 3.0 {
        "maintaining"
    } else if ramp <= 7.0 {
        "building"
    } else if ramp <= 10.0 {
        "aggressive"
    } else {
        "hard to sustain"
    }
}

/// The last days against the weeks before. Information, not a prediction of injury.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Risk {
    pub week_load: Option<f64>,
    /// Mean over deviation of the last seven days; `None` where all are alike.
    pub monotony: Option<f64>,
    pub strain: Option<f64>,
    /// Mean of 7 days over mean of 28.
    pub ratio: Option<f64>,
    /// Mean of 7 days over mean of the 21 before.
    pub ratio_uncoupled: Option<f64>,
    pub ratio_weighted: Option<f64>,
}

/// On the last day of these; the first entries are the oldest.
#[must_use]
pub fn risk(loads: &[f64]) -> Risk {
    let Some(week) = loads.len().checked_sub(7).map(|first| &loads[first..]) else {
        return Risk::default();
    };
    let total: f64 = week.iter().sum();
    let mean = total / 7.0;
    let deviation = (week.iter().map(|load| (load - mean).powi(2)).sum::<f64>() / 7.0).sqrt();
    // Equal loads leave a remainder of rounding, which is no deviation.
    let monotony = (deviation > 1e-9 * mean.max(1.0)).then(|| mean / deviation);
    let over = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let month = loads.len().checked_sub(28).map(|first| &loads[first..]);
    Risk {
        week_load: Some(total),
        monotony,
        strain: monotony.map(|monotony| total * monotony),
        ratio: month.and_then(|month| over(mean, month.iter().sum::<f64>() / 28.0)),
        ratio_uncoupled: month.and_then(|month| over(mean, month[..21].iter().sum::<f64>() / 21.0)),
        ratio_weighted: month.and_then(|_| over(weighted(loads, 7.0), weighted(loads, 28.0))),
    }
}

fn weighted(loads: &[f64], days: f64) -> f64 {
    let share = 2.0 / (days + 1.0);
    let first = loads.first().copied().unwrap_or(0.0);
    loads.iter().skip(1).fold(first, |mean, load| mean + share * (load - mean))
}

/// What the ratio of a week to its month says.
#[must_use]
pub fn ratio_band(ratio: f64) -> &'static str {
    if ratio < 0.8 {
        "low"
    } else if ratio <= 1.3 {
        "usual"
    } else if ratio <= 1.5 {
        "high"
    } else {
        "very high"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_model_hold() {
        let fitness = follow(&[100.0; 42], &Model::default()).last().unwrap().fitness;
        let fatigue = follow(&[100.0; 7], &Model::default()).last().unwrap().fatigue;
        assert!((fitness - 63.65).abs() < 0.01, "{fitness}");
        assert!((fatigue - 66.01).abs() < 0.01, "{fatigue}");
    }

    #[test]
    fn bands_meet_at_their_edges() {
        let forms = [-30.01, -30.0, -10.0, 5.0, 5.01, 25.01].map(form_band);
        assert_eq!(
            forms,
            [
                "very overloaded",
                "overloaded",
                "neutral",
                "neutral",
                "fresh",
                "detraining / very fresh"
            ]
        );
        assert_eq!(
            [-0.1, 3.0, 7.0, 10.0, 10.1].map(ramp_band),
            ["losing", "maintaining", "building", "aggressive", "hard to sustain"]
        );
        assert_eq!([0.79, 1.3, 1.5, 1.51].map(ratio_band), ["low", "usual", "high", "very high"]);
    }
}
