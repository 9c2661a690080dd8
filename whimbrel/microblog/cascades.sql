-- name: posts_missing_under_reblogs
-- Ids of posts that are gone while reblogs of them remain.
SELECT DISTINCT reblog.reblog_of_id
FROM posts AS reblog
LEFT JOIN posts AS original ON original.id = reblog.reblog_of_id
WHERE reblog.reblog_of_id IS NOT NULL AND original.id IS NULL

-- name: deleted_accounts_with_remains
-- Deleted accounts with a post, a follow, a request or a favourite left.
SELECT id FROM accounts
WHERE state = 'deleted' AND (
    EXISTS (SELECT 1 FROM posts WHERE posts.account_id = accounts.id)
    OR EXISTS (SELECT 1 FROM follows WHERE follows.account_id = accounts.id)
    OR EXISTS (SELECT 1 FROM follows WHERE follows.target_id = accounts.id)
    OR EXISTS (SELECT 1 FROM follow_requests WHERE follow_requests.account_id = accounts.id)
    OR EXISTS (SELECT 1 FROM follow_requests WHERE follow_requests.target_id = accounts.id)
    OR EXISTS (SELECT 1 FROM favourites WHERE favourites.account_id = accounts.id)
)

-- name: unlocked_with_requests
-- Accounts that anybody may follow, with somebody left who waits to.
SELECT DISTINCT asked.id FROM follow_requests JOIN accounts AS asked ON asked.id = follow_requests.target_id
WHERE asked.locked = 0

-- name: reblogs_of_deleted
-- Reblogs that show one of these deleted posts.
SELECT id, account_id, visibility, in_reply_to_id, reblog_of_id
FROM posts WHERE reblog_of_id IN (:ids*) LIMIT :limit

-- name: posts_of_deleted
-- Posts and reblogs that these deleted accounts left.
SELECT id, account_id, visibility, in_reply_to_id, reblog_of_id
FROM posts WHERE account_id IN (:ids*) LIMIT :limit

-- name: follows_of_deleted
-- Follows from and to these deleted accounts.
SELECT account_id, target_id FROM follows
WHERE account_id IN (:ids*) OR target_id IN (:ids*) LIMIT :limit

-- name: requests_of_deleted
-- Follow requests from and to these deleted accounts.
SELECT account_id, target_id FROM follow_requests
WHERE account_id IN (:ids*) OR target_id IN (:ids*) LIMIT :limit

-- name: favourites_of_deleted
-- Favourites that these deleted accounts gave, with the author of each post.
SELECT favourites.account_id, favourites.post_id, posts.account_id
FROM favourites JOIN posts ON posts.id = favourites.post_id
WHERE favourites.account_id IN (:ids*) LIMIT :limit
