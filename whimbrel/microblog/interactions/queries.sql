-- name: insert_favourite
-- A favourite of a post that exists.
INSERT INTO favourites (account_id, post_id, event_id)
SELECT :account_id, :post_id, :event_id WHERE EXISTS (SELECT 1 FROM posts WHERE id = :post_id)
ON CONFLICT (account_id, post_id) DO NOTHING

-- name: delete_favourite
-- A favourite taken back.
DELETE FROM favourites WHERE account_id = :account_id AND post_id = :post_id

-- name: insert_bookmark
-- A bookmark of a post that exists.
INSERT INTO bookmarks (account_id, post_id, event_id)
SELECT :account_id, :post_id, :event_id WHERE EXISTS (SELECT 1 FROM posts WHERE id = :post_id)
ON CONFLICT (account_id, post_id) DO NOTHING

-- name: delete_bookmark
-- A bookmark taken back.
DELETE FROM bookmarks WHERE account_id = :account_id AND post_id = :post_id

-- name: insert_conversation_mute
-- A conversation that somebody wants no notifications from.
INSERT INTO conversation_mutes (account_id, conversation_id, event_id)
VALUES (:account_id, :conversation_id, :event_id)
ON CONFLICT (account_id, conversation_id) DO NOTHING

-- name: delete_conversation_mute
-- A conversation that somebody wants notifications from again.
DELETE FROM conversation_mutes WHERE account_id = :account_id AND conversation_id = :conversation_id

-- name: forget_bookmarks
-- What a deleted account kept.
DELETE FROM bookmarks WHERE account_id = :account_id

-- name: forget_conversation_mutes
-- The conversations that a deleted account had muted.
DELETE FROM conversation_mutes WHERE account_id = :account_id

-- name: newest_favourites
-- What an account liked lately, with the edges.
SELECT post_id, event_id FROM favourites WHERE account_id = :account_id ORDER BY event_id DESC LIMIT :limit

-- name: newest_bookmarks
-- What an account kept lately, with the edges.
SELECT post_id, event_id FROM bookmarks WHERE account_id = :account_id ORDER BY event_id DESC LIMIT :limit

-- name: newest_reblogs
-- What an account reblogged lately, with the reblogs.
SELECT reblog_of_id, id FROM posts
WHERE account_id = :account_id AND reblog_of_id IS NOT NULL
ORDER BY id DESC LIMIT :limit

-- name: pinned
-- What an account shows on top of its profile.
SELECT post_id FROM pins WHERE account_id = :account_id

-- name: newest_conversation_mutes
-- The conversations that an account muted lately, with the edges.
SELECT conversation_id, event_id FROM conversation_mutes
WHERE account_id = :account_id ORDER BY event_id DESC LIMIT :limit

-- name: marks
-- An account's flags on some posts, one row a flag (the numbers are those of posts/values.py).
SELECT post_id, 1 FROM favourites WHERE account_id = :account_id AND post_id IN (:post_ids*)
UNION ALL
SELECT reblog_of_id, 2 FROM posts
WHERE account_id = :account_id AND reblog_of_id IS NOT NULL AND reblog_of_id IN (:post_ids*)
UNION ALL
SELECT posts.id, 4 FROM posts JOIN conversation_mutes AS quiet ON quiet.conversation_id = posts.conversation_id
WHERE quiet.account_id = :account_id AND posts.id IN (:post_ids*)
UNION ALL
SELECT post_id, 8 FROM bookmarks WHERE account_id = :account_id AND post_id IN (:post_ids*)
UNION ALL
SELECT post_id, 16 FROM pins WHERE account_id = :account_id AND post_id IN (:post_ids*)

-- name: marks_of
-- The flags of some accounts on one post, one row a flag.
SELECT account_id, 1 FROM favourites WHERE post_id = :post_id AND account_id IN (:account_ids*)
UNION ALL
SELECT account_id, 2 FROM posts
WHERE reblog_of_id IS NOT NULL AND reblog_of_id = :post_id AND account_id IN (:account_ids*)
UNION ALL
SELECT account_id, 8 FROM bookmarks WHERE post_id = :post_id AND account_id IN (:account_ids*)
UNION ALL
SELECT account_id, 16 FROM pins WHERE post_id = :post_id AND account_id IN (:account_ids*)

-- name: favourites_down
-- An account's favourites, the latest first.
SELECT event_id, post_id FROM favourites
WHERE account_id = :id AND event_id < :ceiling AND event_id > :floor ORDER BY event_id DESC LIMIT :limit

-- name: favourites_up
-- The same from the old end.
SELECT event_id, post_id FROM favourites
WHERE account_id = :id AND event_id < :ceiling AND event_id > :floor ORDER BY event_id LIMIT :limit

-- name: bookmarks_down
-- An account's bookmarks, the latest first.
SELECT event_id, post_id FROM bookmarks
WHERE account_id = :id AND event_id < :ceiling AND event_id > :floor ORDER BY event_id DESC LIMIT :limit

-- name: bookmarks_up
-- The same from the old end.
SELECT event_id, post_id FROM bookmarks
WHERE account_id = :id AND event_id < :ceiling AND event_id > :floor ORDER BY event_id LIMIT :limit

-- name: favourited_by_down
-- Who likes a post, the latest first.
SELECT event_id, account_id FROM favourites
WHERE post_id = :id AND event_id < :ceiling AND event_id > :floor ORDER BY event_id DESC LIMIT :limit

-- name: favourited_by_up
-- The same from the old end.
SELECT event_id, account_id FROM favourites
WHERE post_id = :id AND event_id < :ceiling AND event_id > :floor ORDER BY event_id LIMIT :limit

-- name: reblogged_by_down
-- Who shows a post to everybody, the latest first.
SELECT id, account_id FROM posts
WHERE reblog_of_id = :id AND visibility IN ('public', 'unlisted') AND id < :ceiling AND id > :floor
ORDER BY id DESC LIMIT :limit

-- name: reblogged_by_up
-- The same from the old end.
SELECT id, account_id FROM posts
WHERE reblog_of_id = :id AND visibility IN ('public', 'unlisted') AND id < :ceiling AND id > :floor
ORDER BY id LIMIT :limit
