-- name: copy
-- The store as of one moment, without the pages that nothing uses any more.
VACUUM INTO :target

-- name: schema_hash
-- Which schema the store was made with.
SELECT schema_hash FROM cursor

-- name: made_with
-- A migration has brought the store to this schema.
UPDATE cursor SET schema_hash = :schema_hash

-- name: broken_keys
-- The first row that names another which is not there.
SELECT "table", rowid FROM pragma_foreign_key_check LIMIT 1
