//! The frame of a FIT file: header, definitions, messages, checksum. Little endian throughout.

/// A value with its base type. What is not known is written as the type's invalid value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Enum(u8),
    U8(Option<u8>),
    S8(Option<i8>),
    U16(Option<u16>),
    U32(Option<u32>),
    S32(Option<i32>),
    F32(f32),
    Text(String),
    Bytes(Vec<u8>),
    U16s(Vec<u16>),
}

impl Value {
    fn base_type(&self) -> u8 {
        match self {
            Self::Enum(_) => 0x00,
            Self::S8(_) => 0x01,
            Self::U8(_) => 0x02,
            Self::U16(_) | Self::U16s(_) => 0x84,
            Self::S32(_) => 0x85,
            Self::U32(_) => 0x86,
            Self::Text(_) => 0x07,
            Self::F32(_) => 0x88,
            Self::Bytes(_) => 0x0D,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Enum(value) => vec![*value],
            Self::U8(value) => vec![value.unwrap_or(u8::MAX)],
            Self::S8(value) => value.unwrap_or(i8::MAX).to_le_bytes().to_vec(),
            Self::U16(value) => value.unwrap_or(u16::MAX).to_le_bytes().to_vec(),
            Self::U32(value) => value.unwrap_or(u32::MAX).to_le_bytes().to_vec(),
            Self::S32(value) => value.unwrap_or(i32::MAX).to_le_bytes().to_vec(),
            Self::F32(value) => value.to_le_bytes().to_vec(),
            Self::Text(text) => text.bytes().chain([0]).collect(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::U16s(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }
}

/// A field of a message: its number and value.
pub(super) type Field = (u8, Value);
/// A developer's field: its number, whose it is, and its value.
pub(super) type DeveloperField = (u8, u8, Value);

/// What a definition says: field numbers, sizes, and base types or owners.
type Layout = Vec<[u8; 3]>;

/// A file in the making. Each kind of message has a local number of its own and is defined anew
/// when its fields change.
#[derive(Debug, Default)]
pub(super) struct Writer {
    data: Vec<u8>,
    defined: [Option<(u16, Layout, Layout)>; 16],
}

impl Writer {
    pub(super) fn message(&mut self, local: u8, global: u16, fields: &[Field]) {
        self.with_developer(local, global, fields, &[]);
    }

    pub(super) fn with_developer(
        &mut self,
        local: u8,
        global: u16,
        fields: &[Field],
        developer: &[DeveloperField],
    ) {
        let size = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        let own: Vec<(&Field, Vec<u8>)> =
            fields.iter().map(|field| (field, field.1.bytes())).collect();
        let theirs: Vec<(&DeveloperField, Vec<u8>)> =
            developer.iter().map(|field| (field, field.2.bytes())).collect();
        let layout = (
            global,
            own.iter().map(|(field, bytes)| [field.0, size(bytes), field.1.base_type()]).collect(),
            theirs.iter().map(|(field, bytes)| [field.0, size(bytes), field.1]).collect(),
        );
        let slot = &mut self.defined[usize::from(local & 0x0F)];
        if slot.as_ref() != Some(&layout) {
            define(&mut self.data, local, &layout);
            *slot = Some(layout);
        }
        self.data.push(local);
        for bytes in own.iter().map(|it| &it.1).chain(theirs.iter().map(|it| &it.1)) {
            self.data.extend_from_slice(bytes);
        }
    }

    /// The file: header with its own checksum, the messages, and the checksum of all.
    pub(super) fn finish(self) -> Vec<u8> {
        const PROTOCOL_2_0: u8 = 0x20;
        const PROFILE: u16 = 21_158;
        let mut file = vec![14, PROTOCOL_2_0];
        file.extend_from_slice(&PROFILE.to_le_bytes());
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(b".FIT");
        file.extend_from_slice(&checksum(&file).to_le_bytes());
        file.extend_from_slice(&self.data);
        let all = checksum(&file);
        file.extend_from_slice(&all.to_le_bytes());
        file
    }
}

fn define(data: &mut Vec<u8>, local: u8, (global, own, theirs): &(u16, Layout, Layout)) {
    let developer = if theirs.is_empty() { 0 } else { 0x20 };
    data.extend_from_slice(&[0x40 | developer | local, 0, 0]);
    data.extend_from_slice(&global.to_le_bytes());
    for (layout, always) in [(own, true), (theirs, false)] {
        if always || !layout.is_empty() {
            data.push(u8::try_from(layout.len()).unwrap_or(u8::MAX));
            data.extend(layout.iter().flatten());
        }
    }
}

/// The FIT checksum, four bits at a time.
fn checksum(bytes: &[u8]) -> u16 {
    const TABLE: [u16; 16] = [
        0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401, 0xA001, 0x6C00, 0x7800,
        0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
    ];
    let step = |sum: u16, nibble: u8| {
        let out = TABLE[usize::from(sum & 0xF)];
        (sum >> 4) ^ out ^ TABLE[usize::from(nibble & 0xF)]
    };
    bytes.iter().fold(0, |sum, byte| step(step(sum, *byte), byte >> 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_published_header_is_as_published() {
        let header = [14, 32, 84, 8, 214, 204, 9, 0, 46, 70, 73, 84];
        assert_eq!(checksum(&header), 12_856);
    }

    #[test]
    fn a_layout_is_defined_once() {
        let mut writer = Writer::default();
        writer.message(3, 20, &[(7, Value::U16(Some(250)))]);
        let first = writer.data.len();
        writer.message(3, 20, &[(7, Value::U16(None))]);
        assert_eq!(writer.data[first..], [3, 0xFF, 0xFF]);
        writer.message(3, 20, &[(3, Value::U8(Some(1)))]);
        assert_eq!(writer.data[first + 3], 0x43);
    }
}
