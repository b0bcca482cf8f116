//! Workouts to begin with, as the JSON that Garmin takes.
//!
//! They are kept as forms and compiled when they are read, by the code that compiles everybody's
//! workouts: a template cannot be out of step with it.

use garmin::workout::{compile, form, parse};

use super::{Content, Entry, JSON, MARKDOWN, Read};
use crate::error::ToolError;

macro_rules! template {
    ($name:literal, $title:literal, $about:literal) => {
        Entry {
            uri: concat!("workout://templates/", $name),
            name: $name,
            title: $title,
            about: $about,
            kind: JSON,
            tool: None,
            read: Read::By(|_, _| {
                let form = include_str!(concat!("text/workouts/", $name, ".json"));
                Box::pin(std::future::ready(compiled(form)))
            }),
        }
    };
}

pub(super) static ALL: &[Entry] = &[
    template!("simple-run", "Simple run", "Easy run with warm-up and cool-down."),
    template!("interval-running", "Running intervals", "6 x 800 m at a pace."),
    template!("tempo-run", "Tempo run", "20 minutes in heart rate zone 4."),
    template!("strength-circuit", "Strength circuit", "Sets with weights and rests."),
    template!("cycling-power-intervals", "Power intervals", "5 x 5 minutes in a range of watts."),
    template!("swim-intervals", "Swim intervals", "8 x 100 m in a pool of 25 m."),
    template!("brick-triathlon", "Brick", "Bike, then run, as one multisport workout."),
    template!("walk-run", "Walk and run", "Two minutes of running, one of walking."),
    Entry {
        uri: "garmin://reference/workout-form",
        name: "workout-form",
        title: "The typed workout form",
        about: "What create_workout takes, with an example.",
        kind: MARKDOWN,
        tool: None,
        read: Read::Text(include_str!("text/workout-form.md")),
    },
];

/// What Garmin takes for a form. None of ours depends on the athlete.
fn compiled(form: &str) -> Result<Content, ToolError> {
    let unusable = ToolError::UpstreamChanged { what: "template" };
    let Ok(form) = serde_json::from_str(form) else { return Err(unusable) };
    match parse(&form, &form::Athlete::default()) {
        Ok(parsed) => Ok(Content::Json(compile(&parsed.form))),
        Err(_) => Err(unusable),
    }
}

#[cfg(test)]
mod tests {
    use garmin::workout::{decompile, differences};

    use super::*;

    #[test]
    fn every_template_is_a_workout_that_comes_back_as_it_was_sent() {
        const FORMS: [&str; 8] = [
            include_str!("text/workouts/simple-run.json"),
            include_str!("text/workouts/interval-running.json"),
            include_str!("text/workouts/tempo-run.json"),
            include_str!("text/workouts/strength-circuit.json"),
            include_str!("text/workouts/cycling-power-intervals.json"),
            include_str!("text/workouts/swim-intervals.json"),
            include_str!("text/workouts/brick-triathlon.json"),
            include_str!("text/workouts/walk-run.json"),
        ];
        assert_eq!(FORMS.len() + 1, ALL.len());
        for text in FORMS {
            let form = serde_json::from_str(text).unwrap();
            let parsed = parse(&form, &form::Athlete::default()).unwrap();
            assert!(parsed.warnings.is_empty(), "{text}: {:?}", parsed.warnings);
            let sent = compile(&parsed.form);
            let again = decompile(&sent).unwrap();
            let stored = compile(&again.form);
            assert!(differences(&sent, &stored).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_example_of_the_form_is_one() {
        let page = include_str!("text/workout-form.md");
        let example = page.split("```").nth(1).unwrap().strip_prefix("json").unwrap();
        let form = serde_json::from_str(example).unwrap();
        assert!(parse(&form, &form::Athlete::default()).is_ok());
    }
}
