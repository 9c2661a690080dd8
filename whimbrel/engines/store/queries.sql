-- name: standing
-- Where the store stands, which schema it was made with, and how much is parked.
SELECT sequence, chain, time_ms, schema_hash, (SELECT count(*) FROM parked) FROM cursor

-- name: cursor
-- The sequence that a look at the store is as of; reading it opens the snapshot.
SELECT sequence FROM cursor

-- name: begin_cursor
-- A new store stands before the journal's first record.
INSERT INTO cursor (only, sequence, chain, time_ms, schema_hash) VALUES (1, 0, x'', 0, :schema_hash)
ON CONFLICT (only) DO NOTHING

-- name: move_cursor
-- The store has taken in everything up to this record.
UPDATE cursor SET sequence = :sequence, chain = :chain, time_ms = :time_ms

-- name: park
-- Put one event aside, with why.
INSERT INTO parked (sequence, event_id, id, type, actor, time_ms, payload, chain, reason)
VALUES (:sequence, :event_id, :id, :type, :actor, :time_ms, :payload, :chain, :reason)

-- name: park_key
-- From here on, events about this post or account are parked too.
INSERT INTO parked_keys (id, sequence) VALUES (:id, :sequence) ON CONFLICT (id) DO NOTHING

-- name: parked_keys
-- Every post and account whose events are parked.
SELECT id FROM parked_keys

-- name: parked
-- What is parked, in journal order.
SELECT sequence, event_id, id, type, actor, time_ms, payload, chain, reason FROM parked ORDER BY sequence LIMIT :limit

-- name: parked_about
-- Whether anything is parked about this post or account.
SELECT 1 FROM parked WHERE id = :id LIMIT 1

-- name: parked_with_content
-- Whom parked events are about that were not blanked.
SELECT DISTINCT id FROM parked WHERE id <> 0 AND payload <> x'' AND type IN (:types*)

-- name: count_parked
-- How many events are parked.
SELECT count(*) FROM parked

-- name: unpark_events
-- Before a replay: whatever still fails parks itself again.
DELETE FROM parked

-- name: unpark_keys
-- Before a replay, with unpark_events.
DELETE FROM parked_keys

-- name: blank_parked
-- Content that was deleted is erased here too (rule 12).
UPDATE parked SET payload = x'' WHERE id IN (:ids*) AND type IN (:types*)
