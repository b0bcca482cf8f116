//! What every page shows of the gateway itself, in the language of whoever reads it.

use std::borrow::Borrow;

use domain::tools::Profile;

use super::assets;
use super::tools::Kind;
use crate::language::{Language, Reader, Text};
use crate::outlook::Outlook;
use crate::state::AppState;

#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    pub language: Language,
    /// Whether the language was picked on a page; links then carry it on.
    pub has_chosen: bool,
    pub operator_name: Option<&'a str>,
    pub operator_email: Option<&'a str>,
}

impl<'a> Site<'a> {
    #[must_use]
    pub fn of(app: &'a AppState, language: Language) -> Self {
        let operator = &app.config.operator;
        Self {
            language,
            has_chosen: false,
            operator_name: operator.name.as_deref(),
            operator_email: operator.email.as_deref(),
        }
    }

    #[must_use]
    pub fn read_by(app: &'a AppState, reader: Reader) -> Self {
        Self { has_chosen: reader.has_chosen, ..Self::of(app, reader.language) }
    }

    /// The text of a key, in the page's language.
    #[must_use]
    pub fn t(&self, key: &'static str) -> Text {
        self.language.t(key)
    }

    /// Where the style sheet is; the address changes with its contents, so it may be cached
    /// for good.
    #[must_use]
    pub fn style(&self) -> &'static str {
        assets::style_address()
    }

    /// The picture that messengers show beside a link.
    #[must_use]
    pub fn preview(&self) -> &'static str {
        assets::PREVIEW_PATH
    }

    /// What a link to a page of ours ends with.
    #[must_use]
    pub fn suffix(&self) -> String {
        if self.has_chosen { format!("?lang={}", self.language.tag()) } else { String::new() }
    }

    #[must_use]
    pub fn other_languages(&self) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| *language != self.language).collect()
    }

    // What a template hands over is a reference or not, as it pleases its engine.

    /// A profile in words that a person can tell apart without a manual.
    #[must_use]
    pub fn profile(&self, profile: impl Borrow<Profile>) -> Text {
        match profile.borrow() {
            Profile::Everyday => self.t("sign-in-tools-everyday"),
            Profile::Core => self.t("sign-in-tools-core"),
            Profile::Garmin => self.t("sign-in-tools-garmin"),
            Profile::Health => self.t("sign-in-tools-health"),
            Profile::Athlete => self.t("sign-in-tools-athlete"),
            Profile::ReadOnly => self.t("sign-in-tools-read-only"),
            Profile::Full => self.t("sign-in-tools-full"),
            Profile::CompatMcpGarmin => self.t("sign-in-tools-compat"),
        }
    }

    pub(super) fn is_english(&self) -> bool {
        self.language == Language::English
    }

    pub(super) fn outlook(&self, outlook: impl Borrow<Outlook>) -> Text {
        match outlook.borrow() {
            Outlook::Quiet => self.t("landing-quiet"),
            Outlook::Fine => self.t("landing-fine"),
            Outlook::Unsteady => self.t("landing-unsteady"),
            Outlook::Trouble => self.t("landing-trouble"),
        }
    }

    pub(super) fn change(&self, kind: impl Borrow<Kind>) -> Option<Text> {
        match kind.borrow() {
            Kind::Reads => None,
            Kind::Adds => Some(self.t("tools-adds")),
            Kind::Sets => Some(self.t("tools-sets")),
            Kind::Destroys => Some(self.t("tools-destroys")),
        }
    }
}
