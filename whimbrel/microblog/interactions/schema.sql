-- Who likes what. `event_id` is the edge's id: both lists, of a person and of a post, are paged by it.
CREATE TABLE IF NOT EXISTS favourites (
    account_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS favourites_of_account ON favourites (account_id, event_id);
CREATE INDEX IF NOT EXISTS favourites_of_post ON favourites (post_id, event_id);

-- Who keeps what; nobody else knows.
CREATE TABLE IF NOT EXISTS bookmarks (
    account_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS bookmarks_of_account ON bookmarks (account_id, event_id);
CREATE INDEX IF NOT EXISTS bookmarks_of_post ON bookmarks (post_id);

-- A conversation outlives its first post, so this refers to no row.
CREATE TABLE IF NOT EXISTS conversation_mutes (
    account_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS conversation_mutes_of_account ON conversation_mutes (account_id, event_id);
