-- The folded words of each account's name and display name: what a prefix is looked up in, and what one account has.
CREATE TABLE IF NOT EXISTS account_words (
    account_id INTEGER NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (account_id, word)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS account_words_by_word ON account_words (word, account_id);

-- Hashtags that public posts carry now: `uses` counts those posts, and at none the row goes. `shown` is the latest
-- way in which it was written.
CREATE TABLE IF NOT EXISTS tags (
    name TEXT PRIMARY KEY,
    shown TEXT NOT NULL,
    uses INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which public post gave which hashtag its use, so that a deletion or an edit takes back exactly that.
CREATE TABLE IF NOT EXISTS tagged_posts (
    post_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (post_id, tag)
) STRICT, WITHOUT ROWID;

-- Uses of a hashtag by day (since 1970, UTC) and account, for the last days only.
CREATE TABLE IF NOT EXISTS tag_days (
    tag TEXT NOT NULL,
    day INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (tag, day, account_id)
) STRICT, WITHOUT ROWID;
