//! What an athlete has chosen on their account page, for all their apps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The units results are in where a call asks for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitSystem {
    Metric,
    Imperial,
}

impl UnitSystem {
    pub const ALL: [Self; 2] = [Self::Metric, Self::Imperial];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Imperial => "imperial",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.as_str() == text)
    }
}

impl fmt::Display for UnitSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Each is absent until somebody has chosen: then Garmin, or the browser, decides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<UnitSystem>,
    /// The name of an IANA zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Of our pages, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_older_or_a_newer_version_are_read() {
        let read = |text: &str| serde_json::from_str::<Settings>(text).unwrap();
        assert_eq!(read("{}"), Settings::default());
        let later = read(r#"{"units":"imperial","colour":"blue"}"#);
        assert_eq!(later.units, Some(UnitSystem::Imperial));
        assert_eq!(serde_json::to_string(&Settings::default()).unwrap(), "{}");
        for system in UnitSystem::ALL {
            assert_eq!(UnitSystem::parse(system.as_str()), Some(system));
        }
        assert_eq!(UnitSystem::parse("Metric"), None);
    }
}
