-- name: newest
-- The newest span of every component.
SELECT component, from_ms, until_ms, state, verdict FROM spans AS newest
WHERE from_ms = (SELECT max(from_ms) FROM spans WHERE component = newest.component)

-- name: measured
-- The components of which anything was ever known.
SELECT DISTINCT component FROM spans WHERE state <> 'unknown'

-- name: begin
-- A component is in another state, or is measured again.
INSERT INTO spans (component, from_ms, until_ms, state, verdict)
VALUES (:component, :from_ms, :until_ms, :state, :verdict)
ON CONFLICT (component, from_ms) DO UPDATE SET until_ms = excluded.until_ms, state = excluded.state,
    verdict = excluded.verdict

-- name: extend
-- The newest span goes on until now; its verdict says why by now.
UPDATE spans SET until_ms = max(until_ms, :until_ms), verdict = :verdict
WHERE component = :component AND from_ms = :from_ms

-- name: between
-- The spans of some components that touch a stretch of time, in order.
SELECT component, from_ms, until_ms, state, verdict FROM spans
WHERE component IN (:components*) AND until_ms > :from_ms AND from_ms < :until_ms ORDER BY component, from_ms

-- name: forget
-- Spans that ended before anybody still asks for them.
DELETE FROM spans WHERE until_ms < :before_ms
