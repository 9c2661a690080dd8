-- name: insert_word
-- One word by which an account is found.
INSERT INTO account_words (account_id, word) VALUES (:account_id, :word) ON CONFLICT (account_id, word) DO NOTHING

-- name: delete_words
-- An account is found by its old words no longer.
DELETE FROM account_words WHERE account_id = :account_id

-- name: name_of
-- The name of an account that was not deleted.
SELECT name FROM accounts WHERE id = :account_id AND state <> 'deleted'

-- name: visibility_of
-- Who may see a post.
SELECT visibility FROM posts WHERE id = :post_id

-- name: uses_of_post
-- The uses that a post has given to hashtags.
SELECT tag, account_id, day FROM tagged_posts WHERE post_id = :post_id

-- name: insert_use
-- A public post gives a hashtag its use.
INSERT INTO tagged_posts (post_id, tag, account_id, day) VALUES (:post_id, :tag, :account_id, :day)
ON CONFLICT (post_id, tag) DO NOTHING

-- name: delete_use
-- A public post takes a hashtag's use back.
DELETE FROM tagged_posts WHERE post_id = :post_id AND tag = :tag

-- name: add_use
-- A hashtag is used once more.
INSERT INTO tags (name, shown, uses, last_used_ms) VALUES (:tag, :shown, 1, :now_ms)
ON CONFLICT (name) DO UPDATE SET uses = tags.uses + 1

-- name: newest_use
-- The newest post that gives a hashtag its use, with its hashtags as stored.
SELECT posts.id, posts.tags FROM post_tags
JOIN tagged_posts ON tagged_posts.post_id = post_tags.post_id AND tagged_posts.tag = post_tags.tag
JOIN posts ON posts.id = post_tags.post_id
WHERE post_tags.tag = :tag ORDER BY post_tags.post_id DESC LIMIT 1

-- name: show_as
-- How a hashtag is shown, and when it was last used.
UPDATE tags SET shown = :shown, last_used_ms = :used_ms WHERE name = :tag

-- name: take_use
-- A hashtag is used once less.
UPDATE tags SET uses = uses - 1 WHERE name = :tag

-- name: delete_unused
-- A hashtag that nobody uses is forgotten.
DELETE FROM tags WHERE name = :tag AND uses <= 0

-- name: add_day_use
-- A hashtag is used once more on a day, by an account.
INSERT INTO tag_days (tag, day, account_id, uses) VALUES (:tag, :day, :account_id, 1)
ON CONFLICT (tag, day, account_id) DO UPDATE SET uses = tag_days.uses + 1

-- name: take_day_use
-- A hashtag is used once less on a day, by an account.
UPDATE tag_days SET uses = uses - 1 WHERE tag = :tag AND day = :day AND account_id = :account_id

-- name: delete_day_unused
-- Nothing is left of that day's use.
DELETE FROM tag_days WHERE tag = :tag AND day = :day AND account_id = :account_id AND uses <= 0

-- name: forget_days
-- Days that no history shows any more.
DELETE FROM tag_days WHERE day < :first_day

-- name: accounts
-- Active accounts that have words with these prefixes, the best first: the exact name, those whom the viewer follows,
-- then by followers. At most :matches_max words are looked through, but the followed and the exact name always are.
WITH matched (id) AS (
    SELECT account_id FROM (
        SELECT account_id FROM account_words WHERE :following = 0 AND word >= :low_1 AND word < :above_1
        LIMIT :matches_max
    )
    UNION
    SELECT account_words.account_id
    FROM follows JOIN account_words ON account_words.account_id = follows.target_id
    WHERE follows.account_id = :viewer_id AND word >= :low_1 AND word < :above_1
    UNION
    SELECT id FROM accounts WHERE :following = 0 AND folded_name = :exact
)
SELECT accounts.id
FROM matched JOIN accounts ON accounts.id = matched.id
LEFT JOIN follows ON follows.account_id = :viewer_id AND follows.target_id = accounts.id
WHERE accounts.state = 'active'
    AND (
        accounts.folded_name = :exact
        OR (
            (:low_2 = '' OR EXISTS (
                SELECT 1 FROM account_words
                WHERE account_id = accounts.id AND word >= :low_2 AND word < :above_2
            ))
            AND (:low_3 = '' OR EXISTS (
                SELECT 1 FROM account_words
                WHERE account_id = accounts.id AND word >= :low_3 AND word < :above_3
            ))
        )
    )
ORDER BY
    CASE WHEN accounts.folded_name = :exact THEN 0 ELSE 1 END,
    CASE WHEN follows.edge_id IS NOT NULL THEN 0 ELSE 1 END,
    accounts.followers DESC, accounts.id
LIMIT :limit OFFSET :offset

-- name: tags
-- Hashtags with a prefix: the exact one first, then the most used.
SELECT name, shown FROM (
    SELECT name, shown, uses FROM tags WHERE name >= :low AND name < :above ORDER BY name LIMIT :matches_max
) AS matched
ORDER BY CASE WHEN name = :low THEN 0 ELSE 1 END, uses DESC, name
LIMIT :limit OFFSET :offset

-- name: tags_by_name
-- Hashtags by name.
SELECT name, shown FROM tags WHERE name IN (:names*)

-- name: history
-- How often some hashtags were used on each of the last days, and by how many.
SELECT tag, day, SUM(uses), COUNT(*) FROM tag_days
WHERE tag IN (:names*) AND day >= :first_day GROUP BY tag, day
