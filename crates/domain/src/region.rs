//! Garmin keeps two separate databases of people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which Garmin Connect an account lives in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// `garmin.com`
    #[default]
    Global,
    /// `garmin.cn`
    China,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Garmin domain; `garmin.com` and `garmin.cn` are")]
pub struct UnknownRegion;

impl Region {
    pub const ALL: [Self; 2] = [Self::Global, Self::China];

    /// The domain under which Garmin's hosts of this region live.
    #[must_use]
    pub fn domain(self) -> &'static str {
        match self {
            Self::Global => "garmin.com",
            Self::China => "garmin.cn",
        }
    }

    /// The word kept in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::China => "china",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        match text {
            "global" | "garmin.com" => Ok(Self::Global),
            "china" | "garmin.cn" => Ok(Self::China),
            _ => Err(UnknownRegion),
        }
    }
}
