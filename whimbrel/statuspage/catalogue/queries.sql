-- name: components
-- What the page shows, in its order.
SELECT value FROM components WHERE removed_ms IS NULL ORDER BY position, id

-- name: put_component
-- A component as it is now.
INSERT INTO components (id, position, removed_ms, value) VALUES (:id, :position, NULL, :value)
ON CONFLICT (id) DO UPDATE SET position = excluded.position, removed_ms = NULL, value = excluded.value

-- name: remove_component
-- A component is shown no more.
UPDATE components SET removed_ms = :now_ms WHERE id = :id AND removed_ms IS NULL

-- name: services
-- What people can report about.
SELECT value FROM services WHERE removed_ms IS NULL ORDER BY id

-- name: put_service
-- A service as it is now.
INSERT INTO services (id, removed_ms, value) VALUES (:id, NULL, :value)
ON CONFLICT (id) DO UPDATE SET removed_ms = NULL, value = excluded.value

-- name: remove_service
-- A service about which nothing is taken any more.
UPDATE services SET removed_ms = :now_ms WHERE id = :id AND removed_ms IS NULL
