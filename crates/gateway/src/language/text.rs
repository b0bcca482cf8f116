//! Texts of pages, by key, from `templates/texts`.
//!
//! A text is written by us and may hold a few tags without attributes; what is put into one is
//! escaped first. So a text is the one thing on a page that is printed as it is.

use std::borrow::Borrow;
use std::fmt;
use std::sync::LazyLock;

use askama::filters::{Escaper, Html, HtmlSafe};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::Language;

macro_rules! texts {
    ($tag:literal: $($subject:literal),+) => {
        &[$(include_str!(concat!("../../../../templates/texts/", $tag, "/", $subject, ".ftl"))),+]
    };
}

const ENGLISH: &[&str] =
    texts!("en": "account", "base", "landing", "help", "tools", "sign-in", "problems", "refusals");
const GERMAN: &[&str] =
    texts!("de": "account", "base", "landing", "help", "tools", "sign-in", "problems", "refusals");

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[(Language, Bundle); 2]> =
    LazyLock::new(|| Language::ALL.map(|language| (language, bundle(language))));

pub(super) fn sources(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => ENGLISH,
        Language::German => GERMAN,
    }
}

fn bundle(language: Language) -> Bundle {
    let mut bundle = Bundle::new_concurrent(language.tag().parse().into_iter().collect());
    // Names stand in `<bdi>`; invisible characters would be copied along with an address.
    bundle.set_use_isolating(false);
    for source in sources(language) {
        // A test reads them all without a complaint.
        let (Ok(resource) | Err((resource, _))) = FluentResource::try_new((*source).to_owned());
        bundle.add_resource(resource).ok();
    }
    bundle
}

/// A sentence for a page, in one language. Printing it gives HTML.
#[derive(Debug, Clone)]
pub struct Text {
    language: Language,
    key: &'static str,
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone)]
enum Value {
    /// Escaped already.
    Shown(String),
    Number(u32),
}

impl Text {
    pub(super) fn new(language: Language, key: &'static str) -> Self {
        Self { language, key, values: Vec::new() }
    }

    /// Puts in what anybody may have written.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        let mut shown = String::new();
        // Writing to a string does not fail.
        let _ = Html.write_escaped_str(&mut shown, &value.to_string());
        self.values.push((name, Value::Shown(shown)));
        self
    }

    /// Puts in another text of ours.
    #[must_use]
    pub fn with_text(mut self, name: &'static str, text: &Text) -> Self {
        self.values.push((name, Value::Shown(text.to_string())));
        self
    }

    /// Puts in a number, which the text may choose its words by.
    #[must_use]
    pub fn count(mut self, name: &'static str, number: impl Borrow<u32>) -> Self {
        self.values.push((name, Value::Number(*number.borrow())));
        self
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundles = &*BUNDLES;
        let bundle = bundles.iter().find(|(language, _)| *language == self.language);
        let pattern =
            bundle.and_then(|(_, bundle)| Some((bundle, bundle.get_message(self.key)?.value()?)));
        let Some((bundle, pattern)) = pattern else { return f.write_str(self.key) };
        let args: FluentArgs<'_> = self
            .values
            .iter()
            .map(|(name, value)| match value {
                Value::Shown(shown) => (*name, FluentValue::from(shown)),
                Value::Number(number) => (*name, FluentValue::from(*number)),
            })
            .collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "{}: {errors:?}", self.key);
        f.write_str(&text)
    }
}

impl HtmlSafe for Text {}
