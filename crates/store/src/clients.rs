//! Registered OAuth clients.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::ClientId;
use domain::oauth::AuthMethod;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::token::{ClientSecret, TokenDigest};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "clients";
const METADATA: Place = Place { table: TABLE, column: "metadata" };

/// Hosts keep the registration they made once and come back with it much later.
const UNUSED: Duration = Duration::from_hours(400 * 24);
/// Registration is open to everybody, so this many clients without a device are kept at most,
const CROWD: i64 = 50_000;
/// and in any case those whose person may be looking for their password right now.
const SPARED: Duration = Duration::from_hours(24);

/// A registration, checked by the caller.
#[derive(Debug, Clone)]
pub struct NewClient {
    pub id: ClientId,
    pub auth_method: AuthMethod,
    pub secret: Option<TokenDigest<ClientSecret>>,
    pub redirect_uris: Vec<RedirectUri>,
    pub name: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    /// What the client asked to be limited to.
    pub scopes: Option<Scopes>,
    pub about: ClientDetails,
}

/// What a client says about itself and nothing here depends on: kept because a registration
/// is answered with what was stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientDetails {
    pub application_type: Option<String>,
    pub tos_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Client {
    pub id: ClientId,
    pub auth_method: AuthMethod,
    pub redirect_uris: Vec<RedirectUri>,
    pub name: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub scopes: Option<Scopes>,
    pub about: ClientDetails,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// The age of what is known; `None` for a registration, which does not age.
    pub document: Option<Freshness>,
    secret: Option<Vec<u8>>,
}

/// How old the copy of a metadata document is, and when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    pub fetched_at: Timestamp,
    pub fresh_until: Timestamp,
}

impl Freshness {
    /// The copy of a document that is not there any more: overdue since ever.
    const GONE: Self = Self { fetched_at: Timestamp(0), fresh_until: Timestamp(0) };
}

impl Client {
    /// Whether `presented` is the secret this client was given. A client without one has none
    /// that fits.
    #[must_use]
    pub fn secret_is(&self, presented: &TokenDigest<ClientSecret>) -> bool {
        self.secret.as_ref().is_some_and(|secret| secret.ct_eq(presented.as_bytes()).into())
    }

    /// The registered redirect URI that allows `requested`.
    #[must_use]
    pub fn allows_redirect(&self, requested: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|registered| registered.accepts(requested))
    }
}

/// A client as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientSummary {
    pub id: ClientId,
    pub name: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub devices: u64,
}

/// What is sealed: registration is open, so a name may say whose laptop it is.
#[derive(Serialize, Deserialize)]
struct Metadata {
    redirect_uris: Vec<RedirectUri>,
    name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    scopes: Option<Scopes>,
    #[serde(default)]
    about: ClientDetails,
}

#[derive(sqlx::FromRow)]
struct ClientRow {
    auth_method: String,
    secret_digest: Option<Vec<u8>>,
    metadata: Vec<u8>,
    created_at: i64,
    last_used_at: i64,
    fetched_at: Option<i64>,
    fresh_until: Option<i64>,
}

impl Store {
    /// The id of a public client that says this about itself. The same words are the same
    /// client, so two registrations at one moment meet at one row; the digest is keyed, so an
    /// id does not tell what was said.
    #[must_use]
    pub fn public_client_id(&self, words: &str) -> ClientId {
        let digest = self.blind_index("clients.public", &[words]);
        let mut id = [0; 16];
        for (byte, digest) in id.iter_mut().zip(digest) {
            *byte = digest;
        }
        ClientId::from_bytes(id)
    }

    /// Stores a registration. False when the id is taken; the row it has is left alone.
    #[tracing::instrument(name = "store.clients.register", skip_all)]
    pub async fn register_client(
        &self,
        client: &NewClient,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const ADD: &str = "
            INSERT INTO clients
                   (client_id, auth_method, secret_digest, metadata, created_at, last_used_at,
                    fetched_at, fresh_until)
            VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT (client_id) DO NOTHING";
        let added = self.write_client(ADD, client, None, now).await?;
        Ok(added == 1)
    }

    /// Stores a client as its metadata document describes it now, in place of what was known.
    #[tracing::instrument(name = "store.clients.put", skip_all)]
    pub async fn put_client(
        &self,
        client: &NewClient,
        freshness: Freshness,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const PUT: &str = "
            INSERT INTO clients
                   (client_id, auth_method, secret_digest, metadata, created_at, last_used_at,
                    fetched_at, fresh_until)
            VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
            ON CONFLICT (client_id) DO UPDATE
               SET auth_method = excluded.auth_method, secret_digest = excluded.secret_digest,
                   metadata = excluded.metadata, last_used_at = excluded.last_used_at,
                   fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until";
        self.write_client(PUT, client, Some(freshness), now).await?;
        Ok(())
    }

    /// Notes that the metadata document of a client is there no more, or is none any more. The
    /// row stays, because devices refer to it; what it says is not to be used.
    #[tracing::instrument(name = "store.clients.expire_document", skip_all)]
    pub async fn expire_document(&self, client: &ClientId) -> Result<(), StoreError> {
        const EXPIRE: &str = "
            UPDATE clients SET fetched_at = $2, fresh_until = $3
             WHERE client_id = $1 AND fetched_at IS NOT NULL";
        on_pool!(self.writer(), |pool| {
            sqlx::query(EXPIRE)
                .bind(client.as_str())
                .bind(Freshness::GONE.fetched_at.0)
                .bind(Freshness::GONE.fresh_until.0)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    async fn write_client(
        &self,
        statement: &'static str,
        client: &NewClient,
        freshness: Option<Freshness>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let sealed = self.sealed_metadata(client)?;
        Ok(on_pool!(self.writer(), |pool| {
            sqlx::query(statement)
                .bind(client.id.as_str())
                .bind(client.auth_method.as_str())
                .bind(client.secret.as_ref().map(TokenDigest::as_bytes))
                .bind(sealed)
                .bind(now.0)
                .bind(freshness.map(|freshness| freshness.fetched_at.0))
                .bind(freshness.map(|freshness| freshness.fresh_until.0))
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }

    pub(crate) fn sealed_metadata(&self, client: &NewClient) -> Result<Vec<u8>, StoreError> {
        let metadata = Metadata {
            redirect_uris: client.redirect_uris.clone(),
            name: client.name.clone(),
            client_uri: client.client_uri.clone(),
            logo_uri: client.logo_uri.clone(),
            scopes: client.scopes,
            about: client.about.clone(),
        };
        let json = serde_json::to_vec(&metadata).map_err(corrupt(TABLE, "metadata"))?;
        Ok(self.seal(METADATA, client.id.as_str(), &json))
    }

    #[tracing::instrument(name = "store.clients.find", skip_all)]
    pub async fn find_client(&self, client: &ClientId) -> Result<Option<Client>, StoreError> {
        const FIND: &str = "
            SELECT auth_method, secret_digest, metadata, created_at, last_used_at,
                   fetched_at, fresh_until
              FROM clients WHERE client_id = $1";
        let row: Option<ClientRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(client.as_str()).fetch_optional(pool).await?
        });
        let Some(row) = row else { return Ok(None) };
        let metadata = self.client_metadata(client, &row.metadata)?;
        Ok(Some(Client {
            id: client.clone(),
            auth_method: AuthMethod::parse(&row.auth_method)
                .ok_or(StoreError::Corrupt { table: TABLE, column: "auth_method" })?,
            redirect_uris: metadata.redirect_uris,
            name: metadata.name,
            client_uri: metadata.client_uri,
            logo_uri: metadata.logo_uri,
            scopes: metadata.scopes,
            about: metadata.about,
            created_at: Timestamp(row.created_at),
            last_used_at: Timestamp(row.last_used_at),
            document: row.fetched_at.zip(row.fresh_until).map(|(fetched_at, fresh_until)| {
                Freshness { fetched_at: Timestamp(fetched_at), fresh_until: Timestamp(fresh_until) }
            }),
            secret: row.secret_digest,
        }))
    }

    fn client_metadata(&self, client: &ClientId, blob: &[u8]) -> Result<Metadata, StoreError> {
        let json = self.open_sealed(METADATA, client.as_str(), blob)?;
        serde_json::from_slice(&json).map_err(corrupt(TABLE, "metadata"))
    }

    pub(crate) fn client_name(
        &self,
        client: &ClientId,
        blob: &[u8],
    ) -> Result<Option<String>, StoreError> {
        Ok(self.client_metadata(client, blob)?.name)
    }

    /// Every client, the most recently used first.
    #[tracing::instrument(name = "store.clients.list", skip_all)]
    pub async fn list_clients(&self) -> Result<Vec<ClientSummary>, StoreError> {
        const LIST: &str = "
            SELECT c.client_id, c.metadata, c.created_at, c.last_used_at,
                   (SELECT COUNT(*) FROM devices AS d WHERE d.client_id = c.client_id)
              FROM clients AS c ORDER BY c.last_used_at DESC, c.client_id";
        let rows: Vec<(String, Vec<u8>, i64, i64, i64)> =
            on_pool!(self.reader(), |pool| { sqlx::query_as(LIST).fetch_all(pool).await? });
        rows.into_iter()
            .map(|(id, metadata, created_at, last_used_at, devices)| {
                let id = ClientId::parse(&id).map_err(corrupt(TABLE, "client_id"))?;
                Ok(ClientSummary {
                    name: self.client_name(&id, &metadata)?,
                    id,
                    created_at: Timestamp(created_at),
                    last_used_at: Timestamp(last_used_at),
                    devices: devices.unsigned_abs(),
                })
            })
            .collect()
    }

    /// Deletes clients that never led to a device and that nobody has used for [`UNUSED`], and
    /// of a crowd of them, as nobody honest makes it, the least recently used. One that ever
    /// led to a device stays for good: its host will come back with the same id, and most
    /// hosts cannot recover from "unknown client".
    #[tracing::instrument(name = "store.clients.sweep_abandoned", skip_all)]
    pub async fn sweep_abandoned_clients(&self, now: Timestamp) -> Result<u64, StoreError> {
        let forgotten = self.sweep_clients(now.minus(UNUSED), 0).await?;
        Ok(forgotten + self.sweep_clients(now.minus(SPARED), CROWD).await?)
    }

    /// Deletes clients without a device, unused since then, but for the `most` recent ones.
    async fn sweep_clients(&self, since: Timestamp, most: i64) -> Result<u64, StoreError> {
        const SWEEP: &str = "
            DELETE FROM clients
             WHERE first_device_at IS NULL AND last_used_at < $1
               AND NOT EXISTS (SELECT 1 FROM devices AS d WHERE d.client_id = clients.client_id)
               AND NOT EXISTS (SELECT 1 FROM grants AS g WHERE g.client_id = clients.client_id)
               AND client_id IN (SELECT client_id FROM clients WHERE first_device_at IS NULL
                                  ORDER BY last_used_at DESC, client_id LIMIT $3 OFFSET $2)";
        Ok(on_pool!(self.writer(), |pool| {
            sqlx::query(SWEEP)
                .bind(since.0)
                .bind(most)
                .bind(i64::MAX)
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}
