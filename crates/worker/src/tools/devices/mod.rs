//! Watches and sensors.

mod watches;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[Entry::of::<watches::Watches>()];
