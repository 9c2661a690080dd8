-- name: beginning
-- Where the journal begins after a trim.
SELECT sequence, chain FROM beginning

-- name: is_complete
-- Whether the newest of the journal's tables is there: a version without it has written here alone.
SELECT 1 FROM sqlite_master WHERE name = 'released'

-- name: claims_by_key
-- One page of all claims.
SELECT key, sequence, event_id, id, time_ms, digest, expires_ms, checksum
FROM claims WHERE key > :after ORDER BY key LIMIT :limit

-- name: claims_made
-- The claims that these records have made and that are still held.
SELECT key, sequence, event_id, id, time_ms, digest, expires_ms, checksum
FROM claims WHERE sequence > :after AND sequence <= :up_to ORDER BY sequence, key

-- name: count_claims
-- How many claims there are, for a bar of progress.
SELECT count(*) FROM claims

-- name: released_between
-- What these records have given back.
SELECT released, key, sequence, event_id, id, time_ms, digest, expires_ms, checksum
FROM released WHERE released > :after AND released <= :up_to ORDER BY released, key

-- name: released_since
-- Claims of these records that were given back after the moment of the backup, while it was made: then they were held.
SELECT released, key, sequence, event_id, id, time_ms, digest, expires_ms, checksum
FROM released WHERE released > :moment AND sequence > :after AND sequence <= :up_to ORDER BY released, key

-- name: time_of_record
-- Event id, time and chain hash of one record.
SELECT event_id, time_ms, chain FROM records WHERE sequence = :sequence

-- name: count_deletions
-- How many of these records take something away, from the newest ones backwards in time.
SELECT count(*) FROM records
WHERE sequence > :after AND sequence <= :up_to AND type IN (SELECT value FROM json_each(:types))

-- name: first_since
-- The last record before a moment.
SELECT coalesce(max(sequence), 0) FROM records WHERE sequence <= :up_to AND time_ms < :time_ms

-- name: tables_alone
-- What makes the tables of an open journal, without its indexes.
SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name

-- name: indexes_of_claims
-- What makes the indexes of the claims; those that belong to a key say nothing.
SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'claims' AND sql IS NOT NULL ORDER BY name

-- name: keep_released
-- One release of a segment.
INSERT INTO released (released, key, sequence, event_id, id, time_ms, digest, expires_ms, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: last_at
-- The last record of a segment at or before a moment, 0 for none.
SELECT coalesce(max(sequence), 0) FROM records WHERE time_ms <= :time_ms

-- name: facts
-- What the chain covers of a segment's records: type and hash of the content in one, to spare a restore some work.
SELECT sequence, event_id, id, actor, time_ms, CAST(type || payload_hash AS BLOB), chain
FROM records WHERE sequence > :after AND sequence <= :last ORDER BY sequence

-- name: take_records
-- All records of a segment. Word by word like this SQLite copies rows as they lie, three times as fast.
INSERT INTO main.records SELECT * FROM piece.records

-- name: take_some_records
-- Those records of a segment that are not there yet, up to the last one that is wanted.
INSERT INTO main.records SELECT * FROM piece.records WHERE sequence > :after AND sequence <= :last

-- name: is_taken_whole
-- Whether all records of a segment are wanted and not there yet.
SELECT coalesce(min(sequence) > :after AND max(sequence) <= :last, 0) FROM piece.records

-- name: take_claims
-- Claims made up to the last record that is wanted; they lie over older ones.
INSERT INTO main.claims SELECT * FROM piece.claims WHERE sequence <= :last
ON CONFLICT (key) DO UPDATE SET
    sequence = excluded.sequence, event_id = excluded.event_id, id = excluded.id, time_ms = excluded.time_ms,
    digest = excluded.digest, expires_ms = excluded.expires_ms, checksum = excluded.checksum

-- name: give_back
-- Restored claims that a record up to the last one that is wanted has given back.
DELETE FROM main.claims
WHERE key IN (SELECT key FROM piece.released WHERE released <= :last)
    AND (key, sequence) IN (SELECT key, sequence FROM piece.released WHERE released <= :last)

-- name: take_released
-- Releases up to the last record that is wanted; two backups can hold the same one.
INSERT INTO main.released SELECT * FROM piece.released WHERE released <= :last
ON CONFLICT (released, key) DO NOTHING

-- name: given_back_later
-- What was held at the last record that is wanted and given back by a later one.
SELECT key, sequence, event_id, id, time_ms, digest, expires_ms
FROM piece.released WHERE released > :last AND sequence <= :last

-- name: tables
-- Every table of a store; what a virtual table keeps its content in counts for itself.
SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite%'
ORDER BY name

-- name: begin_at
-- The restored journal begins behind this record.
INSERT INTO beginning (only, sequence, chain) VALUES (1, :sequence, :chain)

-- name: beginning_with
-- Keys that begin so, by which record they are held, and what they are about.
SELECT key, sequence, id FROM claims WHERE key >= :prefix AND key < :prefix || char(1114111)

-- name: released_beginning_with
-- Keys that begin so and were given back, and the record that had claimed them.
SELECT key, sequence FROM released WHERE key >= :prefix AND key < :prefix || char(1114111)

-- name: subjects
-- Subjects of the claims whose keys begin so.
SELECT id FROM claims WHERE key >= :prefix AND key < :prefix || char(1114111)
