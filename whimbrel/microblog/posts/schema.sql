-- A post, or a reblog (then `reblog_of_id` is set). Everything that lists and counters need, and nothing long: the
-- window of recent entries is read from here in one pass, and a counter that moves rewrites a hundred bytes.
CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    visibility TEXT NOT NULL,
    sensitive INTEGER NOT NULL DEFAULT 0,
    language TEXT,
    in_reply_to_id INTEGER,
    in_reply_to_account_id INTEGER,
    conversation_id INTEGER NOT NULL,
    reblog_of_id INTEGER,
    reblogged_account_id INTEGER,
    edited_ms INTEGER,
    mentions BLOB,
    tags BLOB,
    replies INTEGER NOT NULL DEFAULT 0,
    reblogs INTEGER NOT NULL DEFAULT 0,
    favourites INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX IF NOT EXISTS posts_of_account ON posts (account_id, id);
CREATE INDEX IF NOT EXISTS posts_replying ON posts (in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;

-- Reblogs are looked up from three sides: the list under a post, the latest by an account, and whether this account
-- has reblogged these posts.
CREATE INDEX IF NOT EXISTS posts_reblogging ON posts (reblog_of_id, id) WHERE reblog_of_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS posts_reblogged_by ON posts (reblog_of_id, account_id) WHERE reblog_of_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS posts_reblogs_of_account ON posts (account_id, id, reblog_of_id)
    WHERE reblog_of_id IS NOT NULL;

-- The public timeline, so that a run of private posts or of replies cannot make a page of it slow.
CREATE INDEX IF NOT EXISTS posts_in_public ON posts (id)
    WHERE visibility = 'public' AND reblog_of_id IS NULL
        AND (in_reply_to_id IS NULL OR in_reply_to_account_id = account_id);

-- What a post says. A reblog has none.
CREATE TABLE IF NOT EXISTS post_texts (
    post_id INTEGER PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    spoiler TEXT NOT NULL DEFAULT '',
    app_name TEXT,
    app_website TEXT
) STRICT;

-- What a post said before each edit; `event_id` is the edit that replaced it.
CREATE TABLE IF NOT EXISTS post_edits (
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    spoiler TEXT NOT NULL,
    sensitive INTEGER NOT NULL,
    PRIMARY KEY (post_id, event_id)
) STRICT, WITHOUT ROWID;

-- Whom a post names; `event_id` is the writing or the edit that named them first.
CREATE TABLE IF NOT EXISTS post_mentions (
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (post_id, account_id)
) STRICT, WITHOUT ROWID;

-- Hashtags of posts, folded. Deleted by apply, which knows them: a cascade would need one more index.
CREATE TABLE IF NOT EXISTS post_tags (
    tag TEXT NOT NULL,
    post_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    PRIMARY KEY (tag, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS post_tags_of_account ON post_tags (account_id, tag, post_id);

CREATE TABLE IF NOT EXISTS pins (
    account_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, post_id)
) STRICT, WITHOUT ROWID;
