//! Takes the recording out of the archive Garmin hands it out in.

use std::io::{Cursor, Read as _};

use super::BadFile;

/// The largest file, unpacked. A day at one record a second has some five megabytes.
pub const LARGEST_FILE: usize = 25 * 1024 * 1024;

/// The FIT file in a ZIP, or the bytes themselves where they are one.
///
/// The archive's own word about sizes is not believed: unpacking stops at [`LARGEST_FILE`].
pub fn unpack(bytes: &[u8]) -> Result<Vec<u8>, BadFile> {
    if !bytes.starts_with(b"PK") {
        return if bytes.get(8..12) == Some(b".FIT") {
            Ok(bytes.to_vec())
        } else {
            Err(BadFile::NotFit)
        };
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| BadFile::BadArchive)?;
    let is_fit = |name: &[u8]| {
        name.get(name.len().saturating_sub(4)..)
            .is_some_and(|end| end.eq_ignore_ascii_case(b".fit"))
    };
    let index = archive.file_names_raw().position(is_fit).ok_or(BadFile::NoFit)?;
    let file = archive.by_index(index).map_err(|_| BadFile::BadArchive)?;
    let mut unpacked = Vec::new();
    let limit = u64::try_from(LARGEST_FILE).unwrap_or(u64::MAX);
    let read = file.take(limit + 1).read_to_end(&mut unpacked);
    if unpacked.len() > LARGEST_FILE {
        return Err(BadFile::TooLarge);
    }
    // A torn archive still gives what was unpacked before the tear.
    match read {
        Ok(_) => Ok(unpacked),
        Err(_) if unpacked.get(8..12) == Some(b".FIT") => Ok(unpacked),
        Err(_) => Err(BadFile::BadArchive),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn the_recording_is_found_among_other_files() {
        let packed = zipped(&[("readme.txt", b"hello"), ("7_ACTIVITY.FIT", b"not checked here")]);
        assert_eq!(unpack(&packed).unwrap(), b"not checked here");
        assert_eq!(unpack(&zipped(&[("run.gpx", b"<gpx/>")])), Err(BadFile::NoFit));
        assert_eq!(unpack(b"PK, but no archive"), Err(BadFile::BadArchive));
        assert_eq!(unpack(b"<html>"), Err(BadFile::NotFit));
        assert_eq!(unpack(b""), Err(BadFile::NotFit));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let packed = zipped(&[("bomb.fit", &vec![0; LARGEST_FILE + 1])]);
        assert!(packed.len() < 100_000);
        assert_eq!(unpack(&packed), Err(BadFile::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&bytes);
            bytes.splice(0..0, *b"PK\x03\x04");
            let _ = unpack(&bytes);
        }

        #[test]
        fn no_damage_panics(at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let mut packed = zipped(&[("a.fit", b"0123456789012345678901234567890123456789")]);
            let index = at.index(packed.len());
            packed[index] = with;
            let _ = unpack(&packed);
        }
    }
}
