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

-- name: give_back
-- A restored claim that a later record had given back before the moment that is restored.
DELETE FROM claims WHERE key = :key AND sequence = :sequence

-- name: keep_released
-- A restored release; two backups can hold the same one.
INSERT INTO released (released, key, sequence, event_id, id, time_ms, digest, expires_ms, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (released, key) DO NOTHING

-- name: tables
-- Every table of a store; what a virtual table keeps its content in counts for itself.
SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite%'
ORDER BY name

-- name: begin_at
-- The restored journal begins behind this record.
INSERT INTO beginning (only, sequence, chain) VALUES (1, :sequence, :chain)

-- name: beginning_with
-- Keys that begin so, and what they are about.
SELECT key, id FROM claims WHERE key >= :prefix AND key < :prefix || char(1114111)

-- name: subjects
-- Subjects of the claims whose keys begin so.
SELECT id FROM claims WHERE key >= :prefix AND key < :prefix || char(1114111)
