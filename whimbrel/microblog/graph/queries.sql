-- name: deleted
-- Which accounts were deleted; one that the store does not know yet is not among them.
SELECT id FROM accounts WHERE id IN (:ids*) AND deleted = 1;

-- name: followed_ids
-- Whom readers follow; answered from the unique index alone.
SELECT account_id, target_id FROM follows WHERE account_id IN (:ids*);

-- name: followed_with_settings
-- The few follows of readers whose settings are not those that follows begin with.
SELECT account_id, target_id, reblogs, notify, languages FROM follows
WHERE account_id IN (:ids*) AND (reblogs = 0 OR notify = 1 OR languages <> '');

-- name: requested
-- Whom readers have asked to follow.
SELECT account_id, target_id, reblogs, notify, languages FROM follow_requests WHERE account_id IN (:ids*);

-- name: blocked
-- Whom readers block.
SELECT account_id, target_id FROM blocks WHERE account_id IN (:ids*);

-- name: blocked_by
-- Who blocks readers.
SELECT target_id, account_id FROM blocks WHERE target_id IN (:ids*);

-- name: muted
-- Whom readers mute, expired mutes too: whether one has expired depends on when it is looked at.
SELECT account_id, target_id, notifications, expires_ms FROM mutes WHERE account_id IN (:ids*);

-- name: tags_followed
-- Which hashtags readers follow.
SELECT account_id, tag, shown FROM tag_follows WHERE account_id IN (:ids*);

-- name: incoming
-- Which of some accounts follow the reader (kind 1), ask to (2), or are endorsed by the reader (3).
SELECT account_id, 1 FROM follows WHERE target_id = :account_id AND account_id IN (:ids*)
UNION ALL
SELECT account_id, 2 FROM follow_requests WHERE target_id = :account_id AND account_id IN (:ids*)
UNION ALL
SELECT target_id, 3 FROM endorsements WHERE account_id = :account_id AND target_id IN (:ids*);

-- name: notes
-- The reader's private notes about some accounts.
SELECT target_id, comment FROM account_notes WHERE account_id = :account_id AND target_id IN (:ids*);

-- name: followers_page
-- Who follows an account, without those that are gone, disabled, or severed from the viewer by a block.
SELECT f.edge_id, f.account_id FROM follows f JOIN accounts a ON a.id = f.account_id
WHERE f.target_id = :account_id AND f.edge_id > :floor AND f.edge_id < :ceiling
    AND a.deleted = 0 AND a.disabled = 0
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = a.id AND b.target_id = :viewer_id)
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = :viewer_id AND b.target_id = a.id)
ORDER BY f.edge_id DESC LIMIT :limit;

-- name: following_page
-- Whom an account follows, in the same way.
SELECT f.edge_id, f.target_id FROM follows f JOIN accounts a ON a.id = f.target_id
WHERE f.account_id = :account_id AND f.edge_id > :floor AND f.edge_id < :ceiling
    AND a.deleted = 0 AND a.disabled = 0
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = a.id AND b.target_id = :viewer_id)
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = :viewer_id AND b.target_id = a.id)
ORDER BY f.edge_id DESC LIMIT :limit;

-- name: endorsements_page
-- Whom an account shows on its profile, in the same way.
SELECT e.edge_id, e.target_id FROM endorsements e JOIN accounts a ON a.id = e.target_id
WHERE e.account_id = :account_id AND e.edge_id > :floor AND e.edge_id < :ceiling
    AND a.deleted = 0 AND a.disabled = 0
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = a.id AND b.target_id = :viewer_id)
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = :viewer_id AND b.target_id = a.id)
ORDER BY e.edge_id DESC LIMIT :limit;

-- name: requests_page
-- Who asks to follow an account.
SELECT r.edge_id, r.account_id FROM follow_requests r JOIN accounts a ON a.id = r.account_id
WHERE r.target_id = :account_id AND r.edge_id > :floor AND r.edge_id < :ceiling
    AND a.deleted = 0 AND a.disabled = 0
ORDER BY r.edge_id DESC LIMIT :limit;

-- name: blocks_page
-- Whom an account blocks.
SELECT b.edge_id, b.target_id FROM blocks b JOIN accounts a ON a.id = b.target_id
WHERE b.account_id = :account_id AND b.edge_id > :floor AND b.edge_id < :ceiling
    AND a.deleted = 0 AND a.disabled = 0
ORDER BY b.edge_id DESC LIMIT :limit;

-- name: mutes_page
-- Whom an account mutes at a moment.
SELECT m.edge_id, m.target_id, m.notifications, m.expires_ms FROM mutes m JOIN accounts a ON a.id = m.target_id
WHERE m.account_id = :account_id AND m.edge_id > :floor AND m.edge_id < :ceiling
    AND (m.expires_ms IS NULL OR m.expires_ms > :now_ms)
    AND a.deleted = 0 AND a.disabled = 0
ORDER BY m.edge_id DESC LIMIT :limit;

-- name: tags_page
-- Which hashtags an account follows.
SELECT edge_id, tag, shown FROM tag_follows
WHERE account_id = :account_id AND edge_id > :floor AND edge_id < :ceiling
ORDER BY edge_id DESC LIMIT :limit;

-- name: familiar_followers
-- Which of the accounts that the reader follows follow each of some others. Driven from the reader's side (the cross
-- join keeps that order), for an account may have a million followers but nobody follows that many.
SELECT theirs.target_id, theirs.account_id
FROM follows mine CROSS JOIN follows theirs CROSS JOIN accounts a
WHERE mine.account_id = :account_id
    AND theirs.account_id = mine.target_id AND theirs.target_id IN (:ids*)
    AND a.id = theirs.account_id AND a.deleted = 0 AND a.disabled = 0 AND a.hide_collections = 0
ORDER BY theirs.edge_id DESC LIMIT :limit;

-- name: follows_between
-- The follows of an account in both directions, for the clean-up after its deletion: a bounded number at a time.
SELECT account_id, target_id FROM follows WHERE account_id = :account_id
UNION ALL
SELECT account_id, target_id FROM follows WHERE target_id = :account_id
LIMIT :limit;

-- name: requests_between
-- The requests of an account in both directions, in the same way.
SELECT account_id, target_id FROM follow_requests WHERE account_id = :account_id
UNION ALL
SELECT account_id, target_id FROM follow_requests WHERE target_id = :account_id
LIMIT :limit;

-- name: requests_to_unlocked
-- Who still asks to follow those of some accounts that are not locked (any more), the longest waiting first.
SELECT r.account_id, r.target_id, r.reblogs, r.notify, r.languages
FROM follow_requests r JOIN accounts asked ON asked.id = r.target_id JOIN accounts asking ON asking.id = r.account_id
WHERE r.target_id IN (:ids*) AND asked.locked = 0 AND asking.deleted = 0 AND asking.disabled = 0
ORDER BY r.edge_id LIMIT :limit;

-- name: add_follow
-- Followed.
INSERT INTO follows (edge_id, account_id, target_id, reblogs, notify, languages)
VALUES (:edge_id, :account_id, :target_id, :reblogs, :notify, :languages);

-- name: change_follow
-- FollowChanged.
UPDATE follows SET reblogs = :reblogs, notify = :notify, languages = :languages
WHERE account_id = :account_id AND target_id = :target_id;

-- name: remove_follow
-- Unfollowed.
DELETE FROM follows WHERE account_id = :account_id AND target_id = :target_id;

-- name: add_request
-- FollowRequested.
INSERT INTO follow_requests (edge_id, account_id, target_id, reblogs, notify, languages)
VALUES (:edge_id, :account_id, :target_id, :reblogs, :notify, :languages);

-- name: remove_request
-- FollowRequestEnded.
DELETE FROM follow_requests WHERE account_id = :account_id AND target_id = :target_id;

-- name: add_block
-- Blocked.
INSERT INTO blocks (edge_id, account_id, target_id) VALUES (:edge_id, :account_id, :target_id);

-- name: remove_block
-- Unblocked.
DELETE FROM blocks WHERE account_id = :account_id AND target_id = :target_id;

-- name: put_mute
-- Muted; a second one replaces what the first said and keeps its place in the list.
INSERT INTO mutes (edge_id, account_id, target_id, notifications, expires_ms)
VALUES (:edge_id, :account_id, :target_id, :notifications, :expires_ms)
ON CONFLICT (account_id, target_id) DO UPDATE SET
    notifications = excluded.notifications, expires_ms = excluded.expires_ms;

-- name: remove_mute
-- Unmuted.
DELETE FROM mutes WHERE account_id = :account_id AND target_id = :target_id;

-- name: put_note
-- NoteWritten.
INSERT INTO account_notes (account_id, target_id, comment) VALUES (:account_id, :target_id, :comment)
ON CONFLICT (account_id, target_id) DO UPDATE SET comment = excluded.comment;

-- name: remove_note
-- NoteWritten with an empty comment.
DELETE FROM account_notes WHERE account_id = :account_id AND target_id = :target_id;

-- name: add_endorsement
-- Endorsed.
INSERT INTO endorsements (edge_id, account_id, target_id) VALUES (:edge_id, :account_id, :target_id);

-- name: remove_endorsement
-- Unendorsed.
DELETE FROM endorsements WHERE account_id = :account_id AND target_id = :target_id;

-- name: add_tag_follow
-- TagFollowed.
INSERT INTO tag_follows (edge_id, account_id, tag, shown) VALUES (:edge_id, :account_id, :tag, :shown);

-- name: remove_tag_follow
-- TagUnfollowed.
DELETE FROM tag_follows WHERE account_id = :account_id AND tag = :tag;

-- name: erase_notes
-- AccountDeleted: what it wrote about others, and what others wrote about it.
DELETE FROM account_notes WHERE account_id = :account_id OR target_id = :account_id;

-- name: erase_mutes
-- AccountDeleted: whom it muted is nobody's business any more.
DELETE FROM mutes WHERE account_id = :account_id;

-- name: erase_tag_follows
-- AccountDeleted: what it was interested in neither.
DELETE FROM tag_follows WHERE account_id = :account_id;

-- name: erase_endorsements
-- AccountDeleted: its profile is gone, and others' profiles show it no longer.
DELETE FROM endorsements WHERE account_id = :account_id;
