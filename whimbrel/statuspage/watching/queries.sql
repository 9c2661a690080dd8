-- name: probes
-- The probes that run.
SELECT value FROM probes WHERE removed_ms IS NULL ORDER BY id

-- name: put_probe
-- A probe as it is now.
INSERT INTO probes (id, removed_ms, value) VALUES (:id, NULL, :value)
ON CONFLICT (id) DO UPDATE SET removed_ms = NULL, value = excluded.value

-- name: remove_probe
-- A probe that runs no more.
UPDATE probes SET removed_ms = :now_ms WHERE id = :id AND removed_ms IS NULL

-- name: add_minute
-- What an indicator counted in a minute, added to what was there.
INSERT INTO sli_minutes (component, sli, minute, bad, total) VALUES (:component, :sli, :minute, :bad, :total)
ON CONFLICT (minute, component, sli) DO UPDATE SET bad = bad + excluded.bad, total = total + excluded.total

-- name: add_hour
-- The same for its hour.
INSERT INTO sli_hours (component, sli, hour, bad, total) VALUES (:component, :sli, :minute / 60, :bad, :total)
ON CONFLICT (hour, component, sli) DO UPDATE SET bad = bad + excluded.bad, total = total + excluded.total

-- name: minutes_since
-- Everything that was counted from a minute on.
SELECT component, sli, minute, bad, total FROM sli_minutes WHERE minute >= :minute ORDER BY minute

-- name: minutes_of
-- What one component's indicators counted from a minute on, for its charts.
SELECT sli, minute, bad, total FROM sli_minutes WHERE minute >= :minute AND component = :component ORDER BY minute

-- name: sums_since
-- What each indicator counted from an hour on: for error budgets.
SELECT component, sli, sum(bad), sum(total), min(hour) FROM sli_hours WHERE hour >= :hour GROUP BY component, sli

-- name: forget_minutes
-- Minutes that no window reaches any more.
DELETE FROM sli_minutes WHERE minute < :minute

-- name: forget_hours
-- Hours that no budget reaches any more.
DELETE FROM sli_hours WHERE hour < :hour

-- name: bin
-- One bin of a component.
SELECT value FROM measured_bins WHERE component = :component AND width = :width AND start = :start

-- name: put_bin
-- A bin as it is now.
INSERT INTO measured_bins (component, width, start, value) VALUES (:component, :width, :start, :value)
ON CONFLICT (component, width, start) DO UPDATE SET value = excluded.value

-- name: bins
-- The bins of a component from one on, in order.
SELECT start, value FROM measured_bins WHERE component = :component AND width = :width AND start >= :start
ORDER BY start

-- name: forget_bins
-- Bins that no chart reaches any more.
DELETE FROM measured_bins WHERE width = :width AND start < :start

-- name: kept
-- What is remembered under a name.
SELECT value FROM kept WHERE name = :name

-- name: keep
-- Remember it.
INSERT INTO kept (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value
