-- name: insert_post
-- A new post, without its text.
INSERT INTO posts (
    id, account_id, created_ms, visibility, sensitive, language, in_reply_to_id, in_reply_to_account_id,
    conversation_id, mentions, tags
) VALUES (
    :id, :account_id, :created_ms, :visibility, :sensitive, :language, :in_reply_to_id, :in_reply_to_account_id,
    :conversation_id, :mentions, :tags
)

-- name: insert_text
-- What a new post says.
INSERT INTO post_texts (post_id, text, html, spoiler, app_name, app_website)
VALUES (:id, :text, :html, :spoiler, :app_name, :app_website)

-- name: insert_reblog
-- A reblog.
INSERT INTO posts (
    id, account_id, created_ms, visibility, language, conversation_id, reblog_of_id, reblogged_account_id, mentions
) VALUES (:id, :account_id, :created_ms, :visibility, :language, :id, :reblog_of_id, :reblogged_account_id, :mentions)

-- name: insert_mention
-- One person whom a post names; one named before keeps the event that named them first.
INSERT INTO post_mentions (post_id, account_id, event_id) VALUES (:id, :account_id, :event_id)
ON CONFLICT (post_id, account_id) DO NOTHING

-- name: delete_mentions_but
-- After an edit: those whom the post names no longer.
DELETE FROM post_mentions WHERE post_id = :id AND account_id NOT IN (:account_ids*)

-- name: insert_tag
-- One hashtag of a post.
INSERT INTO post_tags (tag, post_id, account_id) VALUES (:tag, :id, :account_id)
ON CONFLICT (tag, post_id) DO NOTHING

-- name: delete_tag
-- One hashtag that a post has no more.
DELETE FROM post_tags WHERE tag = :tag AND post_id = :id

-- name: add_replies
-- A distributable reply came or went.
UPDATE posts SET replies = replies + :by WHERE id = :id

-- name: add_reblogs
-- A reblog came or went.
UPDATE posts SET reblogs = reblogs + :by WHERE id = :id

-- name: add_favourites
-- A favourite came or went.
UPDATE posts SET favourites = favourites + :by WHERE id = :id

-- name: removal
-- What the counters and the hashtags must know of a post that goes.
SELECT account_id, visibility, in_reply_to_id, reblog_of_id, tags FROM posts WHERE id = :id

-- name: delete_post
-- A post or reblog; its text, history and mentions go by cascade.
DELETE FROM posts WHERE id = :id

-- name: delete_pin
-- A post leaves the top of its author's profile.
DELETE FROM pins WHERE account_id = :account_id AND post_id = :id

-- name: insert_pin
-- A post goes to the top of its author's profile, unless as many as may be are there.
INSERT INTO pins (account_id, post_id, event_id)
SELECT :account_id, :id, :event_id
WHERE (SELECT COUNT(*) FROM pins WHERE account_id = :account_id) < :pins_max
    AND EXISTS (SELECT 1 FROM posts WHERE id = :id)
ON CONFLICT (account_id, post_id) DO NOTHING

-- name: keep_former
-- Before an edit: what the post says now goes into its history.
INSERT INTO post_edits (post_id, event_id, created_ms, text, html, spoiler, sensitive)
SELECT posts.id, :event_id, COALESCE(posts.edited_ms, posts.created_ms),
    post_texts.text, post_texts.html, post_texts.spoiler, posts.sensitive
FROM posts JOIN post_texts ON post_texts.post_id = posts.id
WHERE posts.id = :id
ON CONFLICT (post_id, event_id) DO NOTHING

-- name: trim_former
-- Only the newest `former_max` states of a post are kept.
DELETE FROM post_edits
WHERE post_id = :id AND event_id <= (
    SELECT event_id FROM post_edits WHERE post_id = :id ORDER BY event_id DESC LIMIT 1 OFFSET :former_max
)

-- name: tags_of
-- The hashtags of one post, as stored.
SELECT tags FROM posts WHERE id = :id

-- name: edit_post
-- An edit's lasting facts.
UPDATE posts
SET sensitive = :sensitive, language = :language, edited_ms = :edited_ms, mentions = :mentions, tags = :tags
WHERE id = :id

-- name: edit_text
-- An edit's words.
UPDATE post_texts SET text = :text, html = :html, spoiler = :spoiler WHERE post_id = :id

-- name: posts
-- Whole posts by id.
SELECT id, account_id, created_ms, visibility, text, html, spoiler, sensitive, language, in_reply_to_id,
    in_reply_to_account_id, conversation_id, reblog_of_id, edited_ms, mentions, tags, app_name, app_website,
    replies, reblogs, favourites
FROM posts LEFT JOIN post_texts ON post_texts.post_id = posts.id
WHERE posts.id IN (:ids*)

-- name: window_floor
-- The id above which the newest :limit entries lie.
SELECT id FROM posts ORDER BY id DESC LIMIT 1 OFFSET :limit

-- name: window_up
-- The oldest entries above an id, oldest first.
SELECT id, account_id, visibility, in_reply_to_id, in_reply_to_account_id, reblog_of_id, reblogged_account_id,
    language, sensitive, mentions, tags
FROM posts WHERE id > :floor ORDER BY id LIMIT :limit

-- name: entries
-- Entries by id, in no order.
SELECT id, account_id, visibility, in_reply_to_id, in_reply_to_account_id, reblog_of_id, reblogged_account_id,
    language, sensitive, mentions, tags
FROM posts WHERE id IN (:ids*)

-- name: scan_down
-- Home, first plan: walk newest first over so many entries of everybody and keep those of the followed.
SELECT id FROM (
    SELECT id, account_id FROM posts WHERE id < :ceiling AND id > :floor ORDER BY id DESC LIMIT :scanned
) WHERE account_id IN (:authors*) LIMIT :limit

-- name: scan_up
-- The same from the old end.
SELECT id FROM (
    SELECT id, account_id FROM posts WHERE id < :ceiling AND id > :floor ORDER BY id LIMIT :scanned
) WHERE account_id IN (:authors*) LIMIT :limit

-- name: gather
-- Home, second plan: all entries of the followed, in no order, up to a number that is quick to sort.
SELECT id FROM posts WHERE account_id IN (:authors*) AND id < :ceiling AND id > :floor LIMIT :gathered

-- name: seek_down
-- Home, third plan: the newest entries of one author.
SELECT id FROM posts WHERE account_id = :author AND id < :ceiling AND id > :floor ORDER BY id DESC LIMIT :limit

-- name: seek_up
-- The same from the old end.
SELECT id FROM posts WHERE account_id = :author AND id < :ceiling AND id > :floor ORDER BY id LIMIT :limit

-- name: public_down
-- The public timeline below an id, newest first: no reblogs, no replies to others (index posts_in_public).
SELECT id FROM posts
WHERE visibility = 'public' AND reblog_of_id IS NULL
    AND (in_reply_to_id IS NULL OR in_reply_to_account_id = account_id)
    AND id < :ceiling AND id > :floor
ORDER BY id DESC LIMIT :limit

-- name: public_up
-- The same from the old end.
SELECT id FROM posts
WHERE visibility = 'public' AND reblog_of_id IS NULL
    AND (in_reply_to_id IS NULL OR in_reply_to_account_id = account_id)
    AND id < :ceiling AND id > :floor
ORDER BY id LIMIT :limit

-- name: tagged_down
-- Public posts with one hashtag, with all of some others and none of some more, newest first.
SELECT carrying.post_id
FROM post_tags AS carrying JOIN posts ON posts.id = carrying.post_id
WHERE carrying.tag = :tag AND carrying.post_id < :ceiling AND carrying.post_id > :floor
    AND posts.visibility = 'public'
    AND (SELECT COUNT(*) FROM post_tags WHERE post_id = posts.id AND tag IN (:all_of*)) = :all_of_count
    AND NOT EXISTS (SELECT 1 FROM post_tags WHERE post_id = posts.id AND tag IN (:none_of*))
ORDER BY carrying.post_id DESC LIMIT :limit

-- name: tagged_up
-- The same from the old end.
SELECT carrying.post_id
FROM post_tags AS carrying JOIN posts ON posts.id = carrying.post_id
WHERE carrying.tag = :tag AND carrying.post_id < :ceiling AND carrying.post_id > :floor
    AND posts.visibility = 'public'
    AND (SELECT COUNT(*) FROM post_tags WHERE post_id = posts.id AND tag IN (:all_of*)) = :all_of_count
    AND NOT EXISTS (SELECT 1 FROM post_tags WHERE post_id = posts.id AND tag IN (:none_of*))
ORDER BY carrying.post_id LIMIT :limit

-- name: profile_down
-- What one account posted and reblogged, as far as the viewer's relation to it (`visibilities`, and being named) goes.
SELECT id FROM posts
WHERE account_id = :account_id AND id < :ceiling AND id > :floor
    AND (
        visibility IN (:visibilities*)
        OR EXISTS (SELECT 1 FROM post_mentions WHERE post_id = posts.id AND account_id = :viewer_id)
    )
    AND (:exclude_replies = 0 OR in_reply_to_id IS NULL OR in_reply_to_account_id = account_id)
    AND (:exclude_reblogs = 0 OR reblog_of_id IS NULL)
ORDER BY id DESC LIMIT :limit

-- name: profile_up
-- The same from the old end.
SELECT id FROM posts
WHERE account_id = :account_id AND id < :ceiling AND id > :floor
    AND (
        visibility IN (:visibilities*)
        OR EXISTS (SELECT 1 FROM post_mentions WHERE post_id = posts.id AND account_id = :viewer_id)
    )
    AND (:exclude_replies = 0 OR in_reply_to_id IS NULL OR in_reply_to_account_id = account_id)
    AND (:exclude_reblogs = 0 OR reblog_of_id IS NULL)
ORDER BY id LIMIT :limit

-- name: profile_tagged_down
-- The same with one hashtag (a reblog carries none), by the index of an account's hashtags.
SELECT posts.id FROM post_tags AS carrying JOIN posts ON posts.id = carrying.post_id
WHERE carrying.account_id = :account_id AND carrying.tag = :tag
    AND carrying.post_id < :ceiling AND carrying.post_id > :floor
    AND (
        posts.visibility IN (:visibilities*)
        OR EXISTS (SELECT 1 FROM post_mentions WHERE post_id = posts.id AND account_id = :viewer_id)
    )
    AND (
        :exclude_replies = 0 OR posts.in_reply_to_id IS NULL OR posts.in_reply_to_account_id = posts.account_id
    )
ORDER BY carrying.post_id DESC LIMIT :limit

-- name: profile_tagged_up
-- The same from the old end.
SELECT posts.id FROM post_tags AS carrying JOIN posts ON posts.id = carrying.post_id
WHERE carrying.account_id = :account_id AND carrying.tag = :tag
    AND carrying.post_id < :ceiling AND carrying.post_id > :floor
    AND (
        posts.visibility IN (:visibilities*)
        OR EXISTS (SELECT 1 FROM post_mentions WHERE post_id = posts.id AND account_id = :viewer_id)
    )
    AND (
        :exclude_replies = 0 OR posts.in_reply_to_id IS NULL OR posts.in_reply_to_account_id = posts.account_id
    )
ORDER BY carrying.post_id LIMIT :limit

-- name: profile_pinned
-- The pinned posts of one account: so few that the caller pages them.
SELECT posts.id, posts.in_reply_to_id, posts.in_reply_to_account_id, posts.tags
FROM pins JOIN posts ON posts.id = pins.post_id
WHERE pins.account_id = :account_id
    AND (
        posts.visibility IN (:visibilities*)
        OR EXISTS (SELECT 1 FROM post_mentions WHERE post_id = posts.id AND account_id = :viewer_id)
    )
ORDER BY posts.id DESC

-- name: ancestors
-- What a post answers, nearest first. A parent that was deleted ends the chain.
WITH RECURSIVE above (id, in_reply_to_id, distance) AS (
    SELECT id, in_reply_to_id, 0 FROM posts WHERE id = :id
    UNION ALL
    SELECT posts.id, posts.in_reply_to_id, above.distance + 1
    FROM above JOIN posts ON posts.id = above.in_reply_to_id
    WHERE above.distance < :limit
)
SELECT id FROM above WHERE distance > 0 ORDER BY distance

-- name: descendants
-- What answers a post, depth first, siblings by id. SQLite only: its recursion takes the deepest row next, so the
-- limit ends the walk; PostgreSQL needs a path of ids to order by.
WITH RECURSIVE below (id, depth) AS (
    SELECT id, 1 FROM posts WHERE in_reply_to_id = :id
    UNION ALL
    SELECT posts.id, below.depth + 1
    FROM below JOIN posts ON posts.in_reply_to_id = below.id
    WHERE below.depth < :depth
    ORDER BY 2 DESC, 1
    LIMIT :limit
)
SELECT id FROM below

-- name: former
-- What a post said before its edits, oldest first.
SELECT html, spoiler, sensitive, created_ms FROM post_edits WHERE post_id = :id ORDER BY event_id

-- name: pins
-- The posts that an account has pinned, the latest pin first.
SELECT post_id FROM pins WHERE account_id = :account_id ORDER BY event_id DESC

-- name: reblogs_of
-- Reblogs of one post, newest first, as entries.
SELECT id, account_id, visibility, in_reply_to_id, in_reply_to_account_id, reblog_of_id, reblogged_account_id,
    language, sensitive, mentions, tags
FROM posts WHERE reblog_of_id = :id ORDER BY id DESC LIMIT :limit

-- name: posts_of
-- Posts and reblogs of one account, newest first, as entries.
SELECT id, account_id, visibility, in_reply_to_id, in_reply_to_account_id, reblog_of_id, reblogged_account_id,
    language, sensitive, mentions, tags
FROM posts WHERE account_id = :account_id ORDER BY id DESC LIMIT :limit
