//! Toolsets: what tools are listed, switched and restricted by.

/// A group of tools about one subject. Names are part of the product: profiles, settings and
/// `set_active_toolsets` speak them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Toolset {
    Account,
    Activities,
    Analysis,
    Health,
    Training,
    Workouts,
    Calendar,
    Nutrition,
    Body,
    Lifestyle,
    WomensHealth,
    Devices,
    Gear,
    Courses,
    Challenges,
    Profile,
    Golf,
    Data,
}

/// How private what a toolset tells is; for operators who leave some of it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sensitivity {
    Ordinary,
    Health,
    Location,
    Device,
    Nutrition,
    WomensHealth,
    Profile,
}

impl Sensitivity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Health => "health",
            Self::Location => "location",
            Self::Device => "device",
            Self::Nutrition => "nutrition",
            Self::WomensHealth => "womens_health",
            Self::Profile => "profile",
        }
    }
}

impl Toolset {
    pub(crate) const ALL: [Self; 18] = [
        Self::Account,
        Self::Activities,
        Self::Analysis,
        Self::Health,
        Self::Training,
        Self::Workouts,
        Self::Calendar,
        Self::Nutrition,
        Self::Body,
        Self::Lifestyle,
        Self::WomensHealth,
        Self::Devices,
        Self::Gear,
        Self::Courses,
        Self::Challenges,
        Self::Profile,
        Self::Golf,
        Self::Data,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Activities => "activities",
            Self::Analysis => "analysis",
            Self::Health => "health",
            Self::Training => "training",
            Self::Workouts => "workouts",
            Self::Calendar => "calendar",
            Self::Nutrition => "nutrition",
            Self::Body => "body",
            Self::Lifestyle => "lifestyle",
            Self::WomensHealth => "womens_health",
            Self::Devices => "devices",
            Self::Gear => "gear",
            Self::Courses => "courses",
            Self::Challenges => "challenges",
            Self::Profile => "profile",
            Self::Golf => "golf",
            Self::Data => "data",
        }
    }

    /// What it is about, for whoever chooses.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Account => "sign-in, this server, what is shown",
            Self::Activities => "lists, laps, zones, weather, gear and edits of activities",
            Self::Analysis => "streams, intervals, comparisons, training load, files",
            Self::Health => "sleep, heart rate, stress, Body Battery, trends, briefing",
            Self::Training => "readiness, status, load, HRV, VO2 max, thresholds, plans",
            Self::Workouts => "structured workouts: read, create, change, send to a watch",
            Self::Calendar => "what is planned, scheduling, notes",
            Self::Nutrition => "food log, foods, goals",
            Self::Body => "weight, composition, blood pressure, hydration",
            Self::Lifestyle => "habits and behaviours",
            Self::WomensHealth => "cycle and pregnancy",
            Self::Devices => "watches, settings, alarms, solar",
            Self::Gear => "shoes, bikes and their use",
            Self::Courses => "routes",
            Self::Challenges => "goals, records, predictions, badges, challenges",
            Self::Profile => "profile, units, zones",
            Self::Golf => "rounds, shots, clubs",
            Self::Data => "journal of changes, undo, export as files",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|toolset| toolset.name().eq_ignore_ascii_case(name.trim()))
    }

    pub(crate) fn sensitivity(self) -> Sensitivity {
        match self {
            Self::Workouts | Self::Calendar | Self::Gear | Self::Challenges | Self::Data => {
                Sensitivity::Ordinary
            }
            Self::Health | Self::Training | Self::Body | Self::Lifestyle => Sensitivity::Health,
            Self::Activities | Self::Analysis | Self::Courses | Self::Golf => Sensitivity::Location,
            Self::Devices => Sensitivity::Device,
            Self::Nutrition => Sensitivity::Nutrition,
            Self::WomensHealth => Sensitivity::WomensHealth,
            Self::Account | Self::Profile => Sensitivity::Profile,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolset_is_found_by_its_name() {
        for toolset in Toolset::ALL {
            assert_eq!(Toolset::named(toolset.name()), Some(toolset));
        }
        assert_eq!(Toolset::named(" Health "), Some(Toolset::Health));
        assert_eq!(Toolset::named("sleep"), None);
    }
}
