//! What of another gateway's rows can come over: opened, read and checked, before anything here
//! is touched.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use domain::clock::Timestamp;
use domain::email::LoginEmail;
use domain::id::ClientId;
use domain::redirect::RedirectUri;
use domain::region::Region;
use domain::text::is_harmless;
use domain::token::{Access, ClientSecret, TokenHash};
use zeroize::Zeroizing;

use super::read::{Expiry, OldAccount, OldClient, OldDatabase, OldToken, OldUsage};
use super::report::{NotTaken, Reason};
use super::{OldDatabaseError, OldSecret, Unopened, unhex};

/// What a session of the other gateway says, once it is open.
pub struct OldSession {
    /// Garmin's id of the person.
    pub guid: String,
    /// Where its tokens come from; `None` when they do not say.
    pub region: Option<Region>,
    /// In the form this gateway stores.
    pub credentials: Zeroizing<Vec<u8>>,
    pub refresh_expires_at: Option<Timestamp>,
}

/// How such a session is read: only who knows Garmin's tokens can.
pub type ReadSession = fn(&[u8]) -> Option<OldSession>;

/// What stands for the client of a token whose row names none.
const NO_CLIENT: &str = "imported-without-a-client";
const LONGEST_NAME: usize = 100;
const LONGEST_TOOL: usize = 64;

/// Rows that came to nothing here, and those that can come over. An account is named by its
/// place among the accounts.
pub(super) struct Plan {
    pub(super) accounts: Vec<Coming>,
    pub(super) clients: Vec<ComingClient>,
    pub(super) tokens: Vec<ComingToken>,
    pub(super) usage: Vec<ComingUsage>,
    pub(super) not_taken: Vec<NotTaken>,
}

pub(super) struct Coming {
    pub(super) row: i64,
    pub(super) region: Region,
    pub(super) guid: String,
    pub(super) email: LoginEmail,
    pub(super) credentials: Zeroizing<Vec<u8>>,
    pub(super) refresh_expires_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

pub(super) struct ComingClient {
    pub(super) id: ClientId,
    pub(super) secret: TokenHash<ClientSecret>,
    pub(super) redirect_uris: Vec<RedirectUri>,
    pub(super) name: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) last_seen: Timestamp,
}

pub(super) struct ComingToken {
    pub(super) row: i64,
    pub(super) hash: TokenHash<Access>,
    pub(super) hex: String,
    pub(super) account: usize,
    pub(super) client: ClientId,
    /// Whether the other gateway had forgotten the client.
    pub(super) lost_client: bool,
    pub(super) created_at: Timestamp,
    pub(super) last_used: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
}

pub(super) struct ComingUsage {
    pub(super) row: i64,
    /// The account's name there: two names may have become one account.
    pub(super) key: String,
    pub(super) account: usize,
    pub(super) tool: String,
    pub(super) calls: i64,
    pub(super) last_used: Timestamp,
}

impl Plan {
    /// Refused as a whole when there are sessions and the secret opens none of them.
    pub(super) fn of(
        old: &OldDatabase,
        path: &Path,
        secret: &OldSecret,
        read: ReadSession,
        region: Region,
        now: Timestamp,
    ) -> Result<Self, OldDatabaseError> {
        let mut planner = Planner { now, not_taken: Vec::new(), accounts: HashMap::new() };
        let accounts = planner.accounts(&old.accounts, secret, read, region);
        let sealed = old.accounts.iter().any(|account| account.blob.is_some());
        let other = |row: &NotTaken| row.reason == Reason::OtherSecret;
        if sealed && accounts.is_empty() && planner.not_taken.iter().any(other) {
            let (path, accounts) = (path.to_owned(), old.accounts.len());
            return Err(OldDatabaseError::WrongSecret { path, accounts });
        }
        let clients = planner.clients(&old.clients);
        let known: HashSet<&ClientId> = clients.iter().map(|client| &client.id).collect();
        let tokens = planner.tokens(&old.tokens, &known);
        let usage = planner.usage(&old.usage);
        Ok(Self { accounts, clients, tokens, usage, not_taken: planner.not_taken })
    }
}

struct Planner {
    now: Timestamp,
    not_taken: Vec<NotTaken>,
    /// What became of each account, by its name there.
    accounts: HashMap<String, Result<usize, Reason>>,
}

impl Planner {
    fn leave(&mut self, table: &'static str, row: i64, reason: Reason, whose: Option<&str>) {
        let whose = whose.and_then(|text| LoginEmail::parse(text).ok());
        self.not_taken.push(NotTaken { table, row, reason, whose });
    }

    /// A time that has passed. What lies ahead says nothing: it would make an old session look
    /// newer than ours.
    fn past(&self, seconds: Option<i64>) -> Option<Timestamp> {
        seconds.filter(|seconds| (0..=self.now.0).contains(seconds)).map(Timestamp)
    }

    fn accounts(
        &mut self,
        rows: &[OldAccount],
        secret: &OldSecret,
        read: ReadSession,
        region: Region,
    ) -> Vec<Coming> {
        let mut coming: Vec<Coming> = Vec::new();
        for row in rows {
            let planned = self.account(row, secret, read, region);
            let place = match planned {
                Ok(account) => Ok(self.place(&mut coming, account)),
                Err(reason) => {
                    self.leave("accounts", row.row, reason, row.key.as_deref());
                    Err(reason)
                }
            };
            if let Some(key) = &row.key {
                self.accounts.insert(key.clone(), place);
            }
        }
        coming
    }

    /// Its place, which two rows of one Garmin account share: somebody's e-mail has changed, or
    /// was typed in two ways. The newer session stands for both.
    fn place(&mut self, coming: &mut Vec<Coming>, account: Coming) -> usize {
        let same = |other: &Coming| (other.region, &other.guid) == (account.region, &account.guid);
        let Some(place) = coming.iter().position(same) else {
            coming.push(account);
            return coming.len() - 1;
        };
        let other = &mut coming[place];
        let newer = other.updated_at < account.updated_at;
        let older = if newer { std::mem::replace(other, account) } else { account };
        let email = older.email.reveal().to_owned();
        self.leave("accounts", older.row, Reason::SameGarminAccount, Some(&email));
        place
    }

    fn account(
        &self,
        row: &OldAccount,
        secret: &OldSecret,
        read: ReadSession,
        region: Region,
    ) -> Result<Coming, Reason> {
        let key = row.key.as_deref().ok_or(Reason::NotAnEmail)?;
        let email = LoginEmail::parse(key).map_err(|_| Reason::NotAnEmail)?;
        let blob = row.blob.as_deref().ok_or(Reason::BlobMalformed)?;
        let plain = secret.open(blob).map_err(|error| match error {
            Unopened::Malformed => Reason::BlobMalformed,
            Unopened::OtherKey => Reason::OtherSecret,
        })?;
        let session = read(&plain).ok_or(Reason::NoGarminTokens)?;
        let created_at = self.past(row.created_at);
        let updated_at = self.past(row.updated_at).or(created_at).unwrap_or_default();
        Ok(Coming {
            row: row.row,
            region: session.region.unwrap_or(region),
            guid: session.guid,
            email,
            credentials: session.credentials,
            refresh_expires_at: session.refresh_expires_at,
            created_at: created_at.unwrap_or(updated_at),
            updated_at,
        })
    }

    fn clients(&mut self, rows: &[OldClient]) -> Vec<ComingClient> {
        let mut coming = Vec::new();
        for row in rows {
            match self.client(row) {
                Ok(client) => coming.push(client),
                Err(reason) => self.leave("oauth_clients", row.row, reason, None),
            }
        }
        coming
    }

    fn client(&self, row: &OldClient) -> Result<ComingClient, Reason> {
        let id = row.id.as_deref().and_then(|id| ClientId::parse(id).ok());
        let secret = row.secret_hash.as_deref().and_then(unhex::<32>);
        let (Some(id), Some(secret)) = (id.filter(|id| !id.is_metadata_url()), secret) else {
            return Err(Reason::ClientMalformed);
        };
        let listed: Vec<String> =
            serde_json::from_str(row.redirect_uris.as_deref().unwrap_or_default())
                .map_err(|_| Reason::ClientMalformed)?;
        let redirect_uris: Vec<RedirectUri> =
            listed.iter().filter_map(|uri| RedirectUri::parse(uri).ok()).collect();
        if redirect_uris.is_empty() {
            return Err(Reason::NoRedirectUri);
        }
        let created_at = self.past(row.created_at).unwrap_or(self.now);
        Ok(ComingClient {
            id,
            secret: TokenHash::from_bytes(secret),
            redirect_uris,
            name: row.name.as_deref().and_then(shown),
            created_at,
            last_seen: self.past(row.last_seen).unwrap_or(created_at),
        })
    }

    fn tokens(&mut self, rows: &[OldToken], known: &HashSet<&ClientId>) -> Vec<ComingToken> {
        let mut coming = Vec::new();
        for row in rows {
            match self.token(row, known) {
                Ok(token) => coming.push(token),
                Err(reason) => {
                    self.leave("access_tokens", row.row, reason, row.account.as_deref());
                }
            }
        }
        coming
    }

    fn token(&self, row: &OldToken, known: &HashSet<&ClientId>) -> Result<ComingToken, Reason> {
        let hex = row.hash.as_deref().ok_or(Reason::TokenMalformed)?.to_ascii_lowercase();
        let hash = unhex(&hex).map(TokenHash::from_bytes).ok_or(Reason::TokenMalformed)?;
        let expires_at = match row.expires_at {
            Expiry::Never => None,
            Expiry::At(at) if at <= self.now.0 => return Err(Reason::Expired),
            Expiry::At(at) => Some(Timestamp(at)),
            Expiry::Unreadable => return Err(Reason::TokenMalformed),
        };
        let account = self.place_of(row.account.as_deref(), Reason::TokenMalformed)?;
        let named = row.client.as_deref().and_then(|id| ClientId::parse(id).ok());
        let named = named.filter(|id| !id.is_metadata_url());
        let lost_client = named.as_ref().is_none_or(|id| !known.contains(id));
        let client = match named {
            Some(id) => id,
            None => ClientId::parse(NO_CLIENT).map_err(|_| Reason::TokenMalformed)?,
        };
        let last_used = self.past(row.last_used);
        let created_at = self.past(row.created_at).or(last_used).unwrap_or(self.now);
        Ok(ComingToken {
            row: row.row,
            hash,
            hex,
            account,
            client,
            lost_client,
            created_at,
            last_used,
            expires_at,
        })
    }

    fn place_of(&self, key: Option<&str>, unreadable: Reason) -> Result<usize, Reason> {
        match self.accounts.get(key.ok_or(unreadable)?) {
            Some(Ok(place)) => Ok(*place),
            Some(Err(_)) => Err(Reason::AccountNotTaken),
            None => Err(Reason::NoAccount),
        }
    }

    fn usage(&mut self, rows: &[OldUsage]) -> Vec<ComingUsage> {
        let mut coming = Vec::new();
        for row in rows {
            match self.counter(row) {
                Ok(usage) => coming.push(usage),
                Err(reason) => self.leave("tool_usage", row.row, reason, row.account.as_deref()),
            }
        }
        coming
    }

    fn counter(&self, row: &OldUsage) -> Result<ComingUsage, Reason> {
        let tool = row.tool.as_deref().ok_or(Reason::UsageMalformed)?;
        let calls = row.calls.filter(|calls| *calls > 0).ok_or(Reason::UsageMalformed)?;
        if !is_tool(tool) {
            return Err(Reason::NoToolCall);
        }
        let account = self.place_of(row.account.as_deref(), Reason::UsageMalformed)?;
        let key = row.account.clone().unwrap_or_default();
        let last_used = self.past(row.last_used).unwrap_or_default();
        Ok(ComingUsage { row: row.row, key, account, tool: tool.to_owned(), calls, last_used })
    }
}

/// The other gateways counted methods of the protocol in the same table. Those have a slash, but
/// for two.
fn is_tool(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=LONGEST_TOOL).contains(&name.len())
        && name.bytes().all(word)
        && !matches!(name, "initialize" | "ping")
}

/// A name as it may be shown.
fn shown(name: &str) -> Option<String> {
    let clean: String = name.chars().filter(|&c| is_harmless(c)).take(LONGEST_NAME).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}
