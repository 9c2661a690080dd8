-- Who may speak for the page. Passwords, keys and sessions are kept as hashes; the TOTP secret has to be kept as it is.
CREATE TABLE IF NOT EXISTS operators (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    totp_secret BLOB NOT NULL,
    -- The newest time step whose code was used: a code is good once.
    totp_step INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS operator_sessions (
    hash BLOB PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (name) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operator_sessions_by_operator ON operator_sessions (operator);

CREATE TABLE IF NOT EXISTS operator_keys (
    id TEXT PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (name) ON DELETE CASCADE,
    label TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operator_keys_by_operator ON operator_keys (operator);
