//! Rows of values whose columns are named elsewhere in the answer.

use jiff::Timestamp;
use serde::Deserializer;

use super::lenient::{Lenient, Scalar};
use super::model;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Nothing,
    Number(f64),
    Text(Box<str>),
}

impl Cell {
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Nothing | Self::Text(_) => None,
        }
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nothing | Self::Number(_) => None,
        }
    }
}

impl Lenient for Cell {
    /// Always a cell: leaving one out would move its neighbours into the wrong column.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        Ok(Some(match Scalar::read(from)? {
            Scalar::Text(text) => Self::Text(text.into()),
            scalar => scalar.number().map_or(Self::Nothing, Self::Number),
        }))
    }
}

model! {
    /// Which column of a row holds what.
    Descriptor as "a descriptor" {
        "index" | "bodyBatteryValueDescriptorIndex" | "spo2ValueDescriptorIndex"
            | "respirationAveragesValueDescriptorIndex" => index: i64,
        "key" | "bodyBatteryValueDescriptorKey" | "spo2ValueDescriptorKey"
            | "respirationAveragesValueDescriptionKey" => key: String,
    }
}

/// A value at a moment; `None` where the watch could not measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub at: Timestamp,
    pub value: Option<f64>,
}

/// The column with this name, or, where nothing is named, where it has always been.
pub(super) fn column(
    descriptors: Option<&Vec<Descriptor>>,
    key: &str,
    otherwise: usize,
) -> Option<usize> {
    match descriptors {
        Some(descriptors) if !descriptors.is_empty() => {
            let named = |it: &&Descriptor| {
                it.key.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(key))
            };
            let index = descriptors.iter().find(named)?.index?;
            usize::try_from(index).ok()
        }
        Some(_) | None => Some(otherwise),
    }
}

/// The moment in a cell of milliseconds, or of text in GMT.
pub(super) fn moment(cell: Option<&Cell>) -> Option<Timestamp> {
    let millis = match cell? {
        Cell::Number(millis) => *millis,
        Cell::Text(text) => return super::times::instant(text),
        Cell::Nothing => return None,
    };
    // Milliseconds of any date are far below where f64 loses whole numbers.
    #[expect(clippy::cast_possible_truncation, reason = "out of range saturates and is refused")]
    Timestamp::from_millisecond(millis as i64).ok()
}

/// Time and one value per row, in the order of time. Negative values are Garmin's codes for
/// "not measurable".
pub(super) fn samples(
    rows: Option<&Vec<Vec<Cell>>>,
    time: Option<usize>,
    value: Option<usize>,
) -> Vec<Sample> {
    let (Some(rows), Some(time), Some(value)) = (rows, time, value) else { return Vec::new() };
    let mut samples: Vec<Sample> = rows
        .iter()
        .filter_map(|row| {
            let at = moment(row.get(time))?;
            let value = row.get(value).and_then(Cell::number).filter(|value| *value >= 0.0);
            Some(Sample { at, value })
        })
        .collect();
    samples.sort_by_key(|sample| sample.at);
    samples
}
