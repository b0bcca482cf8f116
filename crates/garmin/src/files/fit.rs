//! Messages of a FIT file, one at a time: names, units and values, what no profile knows
//! included.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rustyfit::profile::lookup::{FieldReference, field_reference};
use rustyfit::profile::{ProfileType, typedef};
use rustyfit::proto::{Message, Value};
use rustyfit::{Decoder, DecoderEvent, StreamingIterator as _};

use super::BadFile;
use super::values::{self, FitValue};

/// Nothing recorded by a person has more: a week at one a second.
const MOST_MESSAGES: usize = 700_000;

/// What was wrong with a file of which something could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It ends before its announced end, or is not a FIT file from some place on.
    Torn,
    /// Everything is there, but not what was written.
    Checksum,
    /// The rest was not looked at.
    TooLong,
}

impl Damage {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Torn => "the file is torn: what comes after the tear is missing",
            Self::Checksum => "the file's checksum is wrong: some of it may be damaged",
            Self::TooLong => "the file is longer than any recording: its end was not read",
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct FitMessage {
    pub number: u16,
    /// Garmin's name, or `unknown_325`.
    pub name: String,
    /// Fields that hold something, in the order of the file.
    pub fields: Vec<Field>,
}

/// One field of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub number: u8,
    /// Garmin's name or the developer's, or `unknown_136`.
    pub name: String,
    pub units: Option<String>,
    pub value: FitValue,
    /// The number as it stands in the file, where scale and offset have changed it.
    pub raw: Option<f64>,
    /// What a number of a fixed list stands for.
    pub meaning: Option<String>,
    /// Whose app has written it, by its place in the file.
    pub developer: Option<u8>,
}

impl FitMessage {
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name && field.developer.is_none())
    }

    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.field(name)?.value.number()
    }

    #[must_use]
    pub fn time(&self, name: &str) -> Option<jiff::Timestamp> {
        match self.field(name)?.value {
            FitValue::Time(time) => Some(time),
            FitValue::Number(_) | FitValue::Whole(_) | FitValue::Text(_) | FitValue::List(_) => {
                None
            }
        }
    }

    /// What the number of a fixed list stands for, such as a sport.
    #[must_use]
    pub fn meaning(&self, name: &str) -> Option<&str> {
        self.field(name)?.meaning.as_deref()
    }
}

/// Shows every message to `each` until it breaks off. Costs one pass; a message is gone before
/// the next one is read.
pub fn messages(
    bytes: &[u8],
    mut each: impl FnMut(&FitMessage) -> ControlFlow<()>,
) -> Result<Option<Damage>, BadFile> {
    let mut developer = DeveloperFields::default();
    walk(bytes, |message, layout| {
        let message = developer.read(message, layout);
        each(&message)
    })
}

/// How the file itself declares the fields of a message: number, size, base type.
pub(super) type Layout = [(u8, u8, typedef::FitBaseType)];

/// The walk over raw messages that everything else stands on.
pub(super) fn walk(
    bytes: &[u8],
    mut each: impl FnMut(&Message, &Layout) -> ControlFlow<()>,
) -> Result<Option<Damage>, BadFile> {
    if bytes.get(8..12) != Some(b".FIT") {
        return Err(BadFile::NotFit);
    }
    if bytes.len() > super::LARGEST_FILE {
        return Err(BadFile::TooLarge);
    }
    // Components are not expanded: each field is shown as it stands in the file.
    let mut decoder = Decoder::builder().expand_components(false).build();
    let mut reader = bytes;
    let mut stream = decoder.stream(&mut reader);
    let mut layouts: [Vec<(u8, u8, typedef::FitBaseType)>; 16] = Default::default();
    let mut seen = 0;
    while let Some(event) = stream.next() {
        match event {
            Ok(DecoderEvent::Message(message)) => {
                seen += 1;
                if seen > MOST_MESSAGES {
                    return Ok(Some(Damage::TooLong));
                }
                let local = match message.header {
                    compressed if compressed & 0x80 != 0 => compressed >> 5 & 0x03,
                    header => header & 0x0F,
                };
                let layout = layouts.get(usize::from(local)).map_or(&[][..], |it| it);
                if each(message, layout).is_break() {
                    return Ok(None);
                }
            }
            Ok(DecoderEvent::MessageDefinition(definition)) => {
                if let Some(layout) = layouts.get_mut(usize::from(definition.header & 0x0F)) {
                    let fields = definition.field_definitions.iter();
                    *layout = fields.map(|it| (it.num, it.size, it.base_type)).collect();
                }
            }
            Ok(DecoderEvent::FileHeader(_) | DecoderEvent::Crc(_)) => {}
            Err(rustyfit::DecoderError::ChecksumMismatch { .. }) => {
                return Ok(Some(Damage::Checksum));
            }
            Err(
                rustyfit::DecoderError::Io { .. }
                | rustyfit::DecoderError::UnexpectedEof
                | rustyfit::DecoderError::NotFITFile
                | rustyfit::DecoderError::MissingMessageDefinition { .. },
            ) => return Ok(Some(Damage::Torn)),
        }
    }
    Ok(None)
}

/// The value of a field as the file means it. The decoder reads every field with the type of
/// the profile; a file may declare a narrower one, whose "nothing" and whose sign must survive
/// that, or quite another one, which then means nothing.
pub(super) fn as_declared(number: u8, value: &Value, layout: &Layout) -> Option<Value> {
    use typedef::FitBaseType as Base;
    let Some((_, size, declared)) = layout.iter().find(|(it, ..)| *it == number) else {
        return Some(value.clone());
    };
    let signed = |base: Base| [Base::SINT8, Base::SINT16, Base::SINT32].contains(&base);
    let float = |base: Base| [Base::FLOAT32, Base::FLOAT64].contains(&base);
    let all_ones = match size {
        1 => u32::from(u8::MAX),
        2 => u32::from(u16::MAX),
        _ => u32::MAX,
    };
    match value {
        Value::Uint16(found) if *size == 1 => {
            (!float(*declared) && u32::from(*found) != all_ones).then(|| value.clone())
        }
        Value::Uint32(found) if *size < 4 => {
            (!float(*declared) && *found != all_ones).then(|| value.clone())
        }
        Value::Int16(found) if *size == 1 => {
            let narrow = i8::from_le_bytes([found.to_le_bytes()[0]]);
            let value = if signed(*declared) { i16::from(narrow) } else { *found };
            (value != i16::from(i8::MAX)).then_some(Value::Int16(value))
        }
        Value::Int32(found) if *size < 4 => {
            let bytes = found.to_le_bytes();
            let narrow = match size {
                1 => i32::from(i8::from_le_bytes([bytes[0]])),
                _ => i32::from(i16::from_le_bytes([bytes[0], bytes[1]])),
            };
            let nothing = if *size == 1 { i32::from(i8::MAX) } else { i32::from(i16::MAX) };
            let value = if signed(*declared) { narrow } else { *found };
            (value != nothing).then_some(Value::Int32(value))
        }
        // A float read as a whole number, or the other way round, is noise.
        Value::Uint8(_)
        | Value::Uint16(_)
        | Value::Uint32(_)
        | Value::Int8(_)
        | Value::Int16(_)
        | Value::Int32(_)
            if float(*declared) =>
        {
            None
        }
        Value::Float32(_) | Value::Float64(_) if !float(*declared) => None,
        other => Some(other.clone()),
    }
}

/// What developers' apps call their fields.
#[derive(Debug, Default)]
pub(super) struct DeveloperFields(HashMap<(u8, u8), Described>);

#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) units: Option<String>,
    base: typedef::FitBaseType,
    scale: f64,
    offset: f64,
}

impl DeveloperFields {
    /// Takes down a description, if this message is one.
    pub(super) fn note(&mut self, message: &Message) {
        /// Nobody writes more; a hostile file must not fill the memory with names.
        const MOST: usize = 512;
        if message.num != typedef::MesgNum::FIELD_DESCRIPTION || self.0.len() >= MOST {
            return;
        }
        let value = |number: u8| message.fields.iter().find(|field| field.num == number);
        let byte = |number: u8| match value(number).map(|field| &field.value) {
            Some(Value::Uint8(byte)) if *byte != u8::MAX => Some(*byte),
            Some(_) | None => None,
        };
        let text = |number: u8| match values::read(
            &value(number)?.value,
            typedef::FitBaseType::STRING,
            1.0,
            0.0,
        )? {
            FitValue::Text(text) => Some(text),
            FitValue::Number(_) | FitValue::Whole(_) | FitValue::Time(_) | FitValue::List(_) => {
                None
            }
        };
        let (Some(developer), Some(number), Some(base)) = (byte(0), byte(1), byte(2)) else {
            return;
        };
        let signed = match value(7).map(|field| &field.value) {
            Some(Value::Int8(offset)) if *offset != i8::MAX => f64::from(*offset),
            Some(_) | None => 0.0,
        };
        let described = Described {
            name: text(3).unwrap_or_else(|| format!("developer_{number}")),
            units: text(8),
            base: typedef::FitBaseType(base),
            scale: byte(6).filter(|scale| *scale > 0).map_or(1.0, f64::from),
            offset: signed,
        };
        self.0.insert((developer, number), described);
    }

    /// The developers' fields of a message, with their names.
    pub(super) fn of<'a>(
        &'a self,
        message: &'a Message,
    ) -> impl Iterator<Item = (u8, u8, &'a Described, FitValue)> + 'a {
        message.developer_fields.iter().filter_map(|field| {
            let described = self.0.get(&(field.developer_data_index, field.num))?;
            let value =
                values::read(&field.value, described.base, described.scale, described.offset)?;
            Some((field.num, field.developer_data_index, described, value))
        })
    }

    pub(super) fn read(&mut self, message: &Message, layout: &Layout) -> FitMessage {
        self.note(message);
        let mut fields: Vec<Field> = message
            .fields
            .iter()
            .filter_map(|field| {
                let value = as_declared(field.num, &field.value, layout)?;
                named(message, field.num, field.base_type, &value)
            })
            .collect();
        fields.extend(self.of(message).map(|(number, developer, described, value)| Field {
            number,
            name: described.name.clone(),
            units: described.units.clone(),
            value,
            raw: None,
            meaning: None,
            developer: Some(developer),
        }));
        FitMessage { number: message.num.0, name: message_name(message.num), fields }
    }
}

fn message_name(number: typedef::MesgNum) -> String {
    let name = number.to_string();
    if name.starts_with("MesgNum(") { format!("unknown_{}", number.0) } else { name }
}

fn named(
    message: &Message,
    number: u8,
    base: typedef::FitBaseType,
    value: &Value,
) -> Option<Field> {
    let Some(reference) = field_reference(message.num, number) else {
        let value = values::read(value, base, 1.0, 0.0)?;
        let name = format!("unknown_{number}");
        return Some(Field {
            number,
            name,
            units: None,
            value,
            raw: None,
            meaning: None,
            developer: None,
        });
    };
    let sub = message.sub_field_substitution(reference.sub_fields());
    let (name, units, kind, scale, offset) = match sub {
        Some(sub) => (sub.name(), sub.units(), sub.profile_type(), sub.scale(), sub.offset()),
        None => whole(&reference),
    };
    let read = values::read(value, base, scale, offset)?;
    let raw = values::raw(value, base);
    let (read, meaning) = match kind {
        ProfileType::DateTime | ProfileType::LocalDateTime => match raw.and_then(values::instant) {
            Some(time) => (FitValue::Time(time), None),
            None => (read, None),
        },
        _ => {
            let meaning = raw.and_then(|raw| meaning(kind, raw));
            (read, meaning)
        }
    };
    let scaled = raw.filter(|_| (scale - 1.0).abs() > f64::EPSILON || offset.abs() > f64::EPSILON);
    Some(Field {
        number,
        name: name.to_owned(),
        units: (!units.is_empty()).then(|| units.to_owned()),
        value: read,
        raw: scaled,
        meaning,
        developer: None,
    })
}

fn whole(reference: &FieldReference) -> (&str, &str, ProfileType, f64, f64) {
    let (name, units) = (reference.name(), reference.units());
    (name, units, reference.profile_type(), reference.scale(), reference.offset())
}

/// What a number of the lists that matter stands for. Unknown numbers stay numbers.
fn meaning(kind: ProfileType, raw: f64) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a byte or two")]
    let (byte, word) = (raw as u8, raw as u16);
    let text = match kind {
        ProfileType::File => typedef::File(byte).to_string(),
        ProfileType::Sport => typedef::Sport(byte).to_string(),
        ProfileType::SubSport => typedef::SubSport(byte).to_string(),
        ProfileType::Event => typedef::Event(byte).to_string(),
        ProfileType::EventType => typedef::EventType(byte).to_string(),
        ProfileType::Intensity => typedef::Intensity(byte).to_string(),
        ProfileType::LapTrigger => typedef::LapTrigger(byte).to_string(),
        ProfileType::SessionTrigger => typedef::SessionTrigger(byte).to_string(),
        ProfileType::SwimStroke => typedef::SwimStroke(byte).to_string(),
        ProfileType::LengthType => typedef::LengthType(byte).to_string(),
        ProfileType::Manufacturer => typedef::Manufacturer(word).to_string(),
        ProfileType::GarminProduct => typedef::GarminProduct(word).to_string(),
        _ => return None,
    };
    (!text.contains('(')).then_some(text)
}
