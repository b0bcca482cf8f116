//! What is listed: profiles, and what a device has added to one or taken away.

use domain::tools::{Profile, ToolChoice};

use crate::tool::Entry;
use crate::toolset::Toolset;

/// What answers most questions.
const CORE: &[&str] = &[
    "garmin_auth_status",
    "list_toolsets",
    "set_active_toolsets",
    "get_briefing",
    "get_health_trend",
    "get_stats",
    "get_sleep_summary",
    "get_body_battery",
    "get_hrv_data",
    "get_training_readiness",
    "get_training_status",
    "analyze_training_load",
    "get_activities",
    "get_activities_by_date",
    "get_activity",
    "get_activity_details",
    "get_activity_splits",
    "get_activity_streams",
    "compare_activities",
    "get_personal_record",
    "get_race_predictions",
    "get_athlete_profile",
    "get_gear",
    "get_calendar",
    "get_workouts",
    "get_workout_by_id",
    "create_workout",
    "schedule_workout",
    "unschedule_workout",
    "add_weigh_in",
    "log_food",
    "get_nutrition_daily_food_log",
];

/// What daily life adds to [`CORE`].
const DAILY: &[&str] = &[
    "get_heart_rates_summary",
    "get_stress_summary",
    "get_sleep_summary_range",
    "get_body_composition",
    "get_hydration_data",
    "add_hydration_data",
    "search_foods",
    "get_goals",
    "get_devices",
    "detect_intervals",
    "analyze_training_period",
    "get_activity_weather",
    "set_activity_name",
    "set_activity_description",
    "update_workout",
    "delete_workout",
    "undo_write_operation",
    "get_account_link",
];

/// Every name of `garmin_mcp`, each with the arguments it had.
static GARMIN_MCP: &str = include_str!("garmin_mcp.txt");

/// What goes with them.
const GARMIN_EXTRAS: &[&str] = &[
    "server_info",
    "garmin_auth_status",
    "list_toolsets",
    "set_active_toolsets",
    "get_briefing",
    "get_health_trend",
    "get_stats_range",
    "get_sleep_summary_range",
    "get_activity_details",
    "get_activity_streams",
    "compare_activities",
    "analyze_training_load",
    "create_workout",
    "update_workout",
    "delete_activity",
    "get_calendar",
    "get_calendar_events",
    "get_athlete_profile",
    "get_heart_rate_zones",
    "get_nutrition_summary_between_dates",
    "get_course_details",
    "download_course_gpx",
    "get_exercise_types",
    "log_lifestyle_behaviour",
];

/// The names of `mcp-garmin`; seven of them are aliases.
const MCP_GARMIN: &[&str] = &[
    "authenticate",
    "complete_mfa",
    "get_activities",
    "get_activity_details",
    "get_sleep",
    "get_heart_rate",
    "get_stress",
    "get_body_battery",
    "get_hrv",
    "get_spo2",
    "get_steps",
    "get_daily_stats",
    "get_devices",
    "get_gear",
    "get_user_profile",
];

/// Where a person who misses a tool finds it, in every profile but those of other products.
const ALWAYS: &[&str] = &[
    "garmin_auth_status",
    "list_toolsets",
    "set_active_toolsets",
    // Offered on a person's own machine only.
    "authenticate",
    "complete_mfa",
];

/// Whether a choice lists a tool under this name; `default` is the operator's.
pub(super) fn lists(
    choice: &ToolChoice,
    default: &ToolChoice,
    name: &str,
    tool: &Entry,
    toolset: Toolset,
) -> bool {
    let profile = choice.profile.or(default.profile).unwrap_or(Profile::Everyday);
    if profile == Profile::CompatMcpGarmin {
        return MCP_GARMIN.contains(&name);
    }
    // Aliases are for those who come from elsewhere.
    if name != tool.name {
        return false;
    }
    if ALWAYS.contains(&name) {
        return true;
    }
    // What goes with the operator's profile goes with it only as long as no other is chosen.
    let said = choice
        .says_of(toolset.name())
        .or_else(|| default.says_of(toolset.name()).filter(|_| choice.profile.is_none()));
    said.unwrap_or_else(|| holds(profile, name, tool, toolset))
}

/// Whether a profile holds a tool.
pub(super) fn holds(profile: Profile, name: &str, tool: &Entry, toolset: Toolset) -> bool {
    match profile {
        Profile::Core => CORE.contains(&name),
        Profile::Everyday => CORE.contains(&name) || DAILY.contains(&name),
        Profile::Garmin => {
            GARMIN_MCP.lines().any(|line| line.split(' ').next() == Some(name))
                || GARMIN_EXTRAS.contains(&name)
        }
        Profile::Health => match toolset {
            Toolset::Account
            | Toolset::Health
            | Toolset::Body
            | Toolset::Lifestyle
            | Toolset::WomensHealth
            | Toolset::Nutrition => true,
            Toolset::Activities
            | Toolset::Analysis
            | Toolset::Training
            | Toolset::Workouts
            | Toolset::Calendar
            | Toolset::Devices
            | Toolset::Gear
            | Toolset::Courses
            | Toolset::Challenges
            | Toolset::Profile
            | Toolset::Golf
            | Toolset::Data => false,
        },
        Profile::Athlete => match toolset {
            Toolset::Training | Toolset::Analysis | Toolset::Workouts | Toolset::Calendar => true,
            Toolset::Account
            | Toolset::Health
            | Toolset::Body
            | Toolset::Lifestyle
            | Toolset::WomensHealth
            | Toolset::Nutrition
            | Toolset::Activities
            | Toolset::Devices
            | Toolset::Gear
            | Toolset::Courses
            | Toolset::Challenges
            | Toolset::Profile
            | Toolset::Golf
            | Toolset::Data => CORE.contains(&name),
        },
        Profile::ReadOnly => tool.class.is_read_only(),
        Profile::Full => true,
        Profile::CompatMcpGarmin => MCP_GARMIN.contains(&name),
    }
}

/// Every name that a profile mentions.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [CORE, DAILY, GARMIN_EXTRAS, MCP_GARMIN, ALWAYS].into_iter().flatten().copied()
}
