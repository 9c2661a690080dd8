-- Accounts stay as rows for ever: a deleted one keeps its id and loses all that is personal, its name too (which the
-- journal's keys keep from being given again).
-- `state` is derived from the four flags here and in rules.state_of; a test holds the two together.
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    note_html TEXT NOT NULL DEFAULT '',
    fields BLOB,
    locked INTEGER NOT NULL DEFAULT 0,
    bot INTEGER NOT NULL DEFAULT 0,
    discoverable INTEGER NOT NULL DEFAULT 1,
    indexable INTEGER NOT NULL DEFAULT 0,
    hide_collections INTEGER NOT NULL DEFAULT 0,
    role TEXT NOT NULL DEFAULT 'user',
    confirmed INTEGER NOT NULL DEFAULT 0,
    approved INTEGER NOT NULL DEFAULT 1,
    disabled INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    default_visibility TEXT NOT NULL DEFAULT 'public',
    default_sensitive INTEGER NOT NULL DEFAULT 0,
    default_language TEXT,
    followers INTEGER NOT NULL DEFAULT 0,
    following INTEGER NOT NULL DEFAULT 0,
    posts INTEGER NOT NULL DEFAULT 0,
    last_post_ms INTEGER,
    state TEXT NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN deleted = 1 THEN 'deleted'
            WHEN disabled = 1 THEN 'disabled'
            WHEN approved = 0 THEN 'pending'
            WHEN confirmed = 0 THEN 'unconfirmed'
            ELSE 'active'
        END
    ) STORED
) STRICT;

-- What only the account itself and the operator may see; the row goes with the account's deletion.
CREATE TABLE IF NOT EXISTS credentials (
    account_id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    folded_email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    locale TEXT,
    reason TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT 'cli'
) STRICT;

-- Client apps. `redirect_uris` one a line, `scopes` divided by spaces.
CREATE TABLE IF NOT EXISTS apps (
    id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    website TEXT,
    created_ms INTEGER NOT NULL
) STRICT;

-- Bearer tokens and web sessions, by the SHA-256 of what the client holds.
CREATE TABLE IF NOT EXISTS tokens (
    id INTEGER PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    account_id INTEGER,
    app_id INTEGER,
    scopes TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER
) STRICT;

CREATE INDEX IF NOT EXISTS tokens_by_account ON tokens (account_id, id);
