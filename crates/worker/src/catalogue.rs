//! The list of tools, as bytes.
//!
//! `catalogue/<toolset>.json` are JSON arrays with one tool per line, in the order of the
//! toolset: names, texts, schemas and hints, generated from the types by a test. A process never
//! builds a schema and never copies one: a listing is made of pieces of those texts.

use std::sync::OnceLock;

use domain::contract::ToolPolicy;
use domain::scope::Scopes;

use crate::tool::{Entry, Place};
use crate::tools::{SHELVES, Shelf, all};

/// The tools one process offers.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    shelves: &'static [Shelf],
    /// One per tool, in the order of the shelves.
    offered: Vec<bool>,
    read_only: OnceLock<Box<[&'static str]>>,
    read_write: OnceLock<Box<[&'static str]>>,
}

impl Catalogue {
    /// The product's tools, as far as `place` and the operator allow.
    pub(crate) fn new(place: Place, policy: &ToolPolicy) -> Self {
        Self::of(SHELVES, place, policy)
    }

    pub(crate) fn of(shelves: &'static [Shelf], place: Place, policy: &ToolPolicy) -> Self {
        let offered = tools_on(shelves).map(|tool| offers(tool, place, policy)).collect();
        let (read_only, read_write) = (OnceLock::new(), OnceLock::new());
        Self { shelves, offered, read_only, read_write }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&'static Entry> {
        self.offered_tools().find(|tool| tool.name == name)
    }

    fn offered_tools(&self) -> impl Iterator<Item = &'static Entry> {
        let all = tools_on(self.shelves).zip(&self.offered);
        all.filter(|(_, offered)| **offered).map(|(tool, _)| tool)
    }

    /// Names of the tools whose calls may be sent twice, and of all others.
    pub(crate) fn names(&self) -> (Vec<String>, Vec<String>) {
        let (twice, once): (Vec<_>, Vec<_>) =
            self.offered_tools().partition(|tool| tool.class.is_repeatable());
        let names = |tools: Vec<&Entry>| tools.iter().map(|tool| tool.name.to_owned()).collect();
        (names(twice), names(once))
    }

    /// The tools a connection may call: with commas between them, these are the items of a JSON
    /// array. Neighbours of one toolset are one piece.
    pub(crate) fn listing(&self, scopes: Scopes) -> &[&'static str] {
        let kept = match scopes {
            Scopes::ReadOnly => &self.read_only,
            Scopes::ReadWrite => &self.read_write,
        };
        kept.get_or_init(|| self.pieces(scopes))
    }

    fn pieces(&self, scopes: Scopes) -> Box<[&'static str]> {
        let mut pieces = Vec::new();
        let mut offered = self.offered.iter();
        for shelf in self.shelves {
            let mut open: Option<(usize, usize)> = None;
            for (tool, (begin, end)) in shelf.tools.iter().zip(lines(shelf.text)) {
                let offered = offered.next().is_some_and(|offered| *offered);
                if offered && scopes.cover(tool.class.needs()) {
                    open = Some((open.map_or(begin, |(begin, _)| begin), end));
                } else if let Some((begin, end)) = open.take() {
                    pieces.push(&shelf.text[begin..end]);
                }
            }
            pieces.extend(open.map(|(begin, end)| &shelf.text[begin..end]));
        }
        pieces.into()
    }
}

fn tools_on(shelves: &'static [Shelf]) -> impl Iterator<Item = &'static Entry> {
    shelves.iter().flat_map(|shelf| shelf.tools)
}

/// Where the tools stand in the text of a shelf. The brackets have lines of their own.
fn lines(text: &'static str) -> impl Iterator<Item = (usize, usize)> {
    let mut next = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let begin = next;
        next += line.len();
        (begin, begin + line.trim_end_matches(['\n', ',']).len())
    });
    lines.skip(1)
}

fn offers(tool: &Entry, place: Place, policy: &ToolPolicy) -> bool {
    let named = |names: &[String]| names.iter().any(|name| name == tool.name);
    let here = match tool.place {
        Place::Everywhere => true,
        Place::Desktop => place == Place::Desktop,
    };
    // Signing in changes nothing in the account, and is what the errors of all others ask for.
    here && (policy.enabled.is_empty() || named(&policy.enabled))
        && !named(&policy.disabled)
        && (!policy.read_only || !tool.class.changes_garmin() || tool.place == Place::Desktop)
}

/// A name in the policy that no tool has, and the tool that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown<'a> {
    pub(crate) name: &'a str,
    pub(crate) closest: &'static str,
}

/// What the operator has misspelt.
pub(crate) fn unknown(policy: &ToolPolicy) -> impl Iterator<Item = Unknown<'_>> {
    let names = policy.enabled.iter().chain(&policy.disabled).map(String::as_str);
    let missing = names.filter(|name| !all().any(|tool| tool.name == *name));
    missing.filter_map(|name| {
        let closest = all().min_by_key(|tool| distance(tool.name, name))?;
        Some(Unknown { name, closest: closest.name })
    })
}

/// How many letters must be put in, left out or replaced to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
pub(crate) use generate::describe;

#[cfg(test)]
mod generate {
    use schemars::JsonSchema;
    use schemars::generate::{Contract, SchemaSettings};
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::tool::{Class, Tool};

    /// A tool as `tools/list` shows it.
    pub(crate) fn describe<T: Tool>() -> Value {
        json!({
            "name": T::NAME,
            "title": T::TITLE,
            "description": T::DESCRIPTION,
            "inputSchema": schema::<T::Args>(Contract::Deserialize),
            "outputSchema": outline(&schema::<T::Answer>(Contract::Serialize)),
            "annotations": hints(T::TITLE, T::CLASS),
        })
    }

    fn hints(title: &str, class: Class) -> Value {
        let (read_only, destructive, idempotent) = match class {
            Class::Read | Class::ReadLocal => (true, false, true),
            Class::Add => (false, false, false),
            Class::Set | Class::SetLocal => (false, false, true),
            Class::Destroy | Class::DestroyLocal => (false, true, true),
        };
        let open = class == Class::Read || class.changes_garmin();
        json!({
            "title": title,
            "readOnlyHint": read_only,
            "destructiveHint": destructive,
            "idempotentHint": idempotent,
            "openWorldHint": open,
        })
    }

    /// The keys of a result and the types of their values, and no more: results may lack any of
    /// them, and a model reads the result itself.
    fn outline(schema: &Value) -> Value {
        let mut keys = Map::new();
        collect(schema, &mut keys);
        json!({ "type": "object", "properties": keys })
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
                if format.is_some_and(|it| {
                    it.starts_with("int") || it.starts_with("uint") || it == "double"
                }) {
                    fields.remove("format");
                }
                fields.remove("default");
                if let Some(Value::String(text)) = fields.get_mut("description") {
                    *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
            shelf.tools.iter().map(|tool| (tool.describe)().to_string()).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }

    /// `UPDATE=1 cargo test -p worker the_catalogue` writes the files anew.
    #[test]
    fn the_catalogue_is_what_the_types_say() {
        for shelf in SHELVES {
            let name = shelf.toolset.name();
            let path = format!("{}/src/catalogue/{name}.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, generated(shelf)).unwrap();
            }
            let written = std::fs::read_to_string(path).unwrap();
            assert!(
                written == generated(shelf),
                "{name} is stale: run `UPDATE=1 cargo test -p worker the_catalogue`"
            );
        }
    }

    /// Every tool as `tools/list` shows it.
    fn listed() -> Vec<Value> {
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
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(!tool["title"].as_str().unwrap().is_empty(), "{name}");
            assert!(tool["description"].as_str().unwrap().len() > 30, "{name}");
            assert_eq!(tool["annotations"]["title"], tool["title"], "{name}");
            for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
            }
            assert_eq!(tool["annotations"]["readOnlyHint"], entry.class.is_read_only(), "{name}");
            for schema in ["inputSchema", "outputSchema"] {
                assert_eq!(tool[schema]["type"], "object", "{name}: {schema}");
                assert!(tool[schema]["properties"].is_object(), "{name}: {schema}");
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
    const OLD_KEYS: [(&str, &str); 4] = [
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
        ("get_gear", "gear_count active_count retired_count defaults gear"),
    ];

    #[test]
    fn keys_that_others_rely_on_are_still_there() {
        let tools = listed();
        for (name, keys) in OLD_KEYS {
            let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
            let schema = &tool["outputSchema"];
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

    fn names(catalogue: &Catalogue) -> Vec<String> {
        let listing = catalogue.listing(Scopes::ReadWrite).join(",");
        let listing: Vec<Value> = serde_json::from_str(&format!("[{listing}]")).unwrap();
        listing.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_listed_is_what_can_be_called() {
        let policies = [
            ToolPolicy::default(),
            ToolPolicy { disabled: vec!["get_sleep".into()], ..ToolPolicy::default() },
            ToolPolicy { enabled: vec!["get_sleep".into()], ..ToolPolicy::default() },
            ToolPolicy { read_only: true, ..ToolPolicy::default() },
        ];
        for policy in policies {
            for place in [Place::Everywhere, Place::Desktop] {
                let catalogue = Catalogue::new(place, &policy);
                let listed = names(&catalogue);
                let callable: Vec<&str> = all()
                    .filter(|tool| catalogue.find(tool.name).is_some())
                    .map(|tool| tool.name)
                    .collect();
                assert_eq!(listed, callable, "{policy:?}");
            }
        }
        let only = ToolPolicy { enabled: vec!["get_sleep".into()], ..ToolPolicy::default() };
        assert_eq!(names(&Catalogue::new(Place::Everywhere, &only)), ["get_sleep"]);
        let none = ToolPolicy { disabled: vec!["get_sleep".into()], ..only };
        let nothing = Catalogue::new(Place::Everywhere, &none);
        assert_eq!(nothing.listing(Scopes::ReadWrite).len(), 0);
    }

    #[test]
    fn signing_in_is_offered_on_the_desktop_only() {
        let everywhere = Catalogue::new(Place::Everywhere, &ToolPolicy::default());
        let desktop = Catalogue::new(Place::Desktop, &ToolPolicy::default());
        for name in ["authenticate", "complete_mfa"] {
            assert!(everywhere.find(name).is_none() && desktop.find(name).is_some(), "{name}");
            // The errors of all others name it as the cure.
            let read_only = ToolPolicy { read_only: true, ..ToolPolicy::default() };
            assert!(Catalogue::new(Place::Desktop, &read_only).find(name).is_some(), "{name}");
        }
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        let (twice, once) = desktop.names();
        assert!(has(&twice, "get_sleep") && !has(&once, "get_sleep"));
        assert!(has(&once, "authenticate") && !has(&twice, "authenticate"));
        let (twice, once) = everywhere.names();
        assert!(!has(&twice, "authenticate") && !has(&once, "authenticate"));
    }

    #[test]
    fn a_name_no_tool_has_is_told() {
        let policy = ToolPolicy {
            enabled: vec!["get_sleep".into()],
            disabled: vec!["get_sleeep".into()],
            ..ToolPolicy::default()
        };
        let unknown: Vec<_> = unknown(&policy).collect();
        assert_eq!(unknown, [Unknown { name: "get_sleeep", closest: "get_sleep" }]);
        assert_eq!(distance("get_hrv", "get_hvr"), 2);
        assert_eq!((distance("", "abc"), distance("abc", "")), (3, 3));
    }
}
