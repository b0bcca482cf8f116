//! Critical power and the work above it (Monod & Scherrer 1965; Moritani 1981; Hill 1993).

/// P(t) = power + reserve / t. With speeds instead of watts: critical speed and metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    pub power: f64,
    pub reserve: f64,
    /// How well the line fits; `None` for a line through two points.
    pub r2: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Least squares of work on time.
    WorkTime,
    /// Least squares of power on the inverse of time: short efforts weigh more.
    InverseTime,
    /// Through the shortest and the longest effort.
    TwoPoint,
}

/// Efforts as (seconds, watts). `None` where they allow no line, or one without sense.
#[must_use]
pub fn fit(efforts: &[(f64, f64)], method: Method) -> Option<Fit> {
    let lasting = |(time, _): &&(f64, f64)| (120.0..=1_200.0).contains(time);
    let fit = match method {
        Method::WorkTime => {
            let points: Vec<_> =
                efforts.iter().filter(lasting).map(|(time, power)| (*time, power * time)).collect();
            let line = line(&points)?;
            Fit { power: line.slope, reserve: line.intercept, r2: Some(line.r2) }
        }
        Method::InverseTime => {
            let points: Vec<_> =
                efforts.iter().filter(lasting).map(|(time, power)| (1.0 / time, *power)).collect();
            let line = line(&points)?;
            Fit { power: line.intercept, reserve: line.slope, r2: Some(line.r2) }
        }
        Method::TwoPoint => {
            let shortest = efforts.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
            let longest = efforts.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
            let time = longest.0 - shortest.0;
            if time <= 0.0 {
                return None;
            }
            let power = (longest.1 * longest.0 - shortest.1 * shortest.0) / time;
            Fit { power, reserve: (shortest.1 - power) * shortest.0, r2: None }
        }
    };
    (fit.power > 0.0 && fit.reserve > 0.0).then_some(fit)
}

struct Line {
    slope: f64,
    intercept: f64,
    r2: f64,
}

fn line(points: &[(f64, f64)]) -> Option<Line> {
    let count = crate::number(points.len());
    let mean_x = points.iter().map(|point| point.0).sum::<f64>() / count;
    let mean_y = points.iter().map(|point| point.1).sum::<f64>() / count;
    let mut sums = (0.0, 0.0, 0.0);
    for (x, y) in points {
        let (x, y) = (x - mean_x, y - mean_y);
        sums = (sums.0 + x * x, sums.1 + x * y, sums.2 + y * y);
    }
    let (xx, xy, yy) = sums;
    // One duration alone has no slope.
    if points.len() < 2 || xx <= f64::EPSILON * mean_x * mean_x {
        return None;
    }
    let slope = xy / xx;
    let r2 = if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 };
    Some(Line { slope, intercept: mean_y - slope * mean_x, r2 })
}
