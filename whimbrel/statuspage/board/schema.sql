-- The states of components as spans of time without overlap. What no span covers was not measured: the program was not
-- running, and does not claim to know.
CREATE TABLE IF NOT EXISTS spans (
    component TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    verdict BLOB NOT NULL,
    PRIMARY KEY (component, from_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spans_by_end ON spans (until_ms);
