-- Each edge carries `edge_id`, the id of the event that made it: lists of edges are paged by it.
CREATE TABLE IF NOT EXISTS follows (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    reblogs INTEGER NOT NULL DEFAULT 1,
    notify INTEGER NOT NULL DEFAULT 0,
    languages TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX IF NOT EXISTS follows_of ON follows (account_id, edge_id);
CREATE INDEX IF NOT EXISTS followers_of ON follows (target_id, edge_id);

-- Nearly every follow has the settings that follows begin with; a reader is loaded from the pairs alone (covered by
-- the unique index) and these few.
CREATE INDEX IF NOT EXISTS follows_with_settings ON follows (account_id)
    WHERE reblogs = 0 OR notify = 1 OR languages <> '';

CREATE TABLE IF NOT EXISTS follow_requests (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    reblogs INTEGER NOT NULL DEFAULT 1,
    notify INTEGER NOT NULL DEFAULT 0,
    languages TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX IF NOT EXISTS follow_requests_to ON follow_requests (target_id, edge_id);

CREATE TABLE IF NOT EXISTS blocks (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX IF NOT EXISTS blocks_of ON blocks (account_id, edge_id);
CREATE INDEX IF NOT EXISTS blocks_against ON blocks (target_id, account_id);

CREATE TABLE IF NOT EXISTS mutes (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    notifications INTEGER NOT NULL DEFAULT 1,
    expires_ms INTEGER,
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX IF NOT EXISTS mutes_of ON mutes (account_id, edge_id);

CREATE TABLE IF NOT EXISTS account_notes (
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    comment TEXT NOT NULL,
    PRIMARY KEY (account_id, target_id)
) STRICT;

CREATE INDEX IF NOT EXISTS account_notes_about ON account_notes (target_id);

CREATE TABLE IF NOT EXISTS endorsements (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    UNIQUE (account_id, target_id)
) STRICT;

-- `tag` is folded for look-up, `shown` is what the person wrote.
CREATE TABLE IF NOT EXISTS tag_follows (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    shown TEXT NOT NULL,
    UNIQUE (account_id, tag)
) STRICT;

CREATE INDEX IF NOT EXISTS tag_follows_of ON tag_follows (account_id, edge_id);
