//! The people who can sign in: what a test asks for, and what the simulator remembers of them.

use std::fmt;
use std::sync::Arc;

use domain::clock::Timestamp;
use domain::region::Region;
use serde::{Deserialize, Serialize};

use crate::api::{Edits, Pantry};
use crate::athlete::Athlete;
use crate::belongings::Belongings;
use crate::diary::Diary;

/// How the second factor reaches the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MfaMethod {
    Email,
    Sms,
    Totp,
}

impl MfaMethod {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Totp => "totp",
        }
    }
}

/// Where codes come from.
#[derive(Clone, PartialEq, Eq)]
pub enum MfaCode {
    /// Always this one; `demo` prints it.
    Fixed(String),
    /// Another for every login (or, for an authenticator app, every 30 seconds). Read it with
    /// [`crate::Control::mfa_code`].
    Generated,
}

/// Whether the widget page has already sent a code when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeDelivery {
    /// `codeSentTo` is empty until the client asks for delivery.
    OnRequest,
    /// `codeSentTo` says where the code went.
    Automatic,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Mfa {
    pub method: MfaMethod,
    pub code: MfaCode,
    pub widget_delivery: CodeDelivery,
}

impl Mfa {
    /// A second factor with its own code for every login, and the widget waiting to be asked.
    #[must_use]
    pub const fn generated(method: MfaMethod) -> Self {
        Self { method, code: MfaCode::Generated, widget_delivery: CodeDelivery::OnRequest }
    }

    /// A second factor whose code never changes.
    #[must_use]
    pub fn fixed(method: MfaMethod, code: impl Into<String>) -> Self {
        let code = MfaCode::Fixed(code.into());
        Self { method, code, widget_delivery: CodeDelivery::OnRequest }
    }
}

/// What Garmin thinks of an account when its password arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    Normal,
    Locked,
    /// Every login is scored as a bot.
    Captcha,
    /// A child's or family account: no web login.
    Child,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    Metric,
    StatuteUs,
}

impl Units {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::StatuteUs => "statute_us",
        }
    }
}

/// One account of the simulated Garmin.
#[derive(Clone)]
pub struct AccountSpec {
    pub email: String,
    pub password: String,
    pub mfa: Option<Mfa>,
    pub region: Region,
    /// Which person it is: another number, another name, body, watch and year.
    pub athlete_seed: u64,
    /// IANA name; the athlete's days begin and end in it.
    pub zone: String,
    /// IANA name of where the athlete spent the week before last; the profile keeps `zone`.
    pub abroad: Option<String>,
    /// Trains as much as anybody can: rides of six hours, and long runs to match.
    pub heavy: bool,
    pub state: AccountState,
    pub units: Units,
}

impl AccountSpec {
    /// An ordinary account: no second factor, `garmin.com`, Paris, metric.
    #[must_use]
    pub fn new(email: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
            mfa: None,
            region: Region::Global,
            athlete_seed: 1,
            zone: "Europe/Paris".to_owned(),
            abroad: None,
            heavy: false,
            state: AccountState::Normal,
            units: Units::Metric,
        }
    }

    #[must_use]
    pub fn mfa(mut self, mfa: Mfa) -> Self {
        self.mfa = Some(mfa);
        self
    }

    #[must_use]
    pub const fn athlete(mut self, seed: u64) -> Self {
        self.athlete_seed = seed;
        self
    }

    #[must_use]
    pub const fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// Makes the athlete train as much as anybody can.
    #[must_use]
    pub const fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }

    /// Lets the athlete spend the week before last in this zone.
    #[must_use]
    pub fn abroad(mut self, zone: impl Into<String>) -> Self {
        self.abroad = Some(zone.into());
        self
    }
}

impl fmt::Debug for AccountSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountSpec")
            .field("region", &self.region)
            .field("athlete_seed", &self.athlete_seed)
            .field("zone", &self.zone)
            .field("abroad", &self.abroad)
            .field("heavy", &self.heavy)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What happened to an account, for assertions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Passwords presented on any of the three strategies.
    pub login_attempts: u64,
    /// Service tickets handed out.
    pub logins: u64,
    /// Tickets exchanged for tokens.
    pub exchanges: u64,
    /// Refreshes asked for with a token we know, whatever came of them.
    pub refreshes: u64,
    /// Refreshes that committed a new pair, heard or not.
    pub rotated: u64,
    /// Refreshes refused.
    pub rejected: u64,
    /// Of the refused, those that presented a token already spent.
    pub reused: u64,
    /// Refreshes that began while another of the same account was under way.
    pub overlapping: u64,
    /// API requests with a live token.
    pub api_calls: u64,
    /// API requests answered 401.
    pub api_refused: u64,
    /// The most requests for data that were under way at one moment, delays included.
    pub api_at_once: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AccountIndex(pub(crate) usize);

/// A code on its way to the person.
pub(crate) struct SentCode {
    pub(crate) code: String,
    /// The login it belongs to; a later login makes it worthless.
    pub(crate) attempt: u64,
    pub(crate) expires: Timestamp,
}

/// An account and what has happened to it since the start.
pub(crate) struct Account {
    pub(crate) spec: AccountSpec,
    pub(crate) state: AccountState,
    pub(crate) wrong_passwords: u32,
    pub(crate) attempt: u64,
    pub(crate) sent: Option<SentCode>,
    pub(crate) counters: Counters,
    pub(crate) refreshes_in_flight: u32,
    pub(crate) reads_in_flight: u64,
    /// How many more profile answers come without a display name.
    pub(crate) nameless_profiles: u32,
    pub(crate) athlete: Arc<Athlete>,
    pub(crate) belongings: Belongings,
    pub(crate) diary: Diary,
    pub(crate) edits: Edits,
    pub(crate) pantry: Pantry,
}

impl Account {
    pub(crate) fn masked_email(&self) -> String {
        let first = self.spec.email.chars().next().unwrap_or('x');
        let host = self.spec.email.split_once('@').map_or("example.org", |(_, host)| host);
        format!("{first}***@{host}")
    }
}
