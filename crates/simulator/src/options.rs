//! What a simulator is started with.

use std::sync::Arc;

use domain::clock::Clock;

use crate::accounts::AccountSpec;

/// The client ids the token host knows, newest first.
pub(crate) const CLIENT_IDS: [&str; 4] = [
    "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2",
    "GARMIN_CONNECT_MOBILE_ANDROID_DI_2024Q4",
    "GARMIN_CONNECT_MOBILE_ANDROID_DI",
    "GARMIN_CONNECT_MOBILE_IOS_DI",
];

/// How long tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLife {
    pub access_secs: i64,
    pub refresh_secs: i64,
}

impl Default for TokenLife {
    /// The lives seen in the wild: about 27 hours and 30 days.
    fn default() -> Self {
        Self { access_secs: 97_344, refresh_secs: 2_591_999 }
    }
}

/// How the widget shows the page that asks for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WidgetMfaPage {
    /// As the answer to the credentials.
    #[default]
    Inline,
    /// Behind a redirect, at its own address.
    Redirect,
}

/// Whether faults can also be asked for over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControlSurface {
    #[default]
    InProcess,
    /// JSON under `/_control`, for tests and benches in another process.
    Http,
}

#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Makes tickets, tokens and codes; athletes have their own seeds.
    pub seed: u64,
    /// Decides what "today" is, and the life of tickets, codes and tokens.
    pub clock: Arc<dyn Clock>,
    pub accounts: Vec<AccountSpec>,
    pub token_life: TokenLife,
    /// Client ids the token host still accepts; the rest answer 400.
    pub client_ids: Vec<String>,
    /// Wrong passwords in a row until the account locks.
    pub lockout_after: u32,
    pub mfa_code_secs: i64,
    pub widget_mfa_page: WidgetMfaPage,
    pub control: ControlSurface,
}

impl SimulatorOptions {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, accounts: Vec<AccountSpec>) -> Self {
        Self {
            seed: 1,
            clock,
            accounts,
            token_life: TokenLife::default(),
            client_ids: CLIENT_IDS.map(str::to_owned).to_vec(),
            lockout_after: 5,
            mfa_code_secs: 600,
            widget_mfa_page: WidgetMfaPage::default(),
            control: ControlSurface::default(),
        }
    }
}
