//! The generated half of the catalogue: what the types say, and what every definition keeps to.

use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::*;
use crate::tool::Class;
use crate::tools::all;
use crate::writes::{SHARED, WriteAnswer};

/// What a model reads about a tool.
pub(crate) struct Words {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) class: Class,
}

/// A tool with the types of its arguments and all keys of its answer.
pub(crate) fn describe<A: JsonSchema, R: JsonSchema>(words: &Words) -> Value {
    let Words { name, title, description, class } = *words;
    json!({
        "name": name,
        "title": title,
        "description": description,
        "inputSchema": schema::<A>(Contract::Deserialize),
        "outputSchema": outline(&schema::<R>(Contract::Serialize)),
        "annotations": hints(class),
    })
}

/// A tool that writes, with the arguments its door takes.
pub(crate) fn describe_write<A: JsonSchema>(words: &Words, confirms: bool) -> Value {
    let mut tool = describe::<A, WriteAnswer>(words);
    let [dry_run, key, confirm] = SHARED;
    if let Some(properties) = tool["inputSchema"]["properties"].as_object_mut() {
        properties.insert(dry_run.into(), json!({ "type": "boolean" }));
        properties.insert(key.into(), json!({ "type": "string" }));
        if confirms {
            let choices = json!([{ "type": "boolean" }, { "type": "string" }]);
            let text = "true, or a preview's confirm_token";
            properties.insert(confirm.into(), json!({ "anyOf": choices, "description": text }));
        }
    }
    tool
}

fn hints(class: Class) -> Value {
    let (read_only, destructive, idempotent) = match class {
        Class::Read | Class::ReadLocal => (true, false, true),
        Class::Add => (false, false, false),
        Class::Set | Class::SetLocal => (false, false, true),
        Class::Destroy | Class::DestroyLocal => (false, true, true),
    };
    let open = class == Class::Read || class.changes_garmin();
    json!({
        "readOnlyHint": read_only,
        "destructiveHint": destructive,
        "idempotentHint": idempotent,
        "openWorldHint": open,
    })
}

/// Bytes of what a model reads of a tool: name, title, description and arguments. Guidance that
/// needs more is a resource.
const LONGEST: usize = 900;

/// Bytes of an outline that is listed. Wider ones were a third of the whole list, for keys that
/// the result itself shows.
const OUTLINE: usize = 150;

/// The keys of a result and the types of their values, and no more: results may lack any of
/// them, and a model reads the result itself.
fn outline(schema: &Value) -> Value {
    let mut keys = Map::new();
    collect(schema, &mut keys);
    json!({ "type": "object", "properties": keys })
}

/// Results with more keys than this are described by their keys alone.
const WIDE: usize = 8;

/// What each tool's result holds, one a line: too much to be listed, and what tests compare
/// results with.
fn outlines() -> String {
    let lines = all().map(|tool| {
        let mut outline = (tool.describe)()["outputSchema"].take();
        if let Some(keys) = outline["properties"].as_object_mut()
            && keys.len() > WIDE
        {
            keys.values_mut().for_each(|kind| *kind = json!({}));
        }
        format!("\"{}\":{outline}", tool.name)
    });
    format!("{{\n{}\n}}\n", lines.collect::<Vec<_>>().join(",\n"))
}

/// A tool as `tools/list` shows it.
fn lean(mut tool: Value) -> Value {
    // A key without a type says nothing here, and strict clients take it for a mistake.
    if let Some(keys) = tool["outputSchema"]["properties"].as_object_mut() {
        keys.retain(|_, kind| *kind != json!({}));
    }
    if tool["outputSchema"].to_string().len() > OUTLINE {
        tool["outputSchema"] = json!({ "type": "object" });
    }
    tool
}

fn collect(schema: &Value, keys: &mut Map<String, Value>) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let kind = match (&value["type"], &value["enum"], &value["const"]) {
            (Value::String(kind), _, _) => json!({ "type": kind }),
            (_, Value::Array(_), _) | (_, _, Value::String(_)) => json!({ "type": "string" }),
            _ => json!({}),
        };
        keys.insert(key.clone(), kind);
    }
    for choices in ["anyOf", "oneOf", "allOf"] {
        for choice in schema[choices].as_array().into_iter().flatten() {
            collect(choice, keys);
        }
    }
}

fn schema<T: JsonSchema>(contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
        settings.contract = contract;
    });
    let mut schema: Value = settings.into_generator().into_root_schema_for::<T>().into();
    tidy(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.remove("title");
        root.remove("description");
        // Shared arguments are not declared; what nobody knows is refused all the same.
        root.remove("additionalProperties");
        root.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// Drops what tells a model nothing: formats of numbers, and null beside a type. A value
/// that is not there is left out of results, and null in arguments counts as left out.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let format = fields.get("format").and_then(Value::as_str);
            if format
                .is_some_and(|it| it.starts_with("int") || it.starts_with("uint") || it == "double")
            {
                fields.remove("format");
            }
            fields.remove("default");
            // Where one sees nothing else, these are what everybody assumes; and a bound that
            // nobody comes near is told by the refusal.
            if fields.get("minimum").and_then(Value::as_u64).is_some_and(|least| least <= 1) {
                fields.remove("minimum");
            }
            if fields.get("maximum").and_then(Value::as_u64).is_some_and(|most| most >= 10_000) {
                fields.remove("maximum");
            }
            if fields.get("additionalProperties") == Some(&Value::Bool(false)) {
                fields.remove("additionalProperties");
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
                *text = words.strip_suffix('.').map_or(words.clone(), str::to_owned);
            }
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                properties.values_mut().for_each(without_null);
            }
            fields.values_mut().for_each(tidy);
            one_type_each(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Several types become a choice of one: some hosts read `type` as one word only.
fn one_type_each(fields: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = fields.get("type") else { return };
    let choices: Value = types.iter().map(|name| json!({ "type": name })).collect();
    fields.remove("type");
    fields.insert("anyOf".into(), choices);
}

fn without_null(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(choices)) = fields.get_mut("anyOf") else { return };
    choices.retain(|choice| choice != &json!({ "type": "null" }));
    if let [Value::Object(only)] = choices.as_slice() {
        let only: Map<String, Value> = only.clone();
        fields.remove("anyOf");
        for (name, value) in only {
            fields.entry(name).or_insert(value);
        }
        without_null(schema);
    }
}

fn generated(shelf: &Shelf) -> String {
    let lines: Vec<String> =
        shelf.tools.iter().map(|tool| lean((tool.describe)()).to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// `UPDATE=1 cargo test -p worker the_catalogue` writes the files anew.
#[test]
fn the_catalogue_is_what_the_types_say() {
    let mut files = vec![("tests/it/outlines.json".to_owned(), outlines())];
    for shelf in SHELVES {
        files.push((format!("src/catalogue/{}.json", shelf.toolset.name()), generated(shelf)));
    }
    for (name, text) in files {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        let cure = "run `UPDATE=1 cargo test -p worker the_catalogue`";
        assert!(written == text, "{name} is stale: {cure}");
    }
}

/// Every tool as `tools/list` shows it.
pub(super) fn listed() -> Vec<Value> {
    let parts = SHELVES.iter().map(|shelf| serde_json::from_str::<Vec<Value>>(shelf.text));
    parts.flat_map(Result::unwrap).collect()
}

#[test]
fn every_tool_has_a_title_all_hints_and_schemas_of_objects() {
    let tools = listed();
    assert_eq!(tools.len(), all().count());
    for (tool, entry) in tools.iter().zip(all()) {
        let name = tool["name"].as_str().unwrap();
        assert_eq!(name, entry.name);
        assert!(
            name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        );
        assert!(!tool["title"].as_str().unwrap().is_empty(), "{name}");
        assert!(tool["description"].as_str().unwrap().len() > 30, "{name}");
        let parts = ["name", "title", "description", "inputSchema"];
        let definition: usize = parts.iter().map(|part| tool[*part].to_string().len()).sum();
        assert!(definition <= LONGEST, "{name}: {definition} bytes of definition");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
        }
        assert_eq!(tool["annotations"]["readOnlyHint"], entry.class.is_read_only(), "{name}");
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{name}: {schema}");
        }
        assert!(tool["inputSchema"]["properties"].is_object(), "{name}");
        for schema in ["inputSchema", "outputSchema"] {
            let keys = tool[schema]["properties"].as_object();
            assert!(keys.into_iter().flatten().all(|(_, kind)| *kind != json!({})), "{name}");
        }
        assert!(!tool.to_string().contains("$ref"), "{name}");
        assert!(!tool.to_string().contains(r#""type":["#), "{name}");
    }
}

#[test]
fn sec116_what_models_read_about_tools_hides_nothing() {
    for shelf in SHELVES {
        let texts = shelf.text.chars().filter(|letter| *letter != '\n');
        let odd: Vec<char> = texts.filter(|it| !domain::text::is_harmless(*it)).collect();
        assert!(odd.is_empty(), "{odd:?}");
        // JSON may spell a letter out; none is.
        assert!(!shelf.text.contains(r"\u"));
    }
}

/// Keys that prompts and scripts written for `garmin_mcp` read, by tool.
const OLD_KEYS: [(&str, &str); 26] = [
    ("get_activities", "start limit count has_more next_start activities owner_display_name"),
    ("get_activities_by_date", "count page page_size has_more next_page date_range activities"),
    ("get_activities_fordate", "date count activities"),
    ("get_activity_splits", "lap_count laps"),
    (
        "get_activity_weather",
        "temperature_celsius apparent_temperature_celsius humidity_percent wind_speed_mps \
         wind_direction_degrees weather_type weather_description location issue_time",
    ),
    ("count_activities", "total_activities note"),
    ("get_activity_types", "count activity_types"),
    (
        "get_power_duration_curve",
        "activities_analyzed activities_skipped ftp_estimate_w ftp_note season_bests",
    ),
    ("download_activity_file", "file_path size_bytes format status"),
    ("search_foods", "count has_more results"),
    ("get_weigh_ins", "measurement_count days_with_data average_weight_kg measurements"),
    (
        "get_activity",
        "id name type event_type parent_type start_time_local start_time_gmt \
         duration_seconds moving_duration_seconds elapsed_duration_seconds distance_meters \
         avg_speed_mps max_speed_mps avg_hr_bpm max_hr_bpm min_hr_bpm calories bmr_calories \
         avg_cadence max_cadence avg_stride_length_cm avg_ground_contact_time_ms \
         avg_vertical_oscillation_cm steps avg_power_watts max_power_watts \
         normalized_power_watts training_effect anaerobic_training_effect \
         training_effect_label training_load moderate_intensity_minutes \
         vigorous_intensity_minutes elevation_gain_meters elevation_loss_meters \
         max_elevation_meters min_elevation_meters recovery_hr_bpm body_battery_impact \
         workout_feel workout_rpe lap_count has_splits device_manufacturer",
    ),
    (
        "get_stats",
        "date total_steps daily_step_goal distance_meters floors_ascended floors_descended \
         total_calories active_calories bmr_calories highly_active_seconds active_seconds \
         sedentary_seconds sleeping_seconds moderate_intensity_minutes \
         vigorous_intensity_minutes intensity_minutes_goal min_heart_rate_bpm \
         max_heart_rate_bpm resting_heart_rate_bpm last_7_days_avg_resting_hr \
         avg_stress_level max_stress_level stress_qualifier body_battery_charged \
         body_battery_drained body_battery_highest body_battery_lowest body_battery_current \
         avg_spo2_percent lowest_spo2_percent avg_waking_respiration highest_respiration \
         lowest_respiration",
    ),
    (
        "get_sleep_summary",
        "sleep_seconds sleep_hours nap_seconds sleep_start sleep_end sleep_score \
         sleep_score_qualifier deep_sleep_seconds light_sleep_seconds rem_sleep_seconds \
         awake_seconds deep_sleep_percent light_sleep_percent rem_sleep_percent awake_count \
         restless_moments_count avg_sleep_stress resting_heart_rate_bpm avg_spo2_percent \
         lowest_spo2_percent avg_overnight_hrv",
    ),
    (
        "get_heart_rates_summary",
        "date max_heart_rate_bpm min_heart_rate_bpm resting_heart_rate_bpm \
         last_7_days_avg_resting_hr avg_heart_rate_bpm data_points_count",
    ),
    (
        "get_stress_summary",
        "date max_stress_level avg_stress_level rest_percent low_stress_percent \
         medium_stress_percent high_stress_percent data_points_count",
    ),
    (
        "get_respiration_summary",
        "date lowest_breaths_per_min highest_breaths_per_min avg_waking_breaths_per_min \
         avg_sleep_breaths_per_min",
    ),
    (
        "get_spo2_data",
        "date avg_spo2_percent lowest_spo2_percent latest_spo2_percent latest_reading_time \
         last_7_days_avg_spo2 avg_sleep_spo2_percent hourly_averages",
    ),
    (
        "get_morning_training_readiness",
        "date readiness_score readiness_level recovery_time_hours hrv_status sleep_quality \
         sleep_score resting_heart_rate_bpm hrv_baseline hrv_last_night body_battery_percent \
         stress_level acute_load",
    ),
    ("get_weekly_steps", "end_date weeks_requested weeks_returned weekly_data"),
    ("get_weekly_stress", "end_date weeks_requested weeks_returned weekly_data"),
    ("get_weekly_intensity_minutes", "end_date weeks_requested weeks_returned weekly_data"),
    ("get_sleep_summary_range", "start_date end_date nights_requested nights_returned nights"),
    ("get_stats_range", "start_date end_date days"),
    ("get_energy_balance", "intake expenditure_garmin body_composition derived assumptions"),
    ("get_gear", "gear_count active_count retired_count defaults gear"),
];

#[test]
fn keys_that_others_rely_on_are_still_there() {
    for (name, keys) in OLD_KEYS {
        let tool = all().find(|tool| tool.name == name).unwrap();
        let schema = &(tool.describe)()["outputSchema"];
        for key in keys.split_whitespace() {
            assert!(schema["properties"].get(key).is_some(), "{name}: {key}");
        }
    }
}

#[test]
fn no_two_tools_share_a_name() {
    let mut names: Vec<&str> = all().map(|tool| tool.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().count());
}

fn names(catalogue: &Catalogue, choice: &str) -> Vec<String> {
    let listing = catalogue.listing(&choice.parse().unwrap(), Scopes::ReadWrite);
    let listing: Vec<&str> =
        listing.iter().map(|piece| std::str::from_utf8(piece).unwrap()).collect();
    let listing: Vec<Value> = serde_json::from_str(&format!("[{}]", listing.join(","))).unwrap();
    listing.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn policy(enabled: &[&str], disabled: &[&str]) -> ToolPolicy {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    ToolPolicy { enabled: owned(enabled), disabled: owned(disabled), ..ToolPolicy::default() }
}

fn callable(catalogue: &Catalogue) -> Vec<&'static str> {
    let tools = all().filter(|tool| matches!(catalogue.find(tool.name), Found::Tool(_)));
    tools.map(|tool| tool.name).collect()
}

#[test]
fn a_full_list_is_everything_that_can_be_called() {
    let read_only = ToolPolicy { read_only: true, ..ToolPolicy::default() };
    for policy in [
        ToolPolicy::default(),
        policy(&[], &["get_gear"]),
        policy(&["get_gear"], &[]),
        policy(&["get_*", "@account"], &["@devices"]),
        read_only,
    ] {
        for place in [Place::Everywhere, Place::Desktop] {
            let catalogue = Catalogue::new(place, &policy);
            assert_eq!(names(&catalogue, "full"), callable(&catalogue), "{policy:?}");
        }
    }
    let only = Catalogue::new(Place::Everywhere, &policy(&["get_gear"], &[]));
    assert_eq!(names(&only, ""), ["get_gear"]);
    let none = Catalogue::new(Place::Everywhere, &policy(&["get_gear"], &["get_gear"]));
    assert!(names(&none, "full").is_empty());
}

#[test]
fn a_choice_changes_what_is_listed_and_nothing_else() {
    let catalogue = Catalogue::new(Place::Everywhere, &ToolPolicy::default());
    let everything = callable(&catalogue);
    let has = |choice: &str, name: &str| names(&catalogue, choice).iter().any(|it| it == name);
    assert!(has("", "get_gear") && has("core", "get_gear"));
    assert!(!has("core,-gear", "get_gear") && !has("-gear", "get_gear"));
    assert!(has("core,+devices", "get_devices") && !has("core", "get_devices"));
    // Nobody loses the way back.
    assert!(has("full,-account", "set_active_toolsets"));
    assert_eq!(names(&catalogue, "full").len(), everything.len());
    assert_eq!(callable(&catalogue), everything);
    for profile in Profile::ALL {
        let choice = ToolChoice::of(profile);
        let weight = catalogue.weight(&choice, Scopes::ReadWrite, None);
        assert!(weight.tools > 0, "{profile}");
        assert!(weight.tools <= names(&catalogue, profile.as_str()).len(), "{profile}");
    }
}

#[test]
fn the_operators_profile_is_what_a_device_is_shown_that_has_chosen_nothing() {
    let core =
        ToolPolicy { profile: Some("core,+devices".parse().unwrap()), ..ToolPolicy::default() };
    let catalogue = Catalogue::new(Place::Everywhere, &core);
    let shown = names(&catalogue, "");
    assert!(shown.iter().any(|name| name == "get_devices"));
    assert!(!shown.iter().any(|name| name == "get_user_profile"));
    // What goes with it goes when another profile is chosen.
    assert!(!names(&catalogue, "core").iter().any(|name| name == "get_devices"));
    assert!(names(&catalogue, "full").iter().any(|name| name == "get_user_profile"));
    assert_eq!(catalogue.profile(&ToolChoice::default()), Profile::Core);
}

#[test]
fn another_name_leads_to_the_same_tool_and_is_listed_only_to_those_who_know_it() {
    let catalogue = Catalogue::new(Place::Everywhere, &ToolPolicy::default());
    let (twice, once) = catalogue.names();
    for (alias, canonical) in aliases::all() {
        let (Found::Tool(by_alias), Found::Tool(tool)) =
            (catalogue.find(alias), catalogue.find(canonical))
        else {
            panic!("{alias}");
        };
        assert_eq!(by_alias.name, tool.name);
        assert!(!names(&catalogue, "full").iter().any(|name| name == alias));
        assert!(twice.iter().chain(&once).any(|name| name == alias));
    }
    let compat = names(&catalogue, "compat_mcp_garmin");
    assert!(compat.iter().any(|name| name == "get_sleep"), "{compat:?}");
    let desktop = Catalogue::new(Place::Desktop, &ToolPolicy::default());
    assert_eq!(names(&desktop, "compat_mcp_garmin").len(), 15);
}

#[test]
fn the_operators_patterns_decide_what_may_be_called() {
    let barred = |policy: &ToolPolicy, name: &str| match Catalogue::new(Place::Everywhere, policy)
        .find(name)
    {
        Found::Tool(_) => None,
        Found::Barred(setting) => Some(setting),
        Found::Nothing => panic!("{name}"),
    };
    assert_eq!(barred(&policy(&["get_ge*"], &[]), "get_gear"), None);
    assert_eq!(barred(&policy(&["get_ge*"], &[]), "get_stats"), Some(Setting::Enabled));
    assert_eq!(barred(&policy(&["@gear"], &[]), "get_gear"), None);
    assert_eq!(barred(&policy(&[" GET_GEAR "], &[]), "get_gear"), None);
    assert_eq!(barred(&policy(&[], &["@gear"]), "get_gear"), Some(Setting::Disabled));
    assert_eq!(barred(&policy(&["@gear"], &["*gear"]), "get_gear"), Some(Setting::Disabled));
}

#[test]
fn signing_in_is_offered_on_the_desktop_only() {
    let everywhere = Catalogue::new(Place::Everywhere, &ToolPolicy::default());
    let desktop = Catalogue::new(Place::Desktop, &ToolPolicy::default());
    for name in ["authenticate", "complete_mfa", "sign_out", "list_accounts"] {
        assert!(matches!(everywhere.find(name), Found::Nothing), "{name}");
        assert!(matches!(desktop.find(name), Found::Tool(_)), "{name}");
        // The errors of all others name it as the cure.
        let read_only = ToolPolicy { read_only: true, ..ToolPolicy::default() };
        let desktop = Catalogue::new(Place::Desktop, &read_only);
        assert!(matches!(desktop.find(name), Found::Tool(_)), "{name}");
    }
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let (twice, once) = desktop.names();
    assert!(has(&twice, "get_stats") && !has(&once, "get_stats"));
    assert!(has(&once, "authenticate") && !has(&twice, "authenticate"));
    let (twice, once) = everywhere.names();
    assert!(!has(&twice, "authenticate") && !has(&once, "authenticate"));
}

#[test]
fn a_link_to_the_account_page_is_offered_where_there_is_one() {
    let gateway = Catalogue::new(Place::Gateway, &ToolPolicy::default());
    let desktop = Catalogue::new(Place::Desktop, &ToolPolicy::default());
    assert!(matches!(gateway.find("get_account_link"), Found::Tool(_)));
    assert!(matches!(desktop.find("get_account_link"), Found::Nothing));
    assert!(names(&gateway, "").iter().any(|name| name == "get_account_link"));
}
