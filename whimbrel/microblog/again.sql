-- name: posts
-- What the deletion of these posts and reblogs must say.
SELECT id, account_id, visibility, in_reply_to_id, reblog_of_id FROM posts WHERE id IN (:ids*)

-- name: accounts
-- These accounts, as far as they are here and not deleted, with the address that a deletion frees.
SELECT accounts.id, credentials.email FROM accounts JOIN credentials ON credentials.account_id = accounts.id
WHERE accounts.id IN (:ids*) AND accounts.deleted = 0

-- name: tokens
-- Those of these tokens that are here.
SELECT id, token_hash FROM tokens WHERE id IN (:ids*)
