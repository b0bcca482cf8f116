//! Named values from `.env` and the environment, and the one error about them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::table;

/// What the operator set. An empty value counts as unset: compose files pass those.
#[derive(Clone, Default)]
pub struct Vars(BTreeMap<String, String>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error(
        "GATEWAY_SECRET is not set (nor GATEWAY_SECRET_FILE): everything stored is sealed under \
         it; try `openssl rand -base64 48`"
    )]
    MissingSecret,
    /// The message never holds the value of a secret.
    #[error("{name}{shown} cannot be used: {problem}")]
    Unusable { name: &'static str, shown: String, problem: String },
    #[error("the environment variable {name} is not valid UTF-8")]
    NotUtf8 { name: String },
    #[error("cannot read .env: {0}")]
    DotEnv(String),
}

impl Vars {
    /// `.env` in the working directory first; the environment wins.
    pub fn from_process() -> Result<Self, ConfigError> {
        let file = match std::fs::read_to_string(".env") {
            Ok(text) => parse_dot_env(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(ConfigError::DotEnv(error.to_string())),
        };
        let known = |name: &str| table().iter().any(|setting| setting.name == name);
        let mut all = file;
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            match value.into_string() {
                Ok(value) => _ = all.insert(name.to_owned(), value),
                Err(_) if known(name) => {
                    return Err(ConfigError::NotUtf8 { name: name.to_owned() });
                }
                Err(_) => {}
            }
        }
        Ok(Self(all))
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// What was set under a name of the table.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(
            table().iter().any(|setting| setting.name == name) || super::RETIRED.contains(&name),
            "{name} is missing from the table"
        );
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(super) fn unusable(&self, name: &'static str, problem: &str) -> ConfigError {
        let secret = table().iter().any(|setting| setting.name == name && setting.secret);
        let shown = match self.get(name) {
            Some(value) if !secret => format!("={value:?}"),
            Some(_) | None => String::new(),
        };
        ConfigError::Unusable { name, shown, problem: problem.to_owned() }
    }

    pub(super) fn parsed<T>(
        &self,
        name: &'static str,
        accepts: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.unusable(name, &format!("it accepts {accepts}"))),
        }
    }

    pub(super) fn number<T>(
        &self,
        name: &'static str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, ConfigError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let accepts = format!("a whole number from {} to {}", range.start(), range.end());
        self.parsed(name, &accepts, |text| text.parse().ok().filter(|value| range.contains(value)))
    }

    pub(super) fn switch(&self, name: &'static str) -> Result<Option<bool>, ConfigError> {
        self.parsed(name, "on or off", |text| match text.to_ascii_lowercase().as_str() {
            "on" | "true" | "1" | "yes" => Some(true),
            "off" | "false" | "0" | "no" => Some(false),
            _ => None,
        })
    }

    pub(super) fn list(&self, name: &'static str) -> Vec<String> {
        self.get(name).map(|text| words(text).map(str::to_owned).collect()).unwrap_or_default()
    }

    /// `_FILE` variables: the file's text without the line break editors add.
    #[expect(clippy::unused_self, reason = "one place for every way in")]
    pub(super) fn secret_file(
        &self,
        name: &'static str,
        path: &str,
    ) -> Result<SecretString, ConfigError> {
        let text =
            std::fs::read_to_string(Path::new(path)).map(Zeroizing::new).map_err(|error| {
                let problem = format!("the file cannot be read ({})", error.kind());
                ConfigError::Unusable { name, shown: format!("={path:?}"), problem }
            })?;
        Ok(text.trim().into())
    }
}

/// The parts of a comma-separated list.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// `KEY=VALUE` lines; `#` comments and lines without `=` are skipped; one pair of matching
/// quotes around a value is taken off.
fn parse_dot_env(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        let unquoted = ['"', '\''].into_iter().find_map(|quote| {
            value.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote))
        });
        Some((key.to_owned(), unquoted.unwrap_or(value).to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_env_file_is_read_as_the_original_gateway_read_it() {
        let text = "# c=1\n\nnothing\nA = 1\nB=\"two words\"\nC='x\nD=a=b\n E='' \n";
        let pairs = parse_dot_env(text);
        let expected = [("A", "1"), ("B", "two words"), ("C", "'x"), ("D", "a=b"), ("E", "")];
        assert_eq!(pairs.len(), expected.len());
        for (key, value) in expected {
            assert_eq!(pairs.get(key).map(String::as_str), Some(value), "{key}");
        }
    }
}
