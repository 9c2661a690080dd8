-- What the book keeps about itself. The rooms of the status program bring their own tables.

-- Everything that people and the program have said or changed, for ever: nothing here is updated or deleted. Each
-- record's chain is a hash over the one before it and itself, so that an edit of the past, or a record put in later,
-- shows. What the page displays is derived from it and written in the same transaction.
CREATE TABLE IF NOT EXISTS history (
    sequence INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload BLOB NOT NULL,
    chain BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS history_by_subject ON history (subject, sequence);
