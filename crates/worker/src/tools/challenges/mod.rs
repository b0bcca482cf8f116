//! Goals, records, race predictions, badges and challenges.

mod badges;
mod contests;
mod goals;
mod records;
mod words;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<goals::Goals>(),
    Entry::of::<records::PersonalRecords>(),
    Entry::of::<records::RacePredictions>(),
    Entry::of::<badges::EarnedBadges>(),
    Entry::of::<badges::AvailableBadges>(),
    Entry::of::<badges::InProgressBadges>(),
    Entry::of::<contests::AdhocChallenges>(),
    Entry::of::<contests::AvailableChallenges>(),
    Entry::of::<contests::CompletedChallenges>(),
    Entry::of::<contests::OpenChallenges>(),
    Entry::of::<contests::VirtualChallenges>(),
];
