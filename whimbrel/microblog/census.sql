-- name: people
-- How many accounts there are that may act, how many of them have posted since a moment and since an earlier one,
-- and how many posts and reblogs stand (direct posts are nobody else's business and are not counted).
SELECT
    count(*),
    coalesce(sum(CASE WHEN last_post_ms >= :month_ms THEN 1 ELSE 0 END), 0),
    coalesce(sum(CASE WHEN last_post_ms >= :half_year_ms THEN 1 ELSE 0 END), 0),
    coalesce(sum(posts), 0)
FROM accounts
WHERE state = 'active' AND folded_name NOT IN (:left_out*);

-- name: posts_between
-- How many public posts were made from one id up to, but not including, another.
SELECT count(*) FROM posts WHERE id >= :from_id AND id < :to_id AND visibility IN ('public', 'unlisted');

-- name: sign_ups_between
-- How many accounts were made from one id up to, but not including, another.
SELECT count(*) FROM accounts
WHERE id >= :from_id AND id < :to_id AND deleted = 0 AND folded_name NOT IN (:left_out*);

-- name: sign_ins_between
-- For how many accounts a token or a web session was opened from one id up to another, and has not been given back.
SELECT count(DISTINCT account_id) FROM tokens
WHERE id >= :from_id AND id < :to_id
    AND account_id NOT IN (SELECT id FROM accounts WHERE folded_name IN (:left_out*));
