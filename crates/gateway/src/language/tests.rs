//! No text is missing, in any language, and none says other things than its English twin.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_bundle::FluentResource;

use super::text::sources;
use super::*;

const TAGS: [&str; 8] =
    ["<strong>", "</strong>", "<em>", "</em>", "<code>", "</code>", "<bdi>", "</bdi>"];

/// Key and text of each message, as they are in the file.
fn messages(source: &'static str) -> BTreeMap<&'static str, String> {
    let mut messages: BTreeMap<&str, String> = BTreeMap::new();
    let mut latest = None;
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some((key, text)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
            assert!(messages.insert(key, text.to_owned()).is_none(), "{key} is there twice");
            latest = Some(key);
        } else if let Some(key) = latest {
            messages.entry(key).or_default().push_str(line);
        }
    }
    messages
}

fn all(language: Language) -> BTreeMap<&'static str, String> {
    let mut all = BTreeMap::new();
    for source in sources(language) {
        for (key, text) in messages(source) {
            assert!(all.insert(key, text).is_none(), "{key} is in two files");
        }
    }
    all
}

/// Every literal in a call of `t("…")`, in templates and in the crate's sources.
fn used() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    let mut folders = vec![root.join("../../templates"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "html" || kind == "rs") {
                used.extend(calls(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    used
}

fn calls(text: &str) -> Vec<String> {
    let call = concat!("t(", "\"");
    let begin = |(at, _): (usize, &str)| {
        let before = text[..at].chars().next_back();
        let is_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let key = text[at + call.len()..].split('"').next();
        let is_key = |key: &&str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        key.filter(|_| !is_name).filter(is_key).map(str::to_owned)
    };
    text.match_indices(call).filter_map(begin).collect()
}

#[test]
fn every_language_has_every_text_that_is_used_and_no_other() {
    let used = used();
    assert!(used.len() > 100, "only {} texts were found", used.len());
    for language in Language::ALL {
        let known: BTreeSet<String> = all(language).into_keys().map(str::to_owned).collect();
        let missing: Vec<_> = used.difference(&known).collect();
        let idle: Vec<_> = known.difference(&used).collect();
        assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
        assert!(idle.is_empty(), "nobody uses {idle:?} in {language:?}");
    }
}

#[test]
fn a_call_is_found_wherever_it_stands() {
    let text = "{{ site.t(\"a-b\") }} t(\"c\").with(\"d\", e) insert(\"f\") at(\"g\") (t(\"h\"))";
    assert_eq!(calls(text), ["a-b", "c", "h"]);
}

#[test]
fn every_file_is_read_without_a_complaint() {
    for source in Language::ALL.into_iter().flat_map(sources) {
        if let Err((_, errors)) = FluentResource::try_new((*source).to_owned()) {
            panic!("{errors:?} in {source:.60}");
        }
    }
}

#[test]
fn texts_hold_no_markup_but_a_few_tags() {
    for (key, text) in Language::ALL.into_iter().flat_map(all) {
        let bare = TAGS.iter().fold(text.clone(), |text, tag| text.replace(tag, ""));
        assert!(!bare.contains(['<', '>', '&', '"']) || bare.contains("->"), "{key}: {text}");
        assert!(!bare.replace("->", "").contains(['<', '>', '&', '"']), "{key}: {text}");
        for pair in TAGS.chunks(2) {
            let count = |tag| text.matches(tag).count();
            assert_eq!(count(pair[0]), count(pair[1]), "{key}: {text}");
        }
    }
}

/// The values a text wants, and how often it uses each tag.
fn shape(text: &str) -> (BTreeSet<String>, Vec<usize>) {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric()).collect();
    let values = text.split('$').skip(1).map(name).collect();
    (values, TAGS.iter().map(|tag| text.matches(tag).count()).collect())
}

#[test]
fn every_translation_has_the_values_and_the_tags_of_the_english_text() {
    let english = all(Language::English);
    for language in Language::ALL {
        for (key, text) in all(language) {
            assert_eq!(shape(&text), shape(&english[key]), "{key} in {language:?}");
        }
    }
}

/// Names, and words that are the same.
const SAME: [&str; 6] = [
    "help-chatgpt",
    "help-code",
    "help-codex",
    "help-cursor",
    "help-vscode",
    "sign-in-region-china",
];

#[test]
fn nothing_was_left_in_english() {
    let english = all(Language::English);
    for (key, text) in all(Language::German) {
        assert_eq!(text == english[key], SAME.contains(&key), "{key}: {text}");
    }
}

#[test]
fn what_is_put_into_a_text_is_escaped() {
    let text = Language::English.t("sign-in-signed-in-as").with("account", "<b>&\"'</b> { $x }");
    let html = text.to_string();
    assert!(html.starts_with("You are signed in at Garmin as <strong><bdi>&#"), "{html}");
    assert!(!html.contains("<b>") && html.contains("{ $x }"), "{html}");
}
