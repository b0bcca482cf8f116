//! Other names of tools. They are callable, and listed only in the profile of the product they
//! come from.

/// Alias and the tool it means.
static ALIASES: &[(&str, &str)] = &[
    ("get_sleep", "get_sleep_data"),
    ("get_heart_rate", "get_heart_rates"),
    ("get_stress", "get_stress_data"),
    ("get_hrv", "get_hrv_data"),
    ("get_spo2", "get_spo2_data"),
    ("get_steps", "get_steps_data"),
    ("get_daily_stats", "get_stats"),
    ("get_activities_by_date_range", "get_activities_by_date"),
    ("get_activity_by_id", "get_activity"),
    ("get_recent_activities", "get_activities"),
];

pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALIASES.iter().copied()
}

/// Other names of a tool.
pub(super) fn of(tool: &str) -> impl Iterator<Item = &'static str> {
    ALIASES.iter().filter(move |(_, canonical)| *canonical == tool).map(|(alias, _)| *alias)
}

/// The tool an alias means; a name that is none stays as it is.
pub(super) fn resolve(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, canonical)| canonical)
}
