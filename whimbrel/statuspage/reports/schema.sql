-- Outage reports. Slugs of services and kinds are kept once; everything else is integers, because there can be a million
-- a day. `place` is reports/places.py's number, `quarters` a weight in quarters of a voice, `minute` and `hour` count
-- from 1970 (UTC).

CREATE TABLE IF NOT EXISTS report_slugs (
    number INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE
) STRICT;

-- One row a voice, hour and service. `counted_minute` is when it counted (NULL: a follow-up of the hour before only),
-- `again` how often the same person said it again, which is kept and not counted. Dropped after two days: by then
-- nobody can be found in it even by guessing, since the salt has gone.
CREATE TABLE IF NOT EXISTS report_voices (
    hour INTEGER NOT NULL,
    service INTEGER NOT NULL,
    voice INTEGER NOT NULL,
    counted_minute INTEGER,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    quarters INTEGER NOT NULL,
    again INTEGER NOT NULL,
    network INTEGER NOT NULL,
    wording INTEGER NOT NULL,
    age INTEGER NOT NULL,
    PRIMARY KEY (hour, service, voice)
) STRICT, WITHOUT ROWID;

-- Anonymous counts, by minute; older ones are summed up into quarters of an hour.
CREATE TABLE IF NOT EXISTS report_minutes (
    service INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    quarters INTEGER NOT NULL,
    again INTEGER NOT NULL,
    PRIMARY KEY (service, minute, kind, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS report_bins (
    service INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    quarters INTEGER NOT NULL,
    again INTEGER NOT NULL,
    PRIMARY KEY (service, minute, kind, place)
) STRICT, WITHOUT ROWID;

-- What people wrote, hidden until an operator lets it through; words that nobody has let through expire.
CREATE TABLE IF NOT EXISTS report_notes (
    id INTEGER PRIMARY KEY,
    service INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    words TEXT NOT NULL,
    shown_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS report_notes_shown ON report_notes (service, at_ms) WHERE shown_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS report_notes_waiting ON report_notes (at_ms) WHERE shown_ms IS NULL;

-- The minutes in which the program ran, as spans, so that a minute without reports is told from one without a look.
CREATE TABLE IF NOT EXISTS report_measured (
    from_minute INTEGER PRIMARY KEY,
    until_minute INTEGER NOT NULL
) STRICT;

-- What was made of a minute with reports: how many counted after brigades, what was expected, how unlikely it is.
CREATE TABLE IF NOT EXISTS report_readings (
    service INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    again INTEGER NOT NULL,
    counted REAL NOT NULL,
    expected REAL NOT NULL,
    score REAL NOT NULL,
    since INTEGER,
    PRIMARY KEY (service, minute)
) STRICT, WITHOUT ROWID;

-- The detector's state (surge.Watch, JSON, compressed): the first one of each day (0), from which anybody recomputes the
-- day, and the last one (1), from which a restart goes on.
CREATE TABLE IF NOT EXISTS report_watches (
    service INTEGER NOT NULL,
    day INTEGER NOT NULL,
    is_last INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (service, day, is_last)
) STRICT, WITHOUT ROWID;

-- Surges as they were seen, with what the service's own page said meanwhile.
CREATE TABLE IF NOT EXISTS report_surges (
    service INTEGER NOT NULL,
    since INTEGER NOT NULL,
    value BLOB NOT NULL,
    is_open INTEGER NOT NULL,
    PRIMARY KEY (service, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS report_surges_open ON report_surges (service) WHERE is_open;

-- What a service's own page said when it was last read (elsewhere.PageSeen).
CREATE TABLE IF NOT EXISTS report_pages (
    service INTEGER PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
