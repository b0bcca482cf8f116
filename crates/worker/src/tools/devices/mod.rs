//! Watches and sensors.

mod alarms;
mod choice;
mod settings;
mod solar;
mod watches;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<watches::Watches>(),
    Entry::of::<watches::LastUsed>(),
    Entry::of::<settings::Settings>(),
    Entry::of::<watches::PrimaryDevice>(),
    Entry::of::<solar::Solar>(),
    Entry::of::<alarms::Alarms>(),
];
