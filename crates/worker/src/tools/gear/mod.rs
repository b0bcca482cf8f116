//! Shoes, bikes, and how far they have gone.

mod wear;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[Entry::of::<wear::GearList>()];
