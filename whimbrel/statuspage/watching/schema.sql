-- Probes that were configured besides those that the program has of itself. Removed ones stay for the history.
CREATE TABLE IF NOT EXISTS probes (
    id TEXT PRIMARY KEY,
    removed_ms INTEGER,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What each component's indicators counted in each minute: good requests are `total` less `bad`. A minute without a row
-- was not measured. `minute` is counted from 1970.
CREATE TABLE IF NOT EXISTS sli_minutes (
    component TEXT NOT NULL,
    sli TEXT NOT NULL,
    minute INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (minute, component, sli)
) STRICT, WITHOUT ROWID;

-- The same by hour, for what is older than the windows that need minutes.
CREATE TABLE IF NOT EXISTS sli_hours (
    component TEXT NOT NULL,
    sli TEXT NOT NULL,
    hour INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (hour, component, sli)
) STRICT, WITHOUT ROWID;

-- What was measured in bins of some minutes each, for charts; `start` in minutes from 1970. A bin that is not there was
-- not measured.
CREATE TABLE IF NOT EXISTS measured_bins (
    component TEXT NOT NULL,
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (component, width, start)
) STRICT, WITHOUT ROWID;

-- What the room remembers over a restart, one value under each name: the watches over falling rates, the canaries' app.
CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
