//! The languages of the pages, and which of them a person gets.
//!
//! Pages are for people and translated; what machines read (JSON, logs, tool descriptions) is
//! English everywhere.

mod asked;
mod text;

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::extract::form::Params;

pub use text::Text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    German,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// As in `lang`, `Content-Language` and an account's settings.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What those who speak it call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// This one, unless somebody has chosen another in their account.
    #[must_use]
    pub fn unless(self, chosen: Option<Self>) -> Self {
        chosen.unwrap_or(self)
    }

    /// The text of a key. Keys are written as literals: a test reads the sources and knows by
    /// that that none is missing.
    #[must_use]
    pub fn t(self, key: &'static str) -> Text {
        Text::new(self, key)
    }
}

/// Who reads a page: in which language, and whether they picked it on a page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    pub language: Language,
    pub has_chosen: bool,
}

impl Reader {
    /// `?lang=` first, which the links at the foot of a page use; then what the browser asks for.
    fn of(parts: &Parts) -> Self {
        let params = Params::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let chosen = params.one("lang").ok().flatten().and_then(Language::parse);
        let language = asked::language(&parts.headers).unless(chosen);
        Self { language, has_chosen: chosen.is_some() }
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Reader::of(parts).language)
    }
}
