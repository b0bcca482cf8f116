//! What a field holds, once scale, offset and the many ways of saying "nothing" are gone.

use jiff::Timestamp;
use rustyfit::profile::typedef::FitBaseType;
use rustyfit::proto::Value;

/// FIT counts seconds from 1989-12-31.
const EPOCH_S: i64 = 631_065_600;

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FitValue {
    Number(f64),
    /// Whole numbers of 64 bits, which a float cannot hold.
    Whole(i64),
    Text(String),
    Time(Timestamp),
    /// What was not measured in between is `None`.
    List(Vec<Option<f64>>),
}

impl FitValue {
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Whole(_) | Self::Text(_) | Self::Time(_) | Self::List(_) => None,
        }
    }
}

/// The instant of a FIT time. Times before 2^28 count from when the device was switched on.
pub(super) fn instant(seconds: f64) -> Option<Timestamp> {
    const FIRST_ABSOLUTE: f64 = 268_435_456.0;
    #[expect(clippy::cast_possible_truncation, reason = "from 32 bits")]
    (seconds >= FIRST_ABSOLUTE)
        .then(|| Timestamp::from_second(seconds as i64 + EPOCH_S).ok())
        .flatten()
}

fn float(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The raw number of a value that is not an array; `None` for the type's "nothing".
pub(super) fn raw(value: &Value, base: FitBaseType) -> Option<f64> {
    let zero_is_nothing =
        [FitBaseType::UINT8Z, FitBaseType::UINT16Z, FitBaseType::UINT32Z].contains(&base);
    let unsigned = |value: u32, nothing: u32| {
        let nothing = if zero_is_nothing { 0 } else { nothing };
        (value != nothing).then(|| f64::from(value))
    };
    match value {
        Value::Uint8(value) => unsigned(u32::from(*value), u32::from(u8::MAX)),
        Value::Uint16(value) => unsigned(u32::from(*value), u32::from(u16::MAX)),
        Value::Uint32(value) => unsigned(*value, u32::MAX),
        Value::Int8(value) => (*value != i8::MAX).then(|| f64::from(*value)),
        Value::Int16(value) => (*value != i16::MAX).then(|| f64::from(*value)),
        Value::Int32(value) => (*value != i32::MAX).then(|| f64::from(*value)),
        Value::Float32(value) => float(f64::from(*value)),
        Value::Float64(value) => float(*value),
        Value::Invalid
        | Value::String(_)
        | Value::Int64(_)
        | Value::Uint64(_)
        | Value::ArrayInt8(_)
        | Value::ArrayUint8(_)
        | Value::ArrayInt16(_)
        | Value::ArrayUint16(_)
        | Value::ArrayInt32(_)
        | Value::ArrayUint32(_)
        | Value::ArrayString(_)
        | Value::ArrayFloat32(_)
        | Value::ArrayFloat64(_)
        | Value::ArrayInt64(_)
        | Value::ArrayUint64(_) => None,
    }
}

/// The value with its scale and offset applied, or nothing.
pub(super) fn read(value: &Value, base: FitBaseType, scale: f64, offset: f64) -> Option<FitValue> {
    let scaled = |raw: f64| raw / scale - offset;
    let list = |values: Vec<Value>| {
        let values: Vec<Option<f64>> =
            values.iter().map(|value| raw(value, base).map(scaled)).collect();
        values.iter().any(Option::is_some).then_some(FitValue::List(values))
    };
    match value {
        Value::String(text) => text_of(text),
        Value::ArrayString(texts) => {
            text_of(&texts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" "))
        }
        Value::Int64(value) => (*value != i64::MAX).then_some(FitValue::Whole(*value)),
        Value::Uint64(value) => i64::try_from(*value).ok().map(FitValue::Whole),
        Value::ArrayInt8(values) => list(values.iter().map(|it| Value::Int8(*it)).collect()),
        Value::ArrayUint8(values) => list(values.iter().map(|it| Value::Uint8(*it)).collect()),
        Value::ArrayInt16(values) => list(values.iter().map(|it| Value::Int16(*it)).collect()),
        Value::ArrayUint16(values) => list(values.iter().map(|it| Value::Uint16(*it)).collect()),
        Value::ArrayInt32(values) => list(values.iter().map(|it| Value::Int32(*it)).collect()),
        Value::ArrayUint32(values) => list(values.iter().map(|it| Value::Uint32(*it)).collect()),
        Value::ArrayFloat32(values) => list(values.iter().map(|it| Value::Float32(*it)).collect()),
        Value::ArrayFloat64(values) => list(values.iter().map(|it| Value::Float64(*it)).collect()),
        Value::Invalid | Value::ArrayInt64(_) | Value::ArrayUint64(_) => None,
        Value::Int8(_)
        | Value::Uint8(_)
        | Value::Int16(_)
        | Value::Uint16(_)
        | Value::Int32(_)
        | Value::Uint32(_)
        | Value::Float32(_)
        | Value::Float64(_) => raw(value, base).map(|raw| FitValue::Number(scaled(raw))),
    }
}

fn text_of(text: &str) -> Option<FitValue> {
    let text = text.trim();
    (!text.is_empty()).then(|| FitValue::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_types_nothing_is_nothing_and_zero_is_zero() {
        let number = |value, base| raw(&value, base);
        assert_eq!(number(Value::Uint8(0xFF), FitBaseType::UINT8), None);
        assert_eq!(number(Value::Uint8(0), FitBaseType::UINT8), Some(0.0));
        assert_eq!(number(Value::Uint8(0), FitBaseType::UINT8Z), None);
        assert_eq!(number(Value::Uint8(0xFF), FitBaseType::UINT8Z), Some(255.0));
        assert_eq!(number(Value::Int8(0x7F), FitBaseType::SINT8), None);
        assert_eq!(number(Value::Int8(-5), FitBaseType::SINT8), Some(-5.0));
        assert_eq!(number(Value::Float32(f32::NAN), FitBaseType::FLOAT32), None);
        let times = Value::ArrayUint16(vec![812, 0xFFFF].into());
        let expected = FitValue::List(vec![Some(0.812), None]);
        assert_eq!(read(&times, FitBaseType::UINT16, 1_000.0, 0.0), Some(expected));
        let nothing = Value::ArrayUint8(vec![0xFF, 0xFF].into());
        assert_eq!(read(&nothing, FitBaseType::UINT8, 1.0, 0.0), None);
        assert_eq!(
            read(&Value::Uint16(2_750), FitBaseType::UINT16, 5.0, 500.0),
            Some(FitValue::Number(50.0))
        );
    }

    #[test]
    fn a_time_since_the_device_was_switched_on_is_no_time_of_day() {
        assert_eq!(instant(1_000.0), None);
        assert_eq!(instant(1_146_587_760.0).unwrap().to_string(), "2026-05-01T16:36:00Z");
    }
}
