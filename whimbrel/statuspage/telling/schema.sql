-- Who wants to be told. `components` and `wanted` are JSON lists of ids, empty for all; `wanted` takes the place of
-- `components` when it is confirmed.
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('webhook', 'email', 'account')),
    address TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'disabled')),
    components TEXT NOT NULL,
    wanted TEXT NOT NULL,
    language TEXT NOT NULL,
    secret BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    asked_ms INTEGER NOT NULL,
    failing_since_ms INTEGER,
    UNIQUE (kind, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subscriptions_unconfirmed ON subscriptions (asked_ms) WHERE state = 'pending';

-- What is still to be told to whom: a row for each subscription and update, gone when it was acknowledged. `sequence`
-- is the record of the history that it tells, 0 for the request to confirm. `before`: a component's state before.
CREATE TABLE IF NOT EXISTS outbox (
    subscription TEXT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    PRIMARY KEY (subscription, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_ms);
CREATE UNIQUE INDEX IF NOT EXISTS outbox_once ON outbox (subscription, subject);

-- Up to which record of the history everybody's rows were made.
CREATE TABLE IF NOT EXISTS telling_cursor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL
) STRICT;

-- The state of each component that was told last.
CREATE TABLE IF NOT EXISTS told_states (
    component TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
