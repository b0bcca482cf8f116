-- Secrets at rest: columns whose comment says "sealed" hold AES-256-GCM blobs under a key of
-- `keys`, bound to their table, column and row; columns named *_index are keyed hashes, good
-- for equality and nothing else. Times are seconds since the Unix epoch.

-- Random data keys, each wrapped under a key derived from GATEWAY_SECRET and `salt`. The row
-- of purpose `check` holds no key: it tells a wrong secret from a damaged database.
CREATE TABLE keys (
    key_id     INTEGER NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    salt       BLOB    NOT NULL,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- One person's connection to Garmin Connect. Identity is (region, GUID); both the GUID and
-- the e-mail are looked up by keyed hash only. `generation` grows with every sign-in and
-- every rotation of the credentials. The lease_* columns name who may rotate right now, until
-- when, and the generation the right was given for. `taken_up_at` stays null until a device
-- of the account is issued: only such accounts may ever be swept.
CREATE TABLE accounts (
    account_id         TEXT    NOT NULL PRIMARY KEY,
    region             TEXT    NOT NULL,
    guid_index         BLOB    NOT NULL,
    email_index        BLOB    NOT NULL,
    guid               BLOB    NOT NULL, -- sealed
    email              BLOB    NOT NULL, -- sealed
    profile            BLOB    NOT NULL, -- sealed
    credentials        BLOB    NOT NULL, -- sealed
    generation         INTEGER NOT NULL,
    state              TEXT    NOT NULL,
    lease_owner        TEXT,
    lease_until        INTEGER,
    lease_generation   INTEGER,
    refresh_expires_at INTEGER,
    created_at         INTEGER NOT NULL,
    signed_in_at       INTEGER NOT NULL,
    refreshed_at       INTEGER NOT NULL,
    taken_up_at        INTEGER,
    UNIQUE (region, guid_index)
) STRICT;

CREATE INDEX accounts_email_index ON accounts (email_index);
CREATE INDEX accounts_refreshed_at ON accounts (refreshed_at);

-- OAuth clients. `first_device_at` stays null until a device is issued: only such clients may
-- ever be swept, for a host keeps using the id it was given long after its last device ended.
-- `fetched_at` and `fresh_until` are the age of a metadata document, null for a registration.
CREATE TABLE clients (
    client_id       TEXT    NOT NULL PRIMARY KEY,
    auth_method     TEXT    NOT NULL,
    secret_digest   BLOB,
    metadata        BLOB    NOT NULL, -- sealed
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER NOT NULL,
    first_device_at INTEGER,
    fetched_at      INTEGER,
    fresh_until     INTEGER
) STRICT;

CREATE INDEX clients_last_used_at ON clients (last_used_at);

-- Sign-ins in progress, from the authorization request to the code. `version` makes every
-- step of one happen at most once.
CREATE TABLE sign_ins (
    sign_in_id     TEXT    NOT NULL PRIMARY KEY,
    browser_digest BLOB    NOT NULL,
    state          BLOB    NOT NULL, -- sealed
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX sign_ins_expires_at ON sign_ins (expires_at);

-- Recorded consent. A spent row stays for a while, so that a second redemption is recognised
-- as a replay and not as an unknown code.
CREATE TABLE grants (
    grant_id     TEXT    NOT NULL PRIMARY KEY,
    code_digest  BLOB    NOT NULL UNIQUE,
    account_id   TEXT    NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    client_id    TEXT    NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    redirect_uri BLOB    NOT NULL, -- sealed
    challenge    TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    tools        TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    redeemed_at  INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX grants_account_id ON grants (account_id);
CREATE INDEX grants_client_id ON grants (client_id);
CREATE INDEX grants_expires_at ON grants (expires_at);

-- Connected MCP clients. A device is one family of tokens: it goes, and they go with it.
CREATE TABLE devices (
    device_id    TEXT    NOT NULL PRIMARY KEY,
    account_id   TEXT    NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    client_id    TEXT    NOT NULL REFERENCES clients (client_id),
    grant_id     TEXT,
    scopes       TEXT    NOT NULL,
    tools        TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE INDEX devices_account_id ON devices (account_id);
CREATE INDEX devices_client_id ON devices (client_id);
CREATE INDEX devices_grant_id ON devices (grant_id);

-- Rotated tokens stay until they expire, so that their reuse is noticed. `refused_at` marks a
-- child whose response never arrived and which was replaced.
CREATE TABLE refresh_tokens (
    digest        BLOB    NOT NULL PRIMARY KEY,
    device_id     TEXT    NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    parent_digest BLOB,
    issued_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    rotated_at    INTEGER,
    refused_at    INTEGER
) STRICT;

CREATE INDEX refresh_tokens_device_id ON refresh_tokens (device_id);
CREATE INDEX refresh_tokens_parent_digest ON refresh_tokens (parent_digest);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);

-- `pair_digest` is the refresh token issued together with this one. `expires_at` is null for
-- a token that does not expire; `scopes` may be narrower than the device's.
CREATE TABLE access_tokens (
    digest      BLOB    NOT NULL PRIMARY KEY,
    device_id   TEXT    NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    pair_digest BLOB,
    scopes      TEXT    NOT NULL,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER,
    used_at     INTEGER
) STRICT;

CREATE INDEX access_tokens_device_id ON access_tokens (device_id);
CREATE INDEX access_tokens_pair_digest ON access_tokens (pair_digest);
CREATE INDEX access_tokens_expires_at ON access_tokens (expires_at);

-- Browsers on our own pages.
CREATE TABLE sessions (
    session_id     TEXT    NOT NULL PRIMARY KEY,
    browser_digest BLOB    NOT NULL UNIQUE,
    state          BLOB    NOT NULL, -- sealed
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Calls per account and tool: counts, never contents.
CREATE TABLE usage (
    account_id   TEXT    NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    tool         TEXT    NOT NULL,
    calls        INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, tool)
) STRICT;

-- Writes to Garmin, committed before they are sent. `key_index` is a keyed hash of the
-- idempotency key, whose text may say what was written.
CREATE TABLE journal (
    journal_id TEXT    NOT NULL PRIMARY KEY,
    account_id TEXT    NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    key_index  BLOB    NOT NULL,
    tool       TEXT    NOT NULL,
    detail     BLOB    NOT NULL, -- sealed
    outcome    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    UNIQUE (account_id, key_index)
) STRICT;

-- What happened to accounts and devices, for the operator. Ids only, and they outlive what
-- they name.
CREATE TABLE audit (
    audit_id   TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    account_id TEXT,
    device_id  TEXT,
    client_id  TEXT
) STRICT;

CREATE INDEX audit_at ON audit (at);
