-- name: facts
-- What stands between a recipient and the one who acts, at a moment. Nothing when the recipient or the post is gone.
SELECT
    recipient.state,
    EXISTS (
        SELECT 1 FROM blocks
        WHERE (account_id = :account_id AND target_id = :from_id) OR (account_id = :from_id AND target_id = :account_id)
    ),
    EXISTS (
        SELECT 1 FROM mutes
        WHERE account_id = :account_id AND target_id = :from_id AND notifications = 1
            AND (expires_ms IS NULL OR expires_ms > :now_ms)
    ),
    EXISTS (
        SELECT 1 FROM conversation_mutes AS quiet JOIN posts ON posts.conversation_id = quiet.conversation_id
        WHERE quiet.account_id = :account_id AND posts.id = :post_id
    )
FROM accounts AS recipient
WHERE recipient.id = :account_id AND (:post_id IS NULL OR EXISTS (SELECT 1 FROM posts WHERE id = :post_id))

-- name: latest_group
-- The newest group of a kind about a thing: keys end in hours, all of six digits until the year 2084.
SELECT MAX(group_key) FROM notifications
WHERE account_id = :account_id AND group_key >= :lowest AND group_key < :above

-- name: insert
-- Somebody is told something; one event tells nobody twice.
INSERT INTO notifications (account_id, id, kind, from_account_id, post_id, created_ms, group_key)
VALUES (:account_id, :id, :kind, :from_id, :post_id, :now_ms, :group_key)
ON CONFLICT (account_id, id) DO NOTHING

-- name: insert_for_watchers
-- The followers who want to hear of each post are told of one, unless it names them. The conditions are those of
-- `facts` and rules.wanted, with the languages of the follow; a test holds them together.
INSERT INTO notifications (account_id, id, kind, from_account_id, post_id, created_ms)
SELECT follows.account_id, :id, 'status', :from_id, :post_id, :now_ms
FROM follows JOIN accounts ON accounts.id = follows.account_id
WHERE follows.target_id = :from_id AND follows.notify = 1
    AND accounts.state <> 'deleted'
    AND (follows.languages = '' OR :language = '' OR ' ' || follows.languages || ' ' LIKE '% ' || :language || ' %')
    AND NOT EXISTS (SELECT 1 FROM post_mentions WHERE post_id = :post_id AND account_id = follows.account_id)
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE account_id = follows.account_id AND target_id = :from_id)
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE account_id = :from_id AND target_id = follows.account_id)
    AND NOT EXISTS (
        SELECT 1 FROM mutes
        WHERE account_id = follows.account_id AND target_id = :from_id AND notifications = 1
            AND (expires_ms IS NULL OR expires_ms > :now_ms)
    )
ON CONFLICT (account_id, id) DO NOTHING

-- name: insert_for_rebloggers
-- Those who show a post to others are told that it says something else now.
INSERT INTO notifications (account_id, id, kind, from_account_id, post_id, created_ms)
SELECT reblog.account_id, :id, 'update', :from_id, :post_id, :now_ms
FROM posts AS reblog JOIN accounts ON accounts.id = reblog.account_id
WHERE reblog.reblog_of_id = :post_id AND reblog.account_id <> :from_id
    AND accounts.state <> 'deleted'
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE account_id = reblog.account_id AND target_id = :from_id)
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE account_id = :from_id AND target_id = reblog.account_id)
    AND NOT EXISTS (
        SELECT 1 FROM mutes
        WHERE account_id = reblog.account_id AND target_id = :from_id AND notifications = 1
            AND (expires_ms IS NULL OR expires_ms > :now_ms)
    )
ON CONFLICT (account_id, id) DO NOTHING

-- name: named_by
-- Whom this event was the first to name in the post.
SELECT account_id FROM post_mentions WHERE post_id = :post_id AND event_id = :event_id

-- name: delete_about
-- What somebody was told of one thing that another did to a post, and has undone.
DELETE FROM notifications WHERE post_id = :post_id AND from_account_id = :from_id AND kind = :kind

-- name: delete_of_kind
-- What one account was told of another, of one kind.
DELETE FROM notifications WHERE from_account_id = :from_id AND account_id = :account_id AND kind = :kind

-- name: delete_from
-- All that one account was told of another.
DELETE FROM notifications WHERE from_account_id = :from_id AND account_id = :account_id

-- name: delete_from_everywhere
-- All that anybody was told of an account that is gone.
DELETE FROM notifications WHERE from_account_id = :from_id

-- name: delete_up_to
-- Everything that an account was told up to a moment.
DELETE FROM notifications WHERE account_id = :account_id AND id <= :up_to_id

-- name: delete_these
-- Some of what an account was told.
DELETE FROM notifications WHERE account_id = :account_id AND id IN (:ids*)

-- name: delete_markers
-- How far a deleted account had read.
DELETE FROM markers WHERE account_id = :account_id

-- name: move_marker
-- A timeline was read further; a marker never moves back.
INSERT INTO markers (account_id, timeline, last_read_id, version, updated_ms)
VALUES (:account_id, :timeline, :last_read_id, 1, :now_ms)
ON CONFLICT (account_id, timeline) DO UPDATE
SET last_read_id = excluded.last_read_id, version = markers.version + 1, updated_ms = excluded.updated_ms
WHERE excluded.last_read_id > markers.last_read_id

-- name: newest
-- The newest of what an account was told, of any kind.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE account_id = :account_id ORDER BY id DESC LIMIT :limit

-- name: page_down
-- What an account was told, of some kinds, newest first.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE account_id = :account_id AND id < :ceiling AND id > :floor AND kind IN (:kinds*)
ORDER BY id DESC LIMIT :limit

-- name: page_up
-- The same from the old end.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE account_id = :account_id AND id < :ceiling AND id > :floor AND kind IN (:kinds*)
ORDER BY id LIMIT :limit

-- name: page_from_down
-- What an account was told of one other, newest first.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE from_account_id = :from_id AND account_id = :account_id AND id < :ceiling AND id > :floor
    AND kind IN (:kinds*)
ORDER BY id DESC LIMIT :limit

-- name: page_from_up
-- The same from the old end.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE from_account_id = :from_id AND account_id = :account_id AND id < :ceiling AND id > :floor
    AND kind IN (:kinds*)
ORDER BY id LIMIT :limit

-- name: some
-- Some notifications of an account, by id.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE account_id = :account_id AND id IN (:ids*) ORDER BY id DESC

-- name: unread
-- How many an account was told since it last read, of some kinds and perhaps of one account; those of a grouped kind
-- count once a group. Counted up to a limit, and not beyond so many rows.
SELECT COUNT(*) FROM (
    SELECT DISTINCT what FROM (
        SELECT CASE WHEN kind IN (:grouped*) AND group_key IS NOT NULL THEN group_key ELSE CAST(id AS TEXT) END AS what
        FROM notifications
        WHERE account_id = :account_id AND kind IN (:kinds*) AND (:from_id IS NULL OR from_account_id = :from_id)
            AND id > COALESCE(
                (SELECT last_read_id FROM markers WHERE account_id = :account_id AND timeline = 'notifications'), 0
            )
        ORDER BY id DESC LIMIT :rows
    ) AS unread
    LIMIT :limit
) AS counted

-- name: watched
-- Those of whose posts an account wants to hear. The last condition lets the graph's small index be used.
SELECT target_id FROM follows
WHERE account_id = :account_id AND notify = 1
    AND (reblogs = 0 OR notify = 1 OR languages <> '')

-- name: group_sums
-- Groups below an id: how many, from when to when.
SELECT group_key, COUNT(*), MIN(id), MAX(id), MAX(created_ms) FROM notifications
WHERE account_id = :account_id AND group_key IN (:keys*) AND id < :ceiling
GROUP BY group_key

-- name: group_members_down
-- The members of one group, newest first.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE account_id = :account_id AND group_key = :key AND id < :ceiling AND id > :floor ORDER BY id DESC LIMIT :limit

-- name: group_members_up
-- The same from the old end.
SELECT id, kind, from_account_id, post_id, created_ms, group_key FROM notifications
WHERE account_id = :account_id AND group_key = :key AND id < :ceiling AND id > :floor ORDER BY id LIMIT :limit

-- name: markers
-- How far accounts have read.
SELECT account_id, timeline, last_read_id, version, updated_ms FROM markers WHERE account_id IN (:account_ids*)
