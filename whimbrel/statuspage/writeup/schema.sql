-- Write-ups: every version of every text that people have kept, the published ones with what was made of them for
-- readers. Nothing here is updated but that a version becomes published; what is shown is the newest that is.
CREATE TABLE IF NOT EXISTS writeups (
    incident TEXT NOT NULL,
    version INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    body TEXT NOT NULL,
    published_ms INTEGER,
    html TEXT,
    picture BLOB,
    PRIMARY KEY (incident, version)
) STRICT, WITHOUT ROWID;
