-- Incidents and maintenance windows as they stand now. How they came to stand so is in the history.
CREATE TABLE IF NOT EXISTS incidents (
    id TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    resolved_ms INTEGER,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS incidents_by_time ON incidents (created_ms);
CREATE INDEX IF NOT EXISTS incidents_open ON incidents (id) WHERE resolved_ms IS NULL;

-- The incidents, resolved ones too, in which a person called something better than it was measured, while that counts.
CREATE TABLE IF NOT EXISTS incidents_lowered (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS maintenances (
    id TEXT PRIMARY KEY,
    scheduled_ms INTEGER NOT NULL,
    completed_ms INTEGER,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS maintenances_by_time ON maintenances (scheduled_ms);
CREATE INDEX IF NOT EXISTS maintenances_open ON maintenances (id) WHERE completed_ms IS NULL;
