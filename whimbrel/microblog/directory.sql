-- name: newest
-- The newest accounts that may be shown to strangers.
SELECT id FROM accounts WHERE state = 'active' AND discoverable = 1 ORDER BY id DESC LIMIT :limit;

-- name: most_recent
-- The accounts that may be shown to strangers, by their newest post.
SELECT id FROM accounts
WHERE state = 'active' AND discoverable = 1 AND last_post_ms IS NOT NULL
ORDER BY last_post_ms DESC, id DESC
LIMIT :limit;
