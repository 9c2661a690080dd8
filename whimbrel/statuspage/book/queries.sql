-- name: newest
-- The end of the history, from which the next record goes on.
SELECT sequence, time_ms, chain FROM history ORDER BY sequence DESC LIMIT 1

-- name: add
-- One more record.
INSERT INTO history (sequence, time_ms, actor, action, subject, payload, chain)
VALUES (:sequence, :time_ms, :actor, :action, :subject, :payload, :chain)

-- name: after
-- The history from a record on, in order.
SELECT sequence, time_ms, actor, action, subject, payload, chain FROM history
WHERE sequence > :after ORDER BY sequence LIMIT :limit

-- name: of_subject
-- What was said and done about one thing, in order.
SELECT sequence, time_ms, actor, action, subject, payload, chain FROM history
WHERE subject = :subject ORDER BY sequence LIMIT :limit
