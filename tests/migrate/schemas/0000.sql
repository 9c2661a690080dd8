-- hash: 1af203dd9625d289625318ab1e2f6f8c

CREATE TABLE cursor (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    chain BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    schema_hash BLOB NOT NULL
) STRICT;

CREATE TABLE parked (
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

CREATE TABLE parked_keys (
    id INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
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

CREATE TABLE credentials (
    account_id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    folded_email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    locale TEXT,
    reason TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT 'cli'
) STRICT;

CREATE TABLE apps (
    id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    website TEXT,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    account_id INTEGER,
    app_id INTEGER,
    scopes TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER
) STRICT;

CREATE INDEX tokens_by_account ON tokens (account_id, id);

CREATE TABLE follows (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    reblogs INTEGER NOT NULL DEFAULT 1,
    notify INTEGER NOT NULL DEFAULT 0,
    languages TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX follows_of ON follows (account_id, edge_id);

CREATE INDEX followers_of ON follows (target_id, edge_id);

CREATE INDEX follows_with_settings ON follows (account_id)
    WHERE reblogs = 0 OR notify = 1 OR languages <> '';

CREATE TABLE follow_requests (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    reblogs INTEGER NOT NULL DEFAULT 1,
    notify INTEGER NOT NULL DEFAULT 0,
    languages TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX follow_requests_to ON follow_requests (target_id, edge_id);

CREATE TABLE blocks (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX blocks_of ON blocks (account_id, edge_id);

CREATE INDEX blocks_against ON blocks (target_id, account_id);

CREATE TABLE mutes (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    notifications INTEGER NOT NULL DEFAULT 1,
    expires_ms INTEGER,
    UNIQUE (account_id, target_id)
) STRICT;

CREATE INDEX mutes_of ON mutes (account_id, edge_id);

CREATE TABLE account_notes (
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    comment TEXT NOT NULL,
    PRIMARY KEY (account_id, target_id)
) STRICT;

CREATE INDEX account_notes_about ON account_notes (target_id);

CREATE TABLE endorsements (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    UNIQUE (account_id, target_id)
) STRICT;

CREATE TABLE tag_follows (
    edge_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    shown TEXT NOT NULL,
    UNIQUE (account_id, tag)
) STRICT;

CREATE INDEX tag_follows_of ON tag_follows (account_id, edge_id);

CREATE TABLE posts (
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

CREATE INDEX posts_of_account ON posts (account_id, id);

CREATE INDEX posts_replying ON posts (in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;

CREATE INDEX posts_reblogging ON posts (reblog_of_id, id) WHERE reblog_of_id IS NOT NULL;

CREATE INDEX posts_reblogged_by ON posts (reblog_of_id, account_id) WHERE reblog_of_id IS NOT NULL;

CREATE INDEX posts_reblogs_of_account ON posts (account_id, id, reblog_of_id)
    WHERE reblog_of_id IS NOT NULL;

CREATE INDEX posts_in_public ON posts (id)
    WHERE visibility = 'public' AND reblog_of_id IS NULL
        AND (in_reply_to_id IS NULL OR in_reply_to_account_id = account_id);

CREATE TABLE post_texts (
    post_id INTEGER PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    spoiler TEXT NOT NULL DEFAULT '',
    app_name TEXT,
    app_website TEXT
) STRICT;

CREATE TABLE post_edits (
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    spoiler TEXT NOT NULL,
    sensitive INTEGER NOT NULL,
    PRIMARY KEY (post_id, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE post_mentions (
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (post_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE post_tags (
    tag TEXT NOT NULL,
    post_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    PRIMARY KEY (tag, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX post_tags_of_account ON post_tags (account_id, tag, post_id);

CREATE TABLE pins (
    account_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE favourites (
    account_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX favourites_of_account ON favourites (account_id, event_id);

CREATE INDEX favourites_of_post ON favourites (post_id, event_id);

CREATE TABLE bookmarks (
    account_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bookmarks_of_account ON bookmarks (account_id, event_id);

CREATE INDEX bookmarks_of_post ON bookmarks (post_id);

CREATE TABLE conversation_mutes (
    account_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_mutes_of_account ON conversation_mutes (account_id, event_id);

CREATE TABLE notifications (
    account_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    from_account_id INTEGER NOT NULL,
    post_id INTEGER REFERENCES posts (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    group_key TEXT,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_from ON notifications (from_account_id, account_id, id);

CREATE INDEX notifications_about ON notifications (post_id, from_account_id, kind)
    WHERE post_id IS NOT NULL;

CREATE INDEX notifications_in_group ON notifications (account_id, group_key, id)
    WHERE group_key IS NOT NULL;

CREATE INDEX follows_notifying ON follows (target_id, account_id) WHERE notify = 1;

CREATE TABLE markers (
    account_id INTEGER NOT NULL,
    timeline TEXT NOT NULL,
    last_read_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, timeline)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_words (
    account_id INTEGER NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (account_id, word)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_words_by_word ON account_words (word, account_id);

CREATE TABLE tags (
    name TEXT PRIMARY KEY,
    shown TEXT NOT NULL,
    uses INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tagged_posts (
    post_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (post_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag_days (
    tag TEXT NOT NULL,
    day INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (tag, day, account_id)
) STRICT, WITHOUT ROWID;
