-- What the store keeps about itself, beside the rooms' tables.

-- Where the store stands in the journal: moved in the transaction that writes the rows (rule 5).
CREATE TABLE IF NOT EXISTS cursor (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    chain BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    schema_hash BLOB NOT NULL
) STRICT;

-- Events whose apply raised, or whose type this version does not know, and later ones about the same things (rule 9).
CREATE TABLE IF NOT EXISTS parked (
    sequence INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    type TEXT NOT NULL,
    actor INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    payload BLOB NOT NULL,
    chain BLOB NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- The posts and accounts whose later events are parked too.
CREATE TABLE IF NOT EXISTS parked_keys (
    id INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT;
