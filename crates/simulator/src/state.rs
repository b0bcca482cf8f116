//! Everything the simulated Garmin remembers, and the rules its tickets and tokens obey.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::clock::Timestamp;
use domain::region::Region;

use crate::accounts::{Account, AccountIndex, MfaCode, MfaMethod, SentCode};
use crate::athlete::Athlete;
use crate::chance::Seed;
use crate::faults::ArmedFault;
use crate::jwt;
use crate::options::{SimulatorOptions, TokenLife};
use crate::record::RecordedRequest;
use crate::sso::{Gates, SsoSession};

/// A service ticket is useless after this.
const TICKET_SECS: i64 = 60;
/// Requests remembered for assertions; older ones are forgotten.
const REMEMBERED_REQUESTS: usize = 20_000;
/// How long an authenticator app shows one code.
const TOTP_STEP_SECS: i64 = 30;

pub(crate) struct Inner {
    pub(crate) options: SimulatorOptions,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) accounts: Vec<Account>,
    pub(crate) sso_sessions: HashMap<String, SsoSession>,
    tickets: HashMap<String, Ticket>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
    pub(crate) client_ids: Vec<String>,
    pub(crate) token_life: TokenLife,
    pub(crate) gates: Gates,
    pub(crate) faults: Vec<ArmedFault>,
    pub(crate) next_fault: u64,
    pub(crate) requests: VecDeque<RecordedRequest>,
    seed: Seed,
    minted: i64,
}

struct Ticket {
    account: AccountIndex,
    service_url: String,
    issued: Timestamp,
}

struct AccessToken {
    account: AccountIndex,
    expires: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RefreshLife {
    Live,
    Spent,
    Revoked,
}

struct RefreshToken {
    account: AccountIndex,
    client_id: String,
    expires: Timestamp,
    life: RefreshLife,
}

/// A pair as the token host hands it out.
pub(crate) struct Pair {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in: i64,
    pub(crate) refresh_expires_in: i64,
    pub(crate) jti: String,
}

/// Why a grant bought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantRefused {
    Unknown,
    Expired,
    OtherService,
    OtherRegion,
    OtherClient,
    Spent,
    Revoked,
}

impl Inner {
    /// # Errors
    /// When an account's zone has no such name.
    pub(crate) fn new(options: SimulatorOptions) -> Result<Self, jiff::Error> {
        let now = options.clock.now();
        let mut accounts = Vec::with_capacity(options.accounts.len());
        for spec in &options.accounts {
            let athlete = Athlete::born(spec, now)?;
            accounts.push(Account {
                state: spec.state,
                spec: spec.clone(),
                wrong_passwords: 0,
                attempt: 0,
                sent: None,
                counters: crate::accounts::Counters::default(),
                refreshes_in_flight: 0,
                reads_in_flight: 0,
                nameless_profiles: 0,
                athlete: athlete.into(),
                belongings: crate::belongings::Belongings::default(),
                diary: crate::diary::Diary::default(),
                edits: crate::api::Edits::default(),
                pantry: crate::api::Pantry::default(),
            });
        }
        let state = State {
            accounts,
            sso_sessions: HashMap::new(),
            tickets: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            client_ids: options.client_ids.clone(),
            token_life: options.token_life,
            gates: Gates::default(),
            faults: Vec::new(),
            next_fault: 1,
            requests: VecDeque::new(),
            seed: Seed::new(options.seed).child("secrets"),
            minted: 0,
        };
        Ok(Self { options, state: Mutex::new(state) })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }
}

impl State {
    /// Fresh randomness for a secret.
    pub(crate) fn mint(&mut self, what: &str) -> Seed {
        self.minted += 1;
        self.seed.child(what).at(self.minted)
    }

    pub(crate) fn account(&self, index: AccountIndex) -> &Account {
        &self.accounts[index.0]
    }

    pub(crate) fn account_mut(&mut self, index: AccountIndex) -> &mut Account {
        &mut self.accounts[index.0]
    }

    pub(crate) fn find(&self, region: Region, email: &str) -> Option<AccountIndex> {
        let email = email.trim();
        self.accounts
            .iter()
            .position(|account| {
                account.spec.region == region && account.spec.email.eq_ignore_ascii_case(email)
            })
            .map(AccountIndex)
    }

    /// The account of this e-mail in whichever region has it first.
    pub(crate) fn find_anywhere(&self, email: &str) -> Option<AccountIndex> {
        Region::ALL.into_iter().find_map(|region| self.find(region, email))
    }

    pub(crate) fn remember(&mut self, request: RecordedRequest) {
        if self.requests.len() == REMEMBERED_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    // Codes.

    /// Sends a code for the login `attempt`; whatever was sent before is worthless from now on.
    pub(crate) fn send_code(&mut self, index: AccountIndex, expires: Timestamp) {
        let fresh = self.mint("code").whole(0, 999_999);
        let account = self.account_mut(index);
        let Some(mfa) = &account.spec.mfa else { return };
        let code = match &mfa.code {
            MfaCode::Fixed(code) => code.clone(),
            MfaCode::Generated => format!("{fresh:06}"),
        };
        account.sent = Some(SentCode { code, attempt: account.attempt, expires });
    }

    /// The code that would be accepted now.
    pub(crate) fn current_code(&self, index: AccountIndex, now: Timestamp) -> Option<String> {
        let account = self.account(index);
        let mfa = account.spec.mfa.as_ref()?;
        match (mfa.method, &mfa.code) {
            (MfaMethod::Totp, MfaCode::Fixed(code)) => Some(code.clone()),
            (MfaMethod::Totp, MfaCode::Generated) => Some(self.totp(index, now.0 / TOTP_STEP_SECS)),
            (MfaMethod::Email | MfaMethod::Sms, _) => account
                .sent
                .as_ref()
                .filter(|sent| sent.expires > now)
                .map(|sent| sent.code.clone()),
        }
    }

    fn totp(&self, index: AccountIndex, step: i64) -> String {
        let seed = Seed::new(self.account(index).spec.athlete_seed).child("totp");
        format!("{:06}", seed.at(step).whole(0, 999_999))
    }

    /// Whether `code` completes the login `attempt`.
    pub(crate) fn accepts_code(
        &self,
        index: AccountIndex,
        attempt: u64,
        code: &str,
        now: Timestamp,
    ) -> bool {
        let account = self.account(index);
        let Some(mfa) = &account.spec.mfa else { return false };
        match (mfa.method, &mfa.code) {
            (MfaMethod::Totp, MfaCode::Fixed(fixed)) => fixed == code,
            (MfaMethod::Totp, MfaCode::Generated) => {
                let step = now.0 / TOTP_STEP_SECS;
                (step - 1..=step + 1).any(|step| self.totp(index, step) == code)
            }
            (MfaMethod::Email | MfaMethod::Sms, _) => account.sent.as_ref().is_some_and(|sent| {
                sent.attempt == attempt && sent.expires > now && sent.code == code
            }),
        }
    }

    // Tickets.

    pub(crate) fn issue_ticket(
        &mut self,
        index: AccountIndex,
        service_url: &str,
        now: Timestamp,
    ) -> String {
        let seed = self.mint("ticket");
        let ticket = format!("ST-{:07}-{}-sso", seed.at(0).whole(0, 9_999_999), &seed.hex()[..20]);
        self.tickets.retain(|_, ticket| now.0 - ticket.issued.0 <= TICKET_SECS);
        self.tickets.insert(
            ticket.clone(),
            Ticket { account: index, service_url: service_url.to_owned(), issued: now },
        );
        let account = self.account_mut(index);
        account.counters.logins += 1;
        account.wrong_passwords = 0;
        account.sent = None;
        ticket
    }

    /// Spends a ticket. A refused ticket is spent too, unless only its service did not match.
    pub(crate) fn spend_ticket(
        &mut self,
        ticket: &str,
        service_url: &str,
        now: Timestamp,
    ) -> Result<AccountIndex, GrantRefused> {
        let known = self.tickets.get(ticket).ok_or(GrantRefused::Unknown)?;
        if known.service_url != service_url {
            return Err(GrantRefused::OtherService);
        }
        let (account, issued) = (known.account, known.issued);
        self.tickets.remove(ticket);
        if now.0 - issued.0 > TICKET_SECS { Err(GrantRefused::Expired) } else { Ok(account) }
    }

    // Tokens.

    pub(crate) fn issue_pair(
        &mut self,
        index: AccountIndex,
        client_id: &str,
        now: Timestamp,
    ) -> Pair {
        let TokenLife { access_secs, refresh_secs } = self.token_life;
        let jti = self.mint("jti").uuid();
        let noise = self.mint("signature");
        let refresh_token = format!("r-{}", self.mint("refresh").uuid());
        let account = self.account(index);
        let claims = jwt::Claims {
            region: account.spec.region,
            client_id,
            garmin_guid: &account.athlete.person.guid,
            issued: now,
            expires: Timestamp(now.0 + access_secs),
            jti: &jti,
        };
        let access_token = jwt::encode(&claims, noise);
        self.access.retain(|_, token| token.expires > now);
        self.access.insert(
            access_token.clone(),
            AccessToken { account: index, expires: Timestamp(now.0 + access_secs) },
        );
        self.refresh.insert(
            refresh_token.clone(),
            RefreshToken {
                account: index,
                client_id: client_id.to_owned(),
                expires: Timestamp(now.0 + refresh_secs),
                life: RefreshLife::Live,
            },
        );
        Pair {
            access_token,
            refresh_token,
            expires_in: access_secs,
            refresh_expires_in: refresh_secs,
            jti,
        }
    }

    /// Replaces a refresh token by a new pair; the old one is dead at once.
    pub(crate) fn rotate(
        &mut self,
        refresh_token: &str,
        client_id: &str,
        admits: impl Fn(Region) -> bool,
        now: Timestamp,
    ) -> Result<Pair, GrantRefused> {
        let token = self.refresh.get(refresh_token).ok_or(GrantRefused::Unknown)?;
        let index = token.account;
        let refused = match token.life {
            _ if !admits(self.account(index).spec.region) => Some(GrantRefused::OtherRegion),
            RefreshLife::Spent => Some(GrantRefused::Spent),
            RefreshLife::Revoked => Some(GrantRefused::Revoked),
            RefreshLife::Live if token.expires <= now => Some(GrantRefused::Expired),
            RefreshLife::Live if token.client_id != client_id => Some(GrantRefused::OtherClient),
            RefreshLife::Live => None,
        };
        let counters = &mut self.account_mut(index).counters;
        if let Some(refused) = refused {
            counters.rejected += 1;
            counters.reused += u64::from(refused == GrantRefused::Spent);
            return Err(refused);
        }
        counters.rotated += 1;
        if let Some(token) = self.refresh.get_mut(refresh_token) {
            token.life = RefreshLife::Spent;
        }
        Ok(self.issue_pair(index, client_id, now))
    }

    /// Whose live access token this is.
    pub(crate) fn bearer(&self, token: &str, now: Timestamp) -> Option<AccountIndex> {
        self.access.get(token).filter(|token| token.expires > now).map(|token| token.account)
    }

    /// Whose token this is or was, alive or not: to match faults and count calls.
    pub(crate) fn owner_of_access(&self, token: &str) -> Option<AccountIndex> {
        self.access.get(token).map(|token| token.account)
    }

    pub(crate) fn owner_of_refresh(&self, token: &str) -> Option<AccountIndex> {
        self.refresh.get(token).map(|token| token.account)
    }

    pub(crate) fn owner_of_ticket(&self, ticket: &str) -> Option<AccountIndex> {
        self.tickets.get(ticket).map(|ticket| ticket.account)
    }

    /// Ends access tokens now; refresh tokens stay.
    pub(crate) fn expire_access(&mut self, only: Option<AccountIndex>, now: Timestamp) {
        for token in self.access.values_mut() {
            if only.is_none_or(|only| token.account == only) {
                token.expires = token.expires.min(now);
            }
        }
    }

    /// Ends an account's Garmin session: no token of it is worth anything.
    pub(crate) fn revoke_session(&mut self, index: AccountIndex, now: Timestamp) {
        self.expire_access(Some(index), now);
        for token in self.refresh.values_mut().filter(|token| token.account == index) {
            token.life = RefreshLife::Revoked;
        }
    }
}
