//! The catalogue as people see it. It comes from the worker's, through a generated file: the
//! gateway does not link the worker.

use std::sync::LazyLock;

use serde::Deserialize;

/// Written by `scripts/gen-docs`, which CI compares with the catalogue.
const GENERATED: &str = include_str!("../../../../templates/tools.json");

static ALL: LazyLock<Vec<Toolset<'static>>> =
    // A test reads it whole.
    LazyLock::new(|| serde_json::from_str(GENERATED).unwrap_or_default());

/// Tools that belong together.
#[derive(Debug, Clone, Deserialize)]
pub struct Toolset<'a> {
    pub name: &'a str,
    pub about: &'a str,
    #[serde(borrow)]
    pub tools: Vec<Tool<'a>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Tool<'a> {
    pub name: &'a str,
    pub title: &'a str,
    /// One sentence.
    pub what: &'a str,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Reads,
    Adds,
    Sets,
    Destroys,
}

pub(super) fn all() -> &'static [Toolset<'static>] {
    &ALL
}

pub(super) fn count(sets: &[Toolset<'_>]) -> u32 {
    let tools: usize = sets.iter().map(|set| set.tools.len()).sum();
    u32::try_from(tools).unwrap_or(u32::MAX)
}

/// The tools whose name, title, sentence or toolset's name has every word of the query; all of
/// them without one.
pub(super) fn find(query: &str) -> Vec<Toolset<'static>> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let sets = all().iter().map(|set| {
        let wanted = |tool: &&Tool<'_>| {
            let text = [set.name, tool.name, tool.title, tool.what].join(" ");
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let tools = set.tools.iter().filter(wanted).copied().collect();
        Toolset { name: set.name, about: set.about, tools }
    });
    sets.filter(|set| !set.tools.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_catalogue_is_read_whole() {
        let sets: Vec<Toolset<'_>> = serde_json::from_str(GENERATED).unwrap();
        assert!(sets.len() > 10 && count(&sets) > 150, "{} sets", sets.len());
        assert_eq!(count(&sets), count(all()));
        for tool in sets.iter().flat_map(|set| &set.tools) {
            assert!(!tool.title.is_empty() && tool.what.len() > 10, "{}", tool.name);
        }
    }

    #[test]
    fn every_word_of_a_query_counts() {
        let names = |query| -> Vec<&str> {
            find(query).iter().flat_map(|set| set.tools.clone()).map(|tool| tool.name).collect()
        };
        assert_eq!(names("").len(), names("  ").len());
        assert!(names("SLEEP").len() > 1 && names("sleep").len() < names("").len());
        assert!(names("GET_SLEEP_DATA sleep").contains(&"get_sleep_data"));
        assert!(names("sleep nosuchword").is_empty());
    }
}
