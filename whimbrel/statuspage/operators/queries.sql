-- name: add_operator
-- A person who may speak for the page.
INSERT INTO operators (name, password_hash, totp_secret, totp_step, created_ms)
VALUES (:name, :password_hash, :totp_secret, 0, :created_ms)

-- name: operator
-- What a sign-in is compared with.
SELECT name, password_hash, totp_secret, totp_step, created_ms FROM operators WHERE name = :name

-- name: operators
-- Everybody, by name.
SELECT name, created_ms FROM operators ORDER BY name

-- name: set_password
-- Another password, and another second factor.
UPDATE operators SET password_hash = :password_hash, totp_secret = :totp_secret, totp_step = 0 WHERE name = :name

-- name: remove_operator
-- Somebody goes; their sessions and keys go with them.
DELETE FROM operators WHERE name = :name

-- name: use_step
-- The code of a time step is used, unless it or a later one was used before.
UPDATE operators SET totp_step = :step WHERE name = :name AND totp_step < :step

-- name: add_session
-- Somebody has signed in.
INSERT INTO operator_sessions (hash, operator, created_ms, seen_ms) VALUES (:hash, :operator, :now_ms, :now_ms)

-- name: session
-- Who a cookie belongs to.
SELECT operator, created_ms, seen_ms FROM operator_sessions WHERE hash = :hash

-- name: see_session
-- It was used just now.
UPDATE operator_sessions SET seen_ms = :now_ms WHERE hash = :hash

-- name: end_session
-- Signed out.
DELETE FROM operator_sessions WHERE hash = :hash

-- name: end_sessions
-- Everything that one operator has open.
DELETE FROM operator_sessions WHERE operator = :operator

-- name: end_old_sessions
-- What nobody can use any more.
DELETE FROM operator_sessions WHERE created_ms < :created_before_ms OR seen_ms < :seen_before_ms

-- name: add_key
-- A key for programs.
INSERT INTO operator_keys (id, operator, label, hash, created_ms) VALUES (:id, :operator, :label, :hash, :created_ms)

-- name: key_owner
-- Whose key it is.
SELECT operator FROM operator_keys WHERE hash = :hash

-- name: keys
-- Every key, oldest first.
SELECT id, operator, label, created_ms FROM operator_keys ORDER BY created_ms, id

-- name: remove_key
-- A key that works no more.
DELETE FROM operator_keys WHERE id = :id

-- name: history_before
-- The newest records of the history below a sequence, newest first.
SELECT sequence, time_ms, actor, action, subject, payload, chain FROM history
WHERE sequence < :before ORDER BY sequence DESC LIMIT :limit
