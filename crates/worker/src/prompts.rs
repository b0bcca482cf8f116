//! Prompts: questions people ask often, with the tools that answer them well. Each names only
//! tools that exist, and is offered only where all of them may be called.

use rmcp::ErrorData;
use rmcp::model::{
    ContentBlock, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role,
};
use serde_json::Value;

struct Question {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
    /// `{name}` stands for an argument.
    text: &'static str,
}

struct Argument {
    name: &'static str,
    about: &'static str,
    /// What it is when left out; `None`: it may not be left out.
    default: Option<&'static str>,
}

const fn argument(
    name: &'static str,
    about: &'static str,
    default: Option<&'static str>,
) -> Argument {
    Argument { name, about, default }
}

static ALL: &[Question] = &[
    Question {
        name: "daily_briefing",
        title: "Daily briefing",
        about: "How the athlete is doing, and what today holds.",
        arguments: &[argument("date", "day", Some("today"))],
        text: "Brief me for {date}. Call `get_briefing` for that day, and `get_calendar` for what \
            is planned. Name what stands out against my own usual values, say what is missing \
            instead of guessing, and end with one recommendation for the day.",
    },
    Question {
        name: "weekly_review",
        title: "Weekly review",
        about: "Training, load and recovery of the last weeks.",
        arguments: &[argument("weeks", "how many weeks", Some("1"))],
        text: "Review my last {weeks} week(s). Use `analyze_training_period` for the totals and \
            the change against the weeks before, `analyze_training_load` for fitness and fatigue, \
            and `get_sleep_summary_range` for the nights. Say what went well, what to watch, and \
            one thing to change next week.",
    },
    Question {
        name: "activity_deep_dive",
        title: "Look closely at an activity",
        about: "Pacing, zones and intervals of one activity, and how it compares.",
        arguments: &[argument("activity_id", "activity; the latest when left out", Some("latest"))],
        text: "Analyse activity {activity_id} (`latest`: take the first of `get_activities`). Read \
            `get_activity_details`, look for repetitions with `detect_intervals`, and compare with \
            what `find_similar_activities` finds. Tell me how I paced it, where it was hard, and \
            what it was good for.",
    },
    Question {
        name: "compare_recent_runs",
        title: "Compare recent activities",
        about: "The latest activities of one sport side by side.",
        arguments: &[
            argument("count", "2 to 5", Some("3")),
            argument("sport", "activity type", Some("running")),
        ],
        text: "Take my latest {count} {sport} activities from `get_activities` and put them side \
            by side with `compare_activities`. Mind differences in distance, climbing and heat \
            before you call one of them better.",
    },
    Question {
        name: "readiness_check",
        title: "Am I ready to train?",
        about: "Readiness, heart rate variability and load, against what is planned.",
        arguments: &[],
        text: "Am I ready to train hard today? Read `get_training_readiness`, `get_hrv_data`, \
            `get_training_status` and today's `get_calendar`. Answer with train as planned, train \
            easier, or rest, and with the two values that decide it. If I report chest pain, \
            fainting or fever, tell me to see a doctor instead.",
    },
    Question {
        name: "sleep_report",
        title: "Sleep report",
        about: "Nights, their regularity, and what goes with good ones.",
        arguments: &[argument("period", "such as 14d", Some("14d"))],
        text: "Report on my sleep over the last {period} with `get_sleep_summary_range`: length, \
            stages, score, bed times and how regular they are. Try `correlate_metrics` for what \
            goes with better nights, and say how weak such a link is. No diagnoses.",
    },
    Question {
        name: "prescribe_workout",
        title: "Make a workout",
        about: "A structured workout for the watch.",
        arguments: &[
            argument("goal", "what it is for", None),
            argument("minutes", "how long", Some("60")),
            argument("sport", "sport", Some("running")),
        ],
        text: "Make a {sport} workout of about {minutes} minutes for: {goal}. Read my zones and \
            thresholds with `get_athlete_profile`; where one is missing, use effort instead of a \
            made-up number. Show me the steps, call `create_workout` with `dry_run: true`, and \
            create it once I agree.",
    },
    Question {
        name: "log_my_meal",
        title: "Log a meal",
        about: "Finds foods and logs them.",
        arguments: &[argument("text", "what was eaten", None)],
        text: "Log this meal: {text}. Find each food with `search_foods`, ask when the amount is \
            unclear, log with `log_food`, and show the day's totals from \
            `get_nutrition_daily_food_log`.",
    },
    Question {
        name: "monthly_health_summary",
        title: "Month in numbers",
        about: "Trends of a month, and days that stand out.",
        arguments: &[argument("month", "such as last_month", Some("last_month"))],
        text: "Summarise my health for {month}. One call of `get_health_trend` gives resting_hr, \
            hrv, sleep_hours, stress, steps and weight together; `get_wellness_anomalies` finds \
            the days that stand out. Compare with the month before, and say where days are \
            missing.",
    },
];

/// Longest value of an argument; a prompt is a question, not a document.
const LONGEST: usize = 2_000;

/// The prompts all of whose tools may be called.
pub(crate) fn list(callable: impl Fn(&str) -> bool) -> Vec<Prompt> {
    let offered = ALL.iter().filter(|question| question.tools().all(&callable));
    offered.map(Question::describe).collect()
}

pub(crate) fn get(
    name: &str,
    given: &JsonObject,
    callable: impl Fn(&str) -> bool,
) -> Result<GetPromptResult, ErrorData> {
    let question = ALL
        .iter()
        .find(|question| question.name == name && question.tools().all(&callable))
        .ok_or_else(|| ErrorData::invalid_params("unknown prompt", None))?;
    let text = question.fill(given)?;
    let message = PromptMessage::new(Role::User, ContentBlock::text(text));
    Ok(GetPromptResult::new(vec![message]).with_description(question.about))
}

/// Whether a prompt has an argument of this name.
pub(crate) fn takes(prompt: &str, name: &str) -> bool {
    let named = |argument: &Argument| argument.name == name;
    ALL.iter().any(|question| question.name == prompt && question.arguments.iter().any(named))
}

/// Every tool that a prompt names.
#[cfg(test)]
pub(crate) fn tools() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(Question::tools)
}

impl Question {
    fn describe(&self) -> Prompt {
        let arguments = self.arguments.iter().map(|argument| {
            PromptArgument::new(argument.name)
                .with_description(argument.about)
                .with_required(argument.default.is_none())
        });
        let arguments: Vec<_> = arguments.collect();
        let arguments = (!arguments.is_empty()).then_some(arguments);
        Prompt::new(self.name, Some(self.about), arguments).with_title(self.title)
    }

    /// The tools its text names.
    fn tools(&self) -> impl Iterator<Item = &'static str> {
        let quoted = self.text.split('`').skip(1).step_by(2);
        quoted.filter(|word| word.contains('_') && !word.contains([':', ' ']))
    }

    fn fill(&self, given: &JsonObject) -> Result<String, ErrorData> {
        let mut text = self.text.to_owned();
        for argument in self.arguments {
            let value = match given.get(argument.name) {
                None | Some(Value::Null) => None,
                Some(Value::String(value)) if value.trim().is_empty() => None,
                Some(Value::String(value)) if value.len() <= LONGEST => Some(value.trim()),
                Some(_) => {
                    let problem = format!("`{}`: a text of at most {LONGEST} bytes", argument.name);
                    return Err(ErrorData::invalid_params(problem, None));
                }
            };
            let Some(value) = value.or(argument.default) else {
                let problem = format!("`{}`: required, and was left out", argument.name);
                return Err(ErrorData::invalid_params(problem, None));
            };
            text = text.replace(&format!("{{{}}}", argument.name), value);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(value: Value) -> JsonObject {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn arguments_go_into_the_text_and_have_defaults() {
        let all = |_: &str| true;
        let text = |name, given| {
            let got = get(name, &arguments(given), all).unwrap();
            serde_json::to_value(got).unwrap()["messages"][0]["content"]["text"].to_string()
        };
        assert!(text("weekly_review", json!({})).contains("last 1 week"));
        assert!(text("weekly_review", json!({"weeks": "4"})).contains("last 4 week"));
        assert!(text("weekly_review", json!({"weeks": null})).contains("last 1 week"));
        let refused = get("log_my_meal", &arguments(json!({})), all).unwrap_err();
        assert!(refused.message.contains("`text`"), "{refused:?}");
        let refused = get("log_my_meal", &arguments(json!({"text": 7})), all).unwrap_err();
        assert!(refused.message.contains("`text`"), "{refused:?}");
        assert!(get("nothing", &arguments(json!({})), all).is_err());
    }

    #[test]
    fn a_prompt_goes_with_its_tools() {
        let without = |name: &str| name != "log_food";
        assert!(!list(without).iter().any(|prompt| prompt.name == "log_my_meal"));
        assert!(get("log_my_meal", &arguments(json!({"text": "soup"})), without).is_err());
        assert_eq!(list(|_| true).len(), ALL.len());
    }

    #[test]
    fn every_argument_of_a_prompt_is_used_and_no_other() {
        for question in ALL {
            let left =
                question.arguments.iter().fold(question.text.to_owned(), |text, argument| {
                    let mark = format!("{{{}}}", argument.name);
                    assert!(text.contains(&mark), "{} {mark}", question.name);
                    text.replace(&mark, "")
                });
            assert!(!left.contains('{'), "{left}");
            assert!(question.tools().count() > 0, "{}", question.name);
        }
    }
}
