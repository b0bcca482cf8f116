-- What was brought from another gateway's database, by keyed hashes: a second import adds
-- nothing, and brings back nobody who was revoked or forgotten since. `kind` says what it was;
-- the row of kind `successor` makes the gateway answer under that gateway's addresses, too.
CREATE TABLE imports (
    item_index  BYTEA   NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    imported_at BIGINT  NOT NULL
);

CREATE INDEX imports_kind ON imports (kind);

-- Sign-ins that did not work, for the operator's answer to "why can I not sign in". The address
-- that was typed is a keyed hash, and `reason` a closed word.
CREATE TABLE sign_in_failures (
    failure_id  TEXT    NOT NULL PRIMARY KEY,
    email_index BYTEA   NOT NULL,
    client_id   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    at          BIGINT  NOT NULL
);

CREATE INDEX sign_in_failures_email_index ON sign_in_failures (email_index, at);
CREATE INDEX sign_in_failures_at ON sign_in_failures (at);
