//! What an import found, took and left, row by row where it left something.

use domain::email::LoginEmail;
use serde::Serialize;

use super::OldGateway;

/// What came over, or would.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    pub gateway: OldGateway,
    pub accounts: Tally,
    pub clients: Tally,
    pub tokens: Tally,
    pub usage: Tally,
    /// Accounts that came over and whose session nobody has used for 30 days: Garmin forgets
    /// such a one, and asks its person to sign in.
    pub stale: u64,
    /// Tokens of clients that the other database had lost: they go on, but the client has to
    /// register again when they end.
    pub lost_clients: u64,
    /// Every row that was not taken, and why.
    pub not_taken: Vec<NotTaken>,
    pub left_behind: Vec<LeftBehind>,
}

/// Rows of one kind. `found` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub found: u64,
    pub taken: u64,
    /// Known here, and newer there.
    pub renewed: u64,
    /// Known here; nothing is changed.
    pub known: u64,
    pub not_taken: u64,
}

/// A row that stays where it is.
#[derive(Debug, Clone, Serialize)]
pub struct NotTaken {
    pub table: &'static str,
    /// SQLite's `rowid`.
    pub row: i64,
    pub reason: Reason,
    /// Whose it is, where that can be read. Not written by itself: it names a person.
    #[serde(skip)]
    pub whose: Option<LoginEmail>,
}

/// Rows of a kind that has no place here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    pub what: &'static str,
    pub rows: u64,
}

/// Why a row is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NotAnEmail,
    BlobMalformed,
    OtherSecret,
    NoGarminTokens,
    SameGarminAccount,
    Forgotten,
    ClientMalformed,
    NoRedirectUri,
    TokenMalformed,
    Expired,
    NoAccount,
    AccountNotTaken,
    UsageMalformed,
    NoToolCall,
}

impl Reason {
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotAnEmail => "its name is no e-mail address, so nobody could sign in to it",
            Self::BlobMalformed => "its session is not in the form these gateways wrote",
            Self::OtherSecret => "its session is sealed under another secret, or damaged",
            Self::NoGarminTokens => "its session holds no usable Garmin tokens",
            Self::SameGarminAccount => {
                "the same Garmin account as a row with a newer session, which is taken instead"
            }
            Self::Forgotten => "was brought here before, and has been forgotten here since",
            Self::ClientMalformed => "its id or the hash of its secret cannot be read",
            Self::NoRedirectUri => "none of its redirect URIs is accepted here",
            Self::TokenMalformed => "its hash or its end cannot be read",
            Self::Expired => "has expired",
            Self::NoAccount => "its account is not there",
            Self::AccountNotTaken => "its account is not taken: the client asks for a sign-in",
            Self::UsageMalformed => "its account, tool or count cannot be read",
            Self::NoToolCall => "counts what clients say by themselves, not calls of a tool",
        }
    }
}
