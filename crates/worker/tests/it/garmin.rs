//! A Garmin of our own, with one athlete.

use std::sync::Arc;

use domain::clock::SystemClock;
use simulator::{
    AccountSpec, IssuedTokens, Mfa, MfaMethod, SeasonFacts, Simulator, SimulatorOptions,
};

pub(crate) const EMAIL: &str = "jo@example.org";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const CAREFUL: &str = "careful@example.org";
/// Trains as much as anybody can.
pub(crate) const HEAVY: &str = "heavy@example.org";

pub(crate) struct Garmin {
    pub(crate) simulator: Simulator,
}

impl Garmin {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let accounts = vec![
            AccountSpec::new(EMAIL, PASSWORD),
            AccountSpec::new(CAREFUL, PASSWORD).athlete(2).mfa(Mfa::generated(MfaMethod::Email)),
            AccountSpec::new(HEAVY, PASSWORD).athlete(3).heavy(),
        ];
        let options = SimulatorOptions::new(Arc::new(SystemClock), accounts);
        Self { simulator: Simulator::start(listener, options).await.unwrap() }
    }

    pub(crate) fn tokens(&self) -> IssuedTokens {
        self.tokens_of(EMAIL)
    }

    pub(crate) fn tokens_of(&self, email: &str) -> IssuedTokens {
        self.simulator.control().sign_in(email).unwrap()
    }

    pub(crate) fn season(&self) -> SeasonFacts {
        self.simulator.control().season(EMAIL).unwrap()
    }
}
