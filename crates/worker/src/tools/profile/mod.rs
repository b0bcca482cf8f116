//! Who the athlete is, and how Garmin knows them.

mod identity;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] =
    &[Entry::of::<identity::FullName>(), Entry::of::<identity::UserProfile>()];
