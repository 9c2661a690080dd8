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

-- What a backup sends when it sends only what is new.
CREATE INDEX IF NOT EXISTS claims_in_order ON claims (sequence);

-- Claims that were given back: by which record, and what was held. With it the claims as of any record can be told.
CREATE TABLE IF NOT EXISTS released (
    released INTEGER NOT NULL,
    key TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    digest BLOB,
    expires_ms INTEGER,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (released, key)
) STRICT, WITHOUT ROWID;

-- Where the journal begins after a trim: the last record that was forgotten, and its chain hash.
CREATE TABLE IF NOT EXISTS beginning (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    chain BLOB NOT NULL
) STRICT;
