//! `CLIENT_DOCUMENTS`: whose metadata documents are accepted.

pub(super) const ACCEPTS: &str =
    "open, off, or host names separated by commas such as claude.ai,chatgpt.com";

/// Which clients may be a document (mcp-and-oauth: Client ID Metadata Documents).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientDocuments {
    /// From anywhere; people are told which hosts nobody vouches for.
    Open,
    /// From nowhere, and nobody is invited to try.
    Off,
    /// From these hosts, written in lower case.
    Only(Vec<String>),
}

impl ClientDocuments {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "open" => return Some(Self::Open),
            "off" => return Some(Self::Off),
            _ => {}
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let host = |word: &str| {
            let inner = !word.starts_with('.') && !word.ends_with('.') && word.contains('.');
            (inner && word.chars().all(plain)).then(|| word.to_ascii_lowercase())
        };
        let hosts = super::vars::words(text).map(host).collect::<Option<Vec<_>>>()?;
        (!hosts.is_empty()).then_some(Self::Only(hosts))
    }

    /// Whether documents are accepted at all.
    #[must_use]
    pub fn are_on(&self) -> bool {
        match self {
            Self::Open | Self::Only(_) => true,
            Self::Off => false,
        }
    }

    #[must_use]
    pub fn accepts(&self, host: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Off => false,
            Self::Only(_) => self.names(host),
        }
    }

    /// Whether the operator has named this host.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        match self {
            Self::Open | Self::Off => false,
            Self::Only(hosts) => hosts.iter().any(|named| named == host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_hosts_and_nothing_else() {
        let only = ClientDocuments::parse("Claude.ai, client.example").unwrap();
        assert!(only.accepts("claude.ai") && only.names("client.example"));
        assert!(!only.accepts("evil.claude.ai") && !only.accepts("evilclaude.ai"));
        for bad in ["", ",", "https://claude.ai", "claude", "*.ai", "claude.ai:443", ".ai", "on"] {
            assert!(ClientDocuments::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn open_accepts_everyone_and_off_no_one() {
        let [open, off] = ["open", "off"].map(|text| ClientDocuments::parse(text).unwrap());
        assert!(open.accepts("client.example") && open.are_on() && !open.names("client.example"));
        assert!(!off.accepts("claude.ai") && !off.are_on());
    }
}
