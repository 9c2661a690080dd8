-- Who is told what. `id` is the id of the event that caused it: at most one an event and recipient. `group_key` only
-- for the kinds that are grouped.
CREATE TABLE IF NOT EXISTS notifications (
    account_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    from_account_id INTEGER NOT NULL,
    post_id INTEGER REFERENCES posts (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    group_key TEXT,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS notifications_from ON notifications (from_account_id, account_id, id);
CREATE INDEX IF NOT EXISTS notifications_about ON notifications (post_id, from_account_id, kind)
    WHERE post_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS notifications_in_group ON notifications (account_id, group_key, id)
    WHERE group_key IS NOT NULL;

-- Followers who want to hear of each post. Without it a post by somebody with a million followers would read them all.
CREATE INDEX IF NOT EXISTS follows_notifying ON follows (target_id, account_id) WHERE notify = 1;

-- How far somebody has read a timeline; `version` counts the moves.
CREATE TABLE IF NOT EXISTS markers (
    account_id INTEGER NOT NULL,
    timeline TEXT NOT NULL,
    last_read_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, timeline)
) STRICT, WITHOUT ROWID;
