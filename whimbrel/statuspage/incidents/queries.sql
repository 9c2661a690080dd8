-- name: put_incident
-- An incident as it stands now.
INSERT INTO incidents (id, created_ms, resolved_ms, value) VALUES (:id, :created_ms, :resolved_ms, :value)
ON CONFLICT (id) DO UPDATE SET resolved_ms = excluded.resolved_ms, value = excluded.value

-- name: incident
-- One incident.
SELECT value FROM incidents WHERE id = :id

-- name: open_incidents
-- What is not resolved, oldest first.
SELECT value FROM incidents WHERE resolved_ms IS NULL ORDER BY created_ms, id

-- name: keep_lowered
-- Something in this incident is called better than it is measured.
INSERT INTO incidents_lowered (id) VALUES (:id) ON CONFLICT (id) DO NOTHING

-- name: drop_lowered
-- Nothing in this incident is called better than it is measured, or not any more.
DELETE FROM incidents_lowered WHERE id = :id

-- name: steered_incidents
-- What the rule has to look at: not resolved, or called better than it is measured, oldest first.
SELECT value FROM incidents WHERE resolved_ms IS NULL OR id IN (SELECT id FROM incidents_lowered)
ORDER BY created_ms, id

-- name: incidents_before
-- The newest incidents that were opened before a moment, newest first.
SELECT value FROM incidents WHERE created_ms < :before_ms ORDER BY created_ms DESC, id LIMIT :limit

-- name: put_maintenance
-- A maintenance window as it stands now.
INSERT INTO maintenances (id, scheduled_ms, completed_ms, value)
VALUES (:id, :scheduled_ms, :completed_ms, :value)
ON CONFLICT (id) DO UPDATE SET scheduled_ms = excluded.scheduled_ms, completed_ms = excluded.completed_ms,
    value = excluded.value

-- name: maintenance
-- One maintenance window.
SELECT value FROM maintenances WHERE id = :id

-- name: open_maintenances
-- What is not completed, by when it begins.
SELECT value FROM maintenances WHERE completed_ms IS NULL ORDER BY scheduled_ms, id

-- name: maintenances_before
-- The newest windows that were to begin before a moment, newest first.
SELECT value FROM maintenances WHERE scheduled_ms < :before_ms ORDER BY scheduled_ms DESC, id LIMIT :limit
