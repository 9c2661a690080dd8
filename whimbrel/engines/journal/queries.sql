-- name: is_up_to_date
-- Whether the newest of the tables is there.
SELECT 1 FROM sqlite_master WHERE name = 'released'

-- name: tip
-- The newest record, whole: opening continues from it and checks it first.
SELECT sequence, event_id, id, type, actor, time_ms, payload, salt, payload_hash, chain, checksum
FROM records ORDER BY sequence DESC LIMIT 1

-- name: head
-- The newest record's place and chain hash.
SELECT sequence, chain FROM records ORDER BY sequence DESC LIMIT 1

-- name: last_sequence
-- The highest sequence ever given, which outlives its record.
SELECT seq FROM sqlite_sequence WHERE name = 'records'

-- name: records_between
-- One page of records in order; `after` is exclusive, `up_to` inclusive.
SELECT sequence, event_id, id, type, actor, time_ms, payload, salt, payload_hash, chain, checksum
FROM records WHERE sequence > :after AND sequence <= :up_to ORDER BY sequence LIMIT :limit

-- name: insert_record
-- One record; its place was given before, because the chain hash covers it.
INSERT INTO records (sequence, event_id, id, type, actor, time_ms, payload, salt, payload_hash, chain, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: held
-- The claim under a key, expired or not.
SELECT sequence, event_id, id, time_ms, digest, expires_ms FROM claims WHERE key = ?

-- name: records_to_verify
-- One page of records; the type as bytes, because damaged text could not be read at all.
SELECT sequence, event_id, id, CAST(type AS BLOB), actor, time_ms, payload, salt, payload_hash, chain, checksum
FROM records WHERE sequence > :after AND sequence <= :up_to ORDER BY sequence LIMIT :limit

-- name: sequences_to_verify
-- One page of sequences alone, where a damaged record makes the page unreadable.
SELECT sequence FROM records WHERE sequence > :after AND sequence <= :up_to ORDER BY sequence LIMIT :limit

-- name: claims_to_verify
-- One page of claims in order of their keys; texts as bytes, because damaged text could not be read at all.
SELECT CAST(key AS BLOB), sequence, event_id, id, time_ms,
    CASE typeof(digest) WHEN 'text' THEN 0 ELSE digest END, expires_ms, checksum
FROM claims WHERE key > CAST(:after AS TEXT) ORDER BY key LIMIT :limit

-- name: put_claim
-- A key taken; it may lie over a claim that has expired.
INSERT INTO claims (key, sequence, event_id, id, time_ms, digest, expires_ms, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    sequence = excluded.sequence, event_id = excluded.event_id, id = excluded.id, time_ms = excluded.time_ms,
    digest = excluded.digest, expires_ms = excluded.expires_ms, checksum = excluded.checksum

-- name: drop_claim
-- A key released.
DELETE FROM claims WHERE key = ?

-- name: put_released
-- A key released, and what was held under it.
INSERT INTO released (released, key, sequence, event_id, id, time_ms, digest, expires_ms, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: forget_released
-- The claims as of a record that a trim has removed are asked for no more.
DELETE FROM released WHERE released <= :up_to

-- name: released_to_verify
-- One page of what was released, in order; texts as bytes, because damaged text could not be read at all.
SELECT released, CAST(key AS BLOB), sequence, event_id, id, time_ms,
    CASE typeof(digest) WHEN 'text' THEN 0 ELSE digest END, expires_ms, checksum
FROM released WHERE (released, key) > (:after, CAST(:key AS TEXT)) ORDER BY released, key LIMIT :limit

-- name: sweep_claims
-- Expired claims count as free already; this gives their space back, a bounded piece at a time.
DELETE FROM claims WHERE key IN (
    SELECT key FROM claims WHERE expires_ms IS NOT NULL AND expires_ms <= :now_ms ORDER BY expires_ms LIMIT :limit
)

-- name: with_content
-- The records of these types about one subject that still hold content.
SELECT sequence, event_id, id, type, actor, time_ms, payload, salt, payload_hash, chain, checksum
FROM records WHERE id = :id AND salt <> x'' AND type IN (SELECT value FROM json_each(:types)) LIMIT :limit

-- name: unerased
-- Subjects of the claims whose keys begin so, with when they were claimed, that still have content of these types.
SELECT claims.id, claims.time_ms FROM claims
WHERE claims.key >= :prefix AND claims.key < :prefix || char(1114111) AND EXISTS (
    SELECT 1 FROM records
    WHERE records.id = claims.id AND salt <> x'' AND type IN (SELECT value FROM json_each(:types))
)

-- name: blank_record
-- Erase the content of one record; its hashes stay, so the chain holds.
UPDATE records SET payload = x'', salt = x'', checksum = :checksum WHERE sequence = :sequence

-- name: beginning
-- Where the journal begins after a trim.
SELECT sequence, chain FROM beginning

-- name: last_trimmable
-- The newest record of the next piece to forget; never the newest of all, which carries ids and chain on.
SELECT sequence, chain FROM (
    SELECT sequence, chain FROM records
    WHERE sequence <= :up_to AND sequence < (SELECT max(sequence) FROM records)
    ORDER BY sequence LIMIT :limit
) ORDER BY sequence DESC LIMIT 1

-- name: move_beginning
-- The journal now begins behind this record.
INSERT INTO beginning (only, sequence, chain) VALUES (1, :sequence, :chain)
ON CONFLICT (only) DO UPDATE SET sequence = excluded.sequence, chain = excluded.chain

-- name: forget_records
-- Remove the records that a verified snapshot covers.
DELETE FROM records WHERE sequence <= :up_to
