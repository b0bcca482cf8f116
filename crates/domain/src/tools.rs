//! Which tools an app is shown: named profiles, and what one device has chosen.
//!
//! A choice decides what is listed. What may be called is the operator's and the scopes'
//! business, so a choice is never a matter of security.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A named selection of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// What daily questions need; the default.
    Everyday,
    /// The fewest that answer most questions.
    Core,
    /// Every name of `garmin_mcp`, and what goes with them.
    Garmin,
    Health,
    Athlete,
    ReadOnly,
    Full,
    /// The names of `mcp-garmin`.
    CompatMcpGarmin,
}

impl Profile {
    pub const ALL: [Self; 8] = [
        Self::Everyday,
        Self::Core,
        Self::Garmin,
        Self::Health,
        Self::Athlete,
        Self::ReadOnly,
        Self::Full,
        Self::CompatMcpGarmin,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everyday => "everyday",
            Self::Core => "core",
            Self::Garmin => "garmin",
            Self::Health => "health",
            Self::Athlete => "athlete",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::CompatMcpGarmin => "compat_mcp_garmin",
        }
    }

    /// What it holds, in a few words for people.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Everyday => "Everyday questions",
            Self::Core => "The essentials, for apps with room for 40 tools",
            Self::Garmin => "All tools of garmin_mcp",
            Self::Health => "Health, body and nutrition",
            Self::Athlete => "Training, analysis and workouts",
            Self::ReadOnly => "All tools that only read",
            Self::Full => "All tools",
            Self::CompatMcpGarmin => "The tools of mcp-garmin",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A profile, with toolsets added and removed: `core,+golf,-nutrition`. Without a profile the
/// changes apply to the default one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolChoice {
    pub profile: Option<Profile>,
    /// Toolset to whether it is added.
    toolsets: BTreeMap<String, bool>,
}

/// Beyond what any catalogue has; a choice travels in a header and lies in a row.
const MOST_TOOLSETS: usize = 40;
const LONGEST_TOOLSET: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a profile (everyday, core, garmin, health, athlete, read_only, full, compat_mcp_garmin), \
     and +toolset or -toolset after commas"
)]
pub struct BadChoice;

impl ToolChoice {
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        Self { profile: Some(profile), toolsets: BTreeMap::new() }
    }

    /// Adds or removes a toolset; the last word on one counts.
    pub fn set(&mut self, toolset: &str, added: bool) -> Result<(), BadChoice> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fits = (1..=LONGEST_TOOLSET).contains(&toolset.len())
            && toolset.bytes().all(plain)
            && (self.toolsets.len() < MOST_TOOLSETS || self.toolsets.contains_key(toolset));
        if !fits {
            return Err(BadChoice);
        }
        self.toolsets.insert(toolset.to_owned(), added);
        Ok(())
    }

    /// What was said of a toolset: `true` when it was added.
    #[must_use]
    pub fn says_of(&self, toolset: &str) -> Option<bool> {
        self.toolsets.get(toolset).copied()
    }

    /// The toolsets that are named.
    pub fn toolsets(&self) -> impl Iterator<Item = (&str, bool)> {
        self.toolsets.iter().map(|(name, added)| (name.as_str(), *added))
    }

    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for ToolChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        if let Some(profile) = self.profile {
            f.write_str(profile.as_str())?;
            comma = ",";
        }
        for (name, added) in self.toolsets() {
            write!(f, "{comma}{}{name}", if added { '+' } else { '-' })?;
            comma = ",";
        }
        Ok(())
    }
}

impl FromStr for ToolChoice {
    type Err = BadChoice;

    fn from_str(text: &str) -> Result<Self, BadChoice> {
        let mut choice = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match (word.strip_prefix('+'), word.strip_prefix('-')) {
                (Some(toolset), _) => choice.set(toolset, true)?,
                (None, Some(toolset)) => choice.set(toolset, false)?,
                (None, None) if choice.profile.is_none() => {
                    choice.profile = Some(Profile::parse(word).ok_or(BadChoice)?);
                }
                (None, None) => return Err(BadChoice),
            }
        }
        Ok(choice)
    }
}

impl TryFrom<String> for ToolChoice {
    type Error = BadChoice;

    fn try_from(text: String) -> Result<Self, BadChoice> {
        text.parse()
    }
}

impl From<ToolChoice> for String {
    fn from(choice: ToolChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_it_is_read() {
        for text in ["", "core", "core,+golf,-nutrition", "+golf", "-a,+b"] {
            let choice: ToolChoice = text.parse().unwrap();
            assert_eq!(choice.to_string().parse(), Ok(choice), "{text}");
        }
        let choice: ToolChoice = " core , +golf, -golf ".parse().unwrap();
        assert_eq!(choice.to_string(), "core,-golf");
        assert_eq!(choice.says_of("golf"), Some(false));
        assert_eq!(choice.says_of("gear"), None);
        assert!("".parse::<ToolChoice>().unwrap().is_default());
        for profile in Profile::ALL {
            assert_eq!(Profile::parse(profile.as_str()), Some(profile));
            assert_eq!(serde_json::to_value(profile).unwrap(), profile.as_str());
        }
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        let long = "x".repeat(LONGEST_TOOLSET + 1);
        let many: Vec<String> = (0..=MOST_TOOLSETS).map(|at| format!("+t{at}")).collect();
        for bad in ["none", "core,full", "+", "-", "+Golf", "+a b", "+é", "core;x", "+a\u{0}"] {
            assert_eq!(bad.parse::<ToolChoice>(), Err(BadChoice), "{bad}");
        }
        assert!(format!("+{long}").parse::<ToolChoice>().is_err());
        assert!(many.join(",").parse::<ToolChoice>().is_err());
    }
}
