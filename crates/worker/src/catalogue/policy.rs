//! What the operator lets be called: `TOOLS_ENABLED`, `TOOLS_DISABLED`, `TOOLS_READ_ONLY`.

use domain::contract::ToolPolicy;

use super::aliases;
use crate::tool::{Entry, Place};
use crate::tools;
use crate::toolset::Toolset;

/// The setting that keeps a tool from being called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Enabled,
    Disabled,
    ReadOnly,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "TOOLS_ENABLED",
            Self::Disabled => "TOOLS_DISABLED",
            Self::ReadOnly => "TOOLS_READ_ONLY",
        }
    }
}

/// Whether a tool may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Offered,
    Barred(Setting),
    /// Not in this place, as if there were no such tool.
    Absent,
}

pub(super) fn standing(
    tool: &Entry,
    toolset: Toolset,
    place: Place,
    policy: &ToolPolicy,
) -> Standing {
    let named = |patterns: &[String]| patterns.iter().any(|text| matches(text, tool, toolset));
    match tool.place {
        Place::Desktop if place != Place::Desktop => return Standing::Absent,
        Place::Gateway if place == Place::Desktop => return Standing::Absent,
        Place::Desktop | Place::Gateway | Place::Everywhere => {}
    }
    if !policy.enabled.is_empty() && !named(&policy.enabled) {
        return Standing::Barred(Setting::Enabled);
    }
    if named(&policy.disabled) {
        return Standing::Barred(Setting::Disabled);
    }
    // Signing in changes nothing in the account, and is what the errors of all others ask for.
    if policy.read_only && tool.class.changes_garmin() && tool.place == Place::Everywhere {
        return Standing::Barred(Setting::ReadOnly);
    }
    Standing::Offered
}

/// A pattern: a name, a name with `*` for any letters, or `@toolset`.
fn matches(pattern: &str, tool: &Entry, toolset: Toolset) -> bool {
    let pattern = pattern.trim().to_ascii_lowercase();
    match pattern.strip_prefix('@') {
        Some(name) => Toolset::named(name) == Some(toolset),
        None => {
            fits(&pattern, tool.name) || aliases::of(tool.name).any(|alias| fits(&pattern, alias))
        }
    }
}

/// Whether a name has the form of a pattern in which `*` stands for any letters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.len() >= end.len() && rest.ends_with(end),
    }
}

/// A word in the policy that means no tool, and what may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown<'a> {
    pub(crate) name: &'a str,
    pub(crate) closest: &'static str,
}

/// What the operator has misspelt: words of both lists, and toolsets of the profile.
pub(crate) fn unknown(policy: &ToolPolicy) -> impl Iterator<Item = Unknown<'_>> {
    let words = policy.enabled.iter().chain(&policy.disabled).map(String::as_str);
    let toolsets = policy.profile.iter().flat_map(|choice| choice.toolsets().map(|(name, _)| name));
    let patterns = words.filter_map(|word| match word.trim().strip_prefix('@') {
        Some(toolset) => unknown_toolset(toolset),
        None => unknown_tool(word),
    });
    patterns.chain(toolsets.filter_map(unknown_toolset))
}

fn unknown_tool(word: &str) -> Option<Unknown<'_>> {
    let pattern = word.trim().to_ascii_lowercase();
    let names = || tools::all().map(|tool| tool.name).chain(aliases::all().map(|(alias, _)| alias));
    if names().any(|name| fits(&pattern, name)) {
        return None;
    }
    Some(Unknown { name: word, closest: closest(word, names())? })
}

pub(super) fn unknown_toolset(word: &str) -> Option<Unknown<'_>> {
    if Toolset::named(word).is_some() {
        return None;
    }
    Some(Unknown {
        name: word,
        closest: closest(word, Toolset::ALL.into_iter().map(Toolset::name))?,
    })
}

/// The name that is the fewest letters away.
pub(crate) fn closest(
    word: &str,
    names: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    names.min_by_key(|name| distance(name, word))
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
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, name, expected) in [
            ("get_sleep", "get_sleep", true),
            ("get_sleep", "get_sleep_data", false),
            ("get_sleep*", "get_sleep", true),
            ("get_workout*", "get_workouts", true),
            ("*_sleep", "get_sleep", true),
            ("*sleep*", "get_sleep_data", true),
            ("get_*_data", "get_sleep_data", true),
            ("get_*_data", "get_data", false),
            ("get_*_*_range", "get_sleep_summary_range", true),
            ("*", "anything", true),
            ("**", "anything", true),
            ("", "anything", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_word_that_means_nothing_is_told() {
        let policy = ToolPolicy {
            profile: Some("core,+glof".parse().unwrap()),
            enabled: vec!["get_gear".into(), "get_ge*".into(), "@gear".into()],
            disabled: vec!["get_geaar".into(), "@geer".into(), "got_*".into()],
            ..ToolPolicy::default()
        };
        let unknown: Vec<_> = unknown(&policy).map(|found| (found.name, found.closest)).collect();
        assert_eq!(unknown[0], ("get_geaar", "get_gear"));
        assert_eq!(unknown[1], ("@geer".strip_prefix('@').unwrap(), "gear"));
        assert_eq!(unknown[2].0, "got_*");
        assert_eq!(unknown[3], ("glof", "golf"));
        assert_eq!(unknown.len(), 4);
        assert_eq!(distance("get_hrv", "get_hvr"), 2);
        assert_eq!((distance("", "abc"), distance("abc", "")), (3, 3));
    }
}
