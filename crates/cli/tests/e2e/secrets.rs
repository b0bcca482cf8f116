//! What must not be found: everything the tests have seen that names a person or opens a door.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How every access token of Garmin's begins: `{"alg":"RS256"`.
const GARMIN_ACCESS: &str = "eyJhbGciOiJSUzI1NiI";
const SHORTEST: usize = 6;

/// Clones share one collection.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Kept>>);

#[derive(Clone, Default)]
pub(crate) struct Kept {
    texts: BTreeSet<String>,
    /// Digits, which also occur within other numbers.
    codes: BTreeSet<String>,
}

impl Secrets {
    /// Something long enough to be found by itself.
    pub(crate) fn token(&self, text: &str) {
        assert!(text.len() >= SHORTEST, "{text:?} is too short to be looked for");
        self.0.lock().unwrap().texts.insert(text.to_owned());
    }

    pub(crate) fn code(&self, digits: &str) {
        self.0.lock().unwrap().codes.insert(digits.to_owned());
    }

    /// The collection as it is, for [`Secrets::back_to`].
    pub(crate) fn so_far(&self) -> Kept {
        self.0.lock().unwrap().clone()
    }

    /// Drops what came since, once it has been looked for: a search for a hundred thousand
    /// tokens would never end.
    pub(crate) fn back_to(&self, kept: &Kept) {
        *self.0.lock().unwrap() = kept.clone();
    }

    /// What of the collection is in `bytes`.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        // Much faster to search than bytes, and what is ASCII or valid text stays as it is.
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let contains = |wanted: &str| text.contains(&wanted.to_ascii_lowercase());
        let mut found = Vec::new();
        for secret in &kept.texts {
            if contains(secret) || contains(STANDARD.encode(secret).trim_end_matches('=')) {
                found.push(secret.clone());
            }
        }
        found.extend(kept.codes.iter().filter(|code| has_number(bytes, code)).cloned());
        if contains(GARMIN_ACCESS) {
            found.push("an access token of Garmin's".to_owned());
        }
        if has_refresh_token(bytes) {
            found.push("a refresh token of Garmin's".to_owned());
        }
        found
    }
}

/// Whether the digits stand alone; the fraction of a time does not count.
fn has_number(bytes: &[u8], digits: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    text.match_indices(digits).any(|(at, _)| {
        let (before, after) =
            (text.as_bytes()[..at].last(), text.as_bytes().get(at + digits.len()));
        apart(before) && before != Some(&b'.') && apart(after)
    })
}

/// `r-` and a UUID.
fn has_refresh_token(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.match_indices("r-").any(|(at, _)| {
        let uuid = text.as_bytes().get(at + 2..at + 38).unwrap_or_default();
        uuid.len() == 36
            && uuid.iter().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    })
}

/// Every file under `directory`, sockets left out.
pub(crate) fn files_under(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().unwrap())).unwrap();
        if kind.is_dir() {
            files.extend(files_under(&path));
        } else if kind.is_file() {
            files.push(path);
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_finds_what_it_is_for() {
    let world = crate::world::World::start().await;
    let email = &world.runner().email;
    let tokens = world.control().sign_in(email).unwrap();
    world.secrets.code("246810");
    for text in [
        format!("a line with {} in it", email.to_uppercase()),
        format!("a line with {} in it", STANDARD.encode(email)),
        tokens.access_token,
        format!("{{\"refresh_token\":\"{}\"}}", tokens.refresh_token),
        "{\"code\":246810}".to_owned(),
    ] {
        assert!(!world.secrets.found_in(text.as_bytes()).is_empty(), "{text}");
    }
    for text in ["took 9246810 us", "at 12:00:00.246810Z", "r-12345678-1234"] {
        assert_eq!(world.secrets.found_in(text.as_bytes()), [""; 0], "{text}");
    }
}
