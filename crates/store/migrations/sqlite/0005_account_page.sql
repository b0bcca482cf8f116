-- What an athlete has chosen for all their apps. `read_only` bars every change at Garmin,
-- whatever a device was allowed.
CREATE TABLE account_settings (
    account_id TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    read_only  INTEGER NOT NULL,
    settings   BLOB    NOT NULL  -- sealed
) STRICT;

-- Whose page a browser may look at. Until now there were no sessions.
ALTER TABLE sessions ADD COLUMN account_id TEXT REFERENCES accounts (account_id) ON DELETE CASCADE;
CREATE INDEX sessions_account_id ON sessions (account_id);

-- Links to the account page that a device was given: one to an account, the newest. A link ends
-- with its device.
CREATE TABLE account_links (
    account_id TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    device_id  TEXT    NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    digest     BLOB    NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX account_links_device_id ON account_links (device_id);
CREATE INDEX account_links_expires_at ON account_links (expires_at);

-- Calls of tools by day (UTC, counted from the epoch) and client. A client outlives neither its
-- last device nor its registration for certain, so its id refers to nothing.
CREATE TABLE usage_daily (
    account_id TEXT    NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    day        INTEGER NOT NULL,
    tool       TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    calls      INTEGER NOT NULL,
    errors     INTEGER NOT NULL,
    PRIMARY KEY (account_id, day, tool, client_id)
) STRICT;

CREATE INDEX usage_daily_day ON usage_daily (day);

-- An athlete reads what happened to their account, the newest first.
CREATE INDEX audit_account_id ON audit (account_id, at);
