-- The journal's own file. Only engines/journal opens it; docs/mechanisms/journal.md tells how it is used.

CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    type TEXT NOT NULL,
    actor INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    payload BLOB NOT NULL,
    salt BLOB NOT NULL,
    payload_hash BLOB NOT NULL,
    chain BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS records_by_id ON records (id);

CREATE TABLE IF NOT EXISTS claims (
    key TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    digest BLOB,
    expires_ms INTEGER,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS claims_expiring ON claims (expires_ms) WHERE expires_ms IS NOT NULL;

-- Where the journal begins after a trim: the last record that was forgotten, and its chain hash.
CREATE TABLE IF NOT EXISTS beginning (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    chain BLOB NOT NULL
) STRICT;
