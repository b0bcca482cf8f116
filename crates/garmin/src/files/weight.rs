//! The file a scale uploads: the only way to give Garmin what one measures besides the weight.

/// What a scale measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BodyComposition {
    pub weight_kg: f64,
    pub fat_pct: Option<f64>,
    pub water_pct: Option<f64>,
    pub visceral_fat_kg: Option<f64>,
    pub bone_kg: Option<f64>,
    pub muscle_kg: Option<f64>,
    /// Kilocalories a day.
    pub basal_kcal: Option<f64>,
    pub active_kcal: Option<f64>,
    pub physique_rating: Option<f64>,
    pub metabolic_age: Option<f64>,
    pub visceral_fat_rating: Option<f64>,
    pub bmi: Option<f64>,
}

/// Seconds from 1970 to the beginning of FIT's time.
const FIT_EPOCH: i64 = 631_065_600;
const WEIGHT_FILE: u8 = 9;

/// A value of a field, or its type's way of saying that there is none.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Enum(u8),
    U8(Option<u8>),
    U16(Option<u16>),
    U32(Option<u32>),
    /// Zero means none.
    U32z,
}

impl Cell {
    /// Size and FIT's number of the type.
    const fn kind(self) -> (u8, u8) {
        match self {
            Self::Enum(_) => (1, 0x00),
            Self::U8(_) => (1, 0x02),
            Self::U16(_) => (2, 0x84),
            Self::U32(_) => (4, 0x86),
            Self::U32z => (4, 0x8c),
        }
    }

    fn write(self, to: &mut Vec<u8>) {
        match self {
            Self::Enum(value) => to.push(value),
            Self::U8(value) => to.push(value.unwrap_or(u8::MAX)),
            Self::U16(value) => to.extend(value.unwrap_or(u16::MAX).to_le_bytes()),
            Self::U32(value) => to.extend(value.unwrap_or(u32::MAX).to_le_bytes()),
            Self::U32z => to.extend(0_u32.to_le_bytes()),
        }
    }
}

/// So many steps of the scale, below the value that means none.
fn scaled(value: Option<f64>, scale: f64, most: u16) -> Option<u16> {
    let steps = (value? * scale).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    (0.0..f64::from(most)).contains(&steps).then_some(steps as u16)
}

fn hundredths(value: Option<f64>) -> Cell {
    Cell::U16(scaled(value, 100.0, u16::MAX))
}

fn quarters(value: Option<f64>) -> Cell {
    Cell::U16(scaled(value, 4.0, u16::MAX))
}

fn small(value: Option<f64>) -> Cell {
    Cell::U8(scaled(value, 1.0, u16::from(u8::MAX)).and_then(|value| u8::try_from(value).ok()))
}

/// A definition and one record of it.
fn message(to: &mut Vec<u8>, local: u8, global: u16, fields: &[(u8, Cell)]) {
    to.extend([0x40 | local, 0, 0]);
    to.extend(global.to_le_bytes());
    to.push(u8::try_from(fields.len()).unwrap_or(u8::MAX));
    for (number, cell) in fields {
        let (size, kind) = cell.kind();
        to.extend([*number, size, kind]);
    }
    to.push(local);
    for (_, cell) in fields {
        cell.write(to);
    }
}

fn crc(bytes: &[u8]) -> u16 {
    const TABLE: [u16; 16] = [
        0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401, 0xa001, 0x6c00, 0x7800,
        0xb401, 0x5000, 0x9c01, 0x8801, 0x4400,
    ];
    let half = |crc: u16, bits: u8| {
        let step = TABLE[usize::from(crc & 0xf)];
        ((crc >> 4) & 0x0fff) ^ step ^ TABLE[usize::from(bits & 0xf)]
    };
    bytes.iter().fold(0, |crc, byte| half(half(crc, *byte), *byte >> 4))
}

/// The file of one weighing at this many seconds since 1970.
#[must_use]
pub fn weight_file(found: &BodyComposition, unix_seconds: i64) -> Vec<u8> {
    let at = Cell::U32(u32::try_from(unix_seconds - FIT_EPOCH).ok());
    let mut records = Vec::new();
    let file_id = [
        (3, Cell::U32z),
        (4, at),
        (1, Cell::U16(None)),
        (2, Cell::U16(None)),
        (5, Cell::U16(None)),
        (0, Cell::Enum(WEIGHT_FILE)),
    ];
    message(&mut records, 0, 0, &file_id);
    message(&mut records, 1, 49, &[(0, Cell::U16(None)), (1, Cell::U8(None))]);
    let device_info = [
        (253, at),
        (3, Cell::U32z),
        (7, Cell::U32(None)),
        (8, Cell::U32(None)),
        (2, Cell::U16(None)),
        (4, Cell::U16(None)),
        (5, Cell::U16(None)),
        (10, Cell::U16(None)),
        (0, Cell::U8(None)),
        (1, Cell::U8(None)),
        (6, Cell::U8(None)),
        (11, Cell::U8(None)),
    ];
    message(&mut records, 2, 23, &device_info);
    let weight_scale = [
        (253, at),
        (0, hundredths(Some(found.weight_kg))),
        (1, hundredths(found.fat_pct)),
        (2, hundredths(found.water_pct)),
        (3, hundredths(found.visceral_fat_kg)),
        (4, hundredths(found.bone_kg)),
        (5, hundredths(found.muscle_kg)),
        (7, quarters(found.basal_kcal)),
        (9, quarters(found.active_kcal)),
        (8, small(found.physique_rating)),
        (10, small(found.metabolic_age)),
        (11, small(found.visceral_fat_rating)),
        (13, Cell::U16(scaled(found.bmi, 10.0, u16::MAX))),
    ];
    message(&mut records, 3, 30, &weight_scale);
    let size = u32::try_from(records.len()).unwrap_or(0);
    let mut file = vec![12, 16];
    file.extend(108_u16.to_le_bytes());
    file.extend(size.to_le_bytes());
    file.extend(*b".FIT");
    file.extend(records);
    let sum = crc(&file);
    file.extend(sum.to_le_bytes());
    file
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::files::messages;

    #[test]
    fn a_reader_of_such_files_finds_what_was_measured_and_nothing_else() {
        let found = BodyComposition {
            weight_kg: 61.2,
            fat_pct: Some(23.1),
            bone_kg: Some(0.0),
            basal_kcal: Some(1_450.0),
            metabolic_age: Some(31.0),
            bmi: Some(21.7),
            ..BodyComposition::default()
        };
        let file = weight_file(&found, 1_777_614_400);
        assert_eq!(crc(&file), 0, "a file with its sum sums up to nothing");
        let mut read = Vec::new();
        let damage = messages(&file, |message| {
            read.push(message.clone());
            ControlFlow::Continue(())
        });
        assert_eq!(damage, Ok(None));
        let scale = read.iter().find(|message| message.number == 30).unwrap();
        let numbers: Vec<(u8, Option<f64>)> =
            scale.fields.iter().map(|it| (it.number, it.value.number())).collect();
        for (number, value) in
            [(0, 61.2), (1, 23.1), (4, 0.0), (7, 1_450.0), (10, 31.0), (13, 21.7)]
        {
            assert!(numbers.contains(&(number, Some(value))), "{number}: {numbers:?}");
        }
        assert_eq!(numbers.len(), 7, "{numbers:?}");
    }

    #[test]
    fn what_a_field_cannot_hold_is_left_out() {
        let too_much = scaled(Some(700.0), 100.0, u16::MAX);
        assert_eq!(
            (too_much, scaled(Some(-1.0), 100.0, u16::MAX), scaled(None, 1.0, 9)),
            (None, None, None)
        );
        assert_eq!(scaled(Some(61.204), 100.0, u16::MAX), Some(6_120));
    }
}
