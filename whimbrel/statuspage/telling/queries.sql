-- name: put_subscription
-- A subscription as it stands now.
INSERT INTO subscriptions
    (id, kind, address, state, components, wanted, language, secret, created_ms, asked_ms, failing_since_ms)
VALUES (:id, :kind, :address, :state, :components, :wanted, :language, :secret, :created_ms, :asked_ms,
    :failing_since_ms)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, components = excluded.components, wanted = excluded.wanted,
    language = excluded.language, secret = excluded.secret, asked_ms = excluded.asked_ms,
    failing_since_ms = excluded.failing_since_ms

-- name: subscription
-- One, by id.
SELECT id, kind, address, state, components, wanted, language, secret, created_ms, asked_ms, failing_since_ms
FROM subscriptions WHERE id = :id

-- name: subscription_of
-- One, by where it leads.
SELECT id, kind, address, state, components, wanted, language, secret, created_ms, asked_ms, failing_since_ms
FROM subscriptions WHERE kind = :kind AND address = :address

-- name: count
-- How many there are.
SELECT count(*) FROM subscriptions

-- name: remove
-- Somebody wants to hear nothing more; what was still to be told goes with it.
DELETE FROM subscriptions WHERE id = :id

-- name: remove_unconfirmed
-- Requests that nobody has confirmed.
DELETE FROM subscriptions WHERE state = 'pending' AND asked_ms < :before_ms

-- name: disable_others
-- Accounts that are not the official one any more.
UPDATE subscriptions SET state = 'disabled' WHERE kind = 'account' AND address <> :address

-- name: drop_others
-- What was to be told to those that are disabled.
DELETE FROM outbox WHERE subscription IN (SELECT id FROM subscriptions WHERE state = 'disabled')

-- name: announce
-- One update, to everybody whom it concerns.
INSERT OR IGNORE INTO outbox (subscription, sequence, subject, before, due_ms, tries, last_error)
SELECT id, :sequence, :subject, :before, :now_ms, 0, '' FROM subscriptions
WHERE state = 'active' AND kind IN (:kinds*) AND (components = '[]'
    OR EXISTS (SELECT 1 FROM json_each(components) WHERE value IN (:affected*)))

-- name: ask
-- The request to confirm, to one.
INSERT OR REPLACE INTO outbox (subscription, sequence, subject, before, due_ms, tries, last_error)
VALUES (:subscription, 0, 'confirm', '', :now_ms, 0, '')

-- name: due
-- The oldest of each subscription, if it is due: those that have failed least first, so that who does not answer
-- never keeps the others waiting.
SELECT subscription, sequence, subject, before, due_ms, tries, last_error FROM outbox AS this
WHERE due_ms <= :now_ms
    AND sequence = (SELECT min(sequence) FROM outbox WHERE subscription = this.subscription)
ORDER BY tries, due_ms, sequence LIMIT :limit

-- name: done
-- It was acknowledged, or is given up.
DELETE FROM outbox WHERE subscription = :subscription AND sequence = :sequence

-- name: again
-- It failed; when the next try is, and why it failed.
UPDATE outbox SET due_ms = :due_ms, tries = tries + 1, last_error = :last_error
WHERE subscription = :subscription AND sequence = :sequence

-- name: drop_of
-- Everything that was to be told to one.
DELETE FROM outbox WHERE subscription = :subscription

-- name: drop_oldest
-- What is too much for one that does not answer: all but its newest.
DELETE FROM outbox WHERE subscription = :subscription AND sequence NOT IN (
    SELECT sequence FROM outbox WHERE subscription = :subscription ORDER BY sequence DESC LIMIT :keep)

-- name: waiting
-- How much is still to be told.
SELECT count(*) FROM outbox

-- name: cursor
-- Up to where everybody's rows were made.
SELECT sequence FROM telling_cursor

-- name: move
-- They were made up to here.
INSERT INTO telling_cursor (one, sequence) VALUES (1, :sequence)
ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence

-- name: told_state
-- What was told of a component last.
SELECT state FROM told_states WHERE component = :component

-- name: put_told_state
-- This was told of it now.
INSERT INTO told_states (component, state) VALUES (:component, :state)
ON CONFLICT (component) DO UPDATE SET state = excluded.state

-- name: record
-- What is told, as the history has it.
SELECT sequence, time_ms, actor, action, subject, payload, chain FROM history WHERE sequence = :sequence
