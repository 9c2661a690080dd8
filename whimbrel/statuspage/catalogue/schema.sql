-- What the page shows, in its order. Removed ones stay for the days in which they were shown.
CREATE TABLE IF NOT EXISTS components (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    removed_ms INTEGER,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What people can report about: the watched service itself, and any other.
CREATE TABLE IF NOT EXISTS services (
    id TEXT PRIMARY KEY,
    removed_ms INTEGER,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
