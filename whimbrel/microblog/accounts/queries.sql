-- name: accounts_by_id
-- Accounts as everybody may see them; deleted ones too, for they keep their name.
SELECT id, name, created_ms, display_name, note, note_html, fields, locked, bot, discoverable, indexable,
    hide_collections, role, confirmed, approved, disabled, state, default_visibility, default_sensitive,
    default_language, followers, following, posts, last_post_ms
FROM accounts
WHERE id IN (:ids*);

-- name: ids_by_name
-- Whose names these are, folded to lower case.
SELECT folded_name, id FROM accounts WHERE folded_name IN (:names*);

-- name: newest_accounts
-- One page of every account that was not deleted, newest first (the operator's list).
SELECT id FROM accounts
WHERE deleted = 0 AND id > :floor AND id < :ceiling
ORDER BY id DESC LIMIT :limit;

-- name: oldest_accounts
-- The same page, taken from the old end.
SELECT id FROM accounts
WHERE deleted = 0 AND id > :floor AND id < :ceiling
ORDER BY id ASC LIMIT :limit;

-- name: credentials_by_id
-- What one account signs in with.
SELECT account_id, email, password_hash, locale FROM credentials WHERE account_id = :account_id;

-- name: account_id_by_email
-- Whose e-mail address this is, folded to lower case.
SELECT account_id FROM credentials WHERE folded_email = :email;

-- name: apps_by_id
-- Registered clients, by id.
SELECT id, client_id, secret_hash, name, redirect_uris, scopes, website, created_ms FROM apps WHERE id IN (:ids*);

-- name: apps_by_client_id
-- Registered clients, by what they call themselves when they ask for a token.
SELECT id, client_id, secret_hash, name, redirect_uris, scopes, website, created_ms
FROM apps WHERE client_id IN (:client_ids*);

-- name: sessions_by_hash
-- What tokens open, by the hash of the token; with the app's name for the posts that are written through it.
SELECT t.id, t.token_hash, t.account_id, t.app_id, a.name, a.website, t.scopes, t.kind, t.created_ms, t.expires_ms
FROM tokens t LEFT JOIN apps a ON a.id = t.app_id
WHERE t.token_hash IN (:hashes*);

-- name: sessions_by_account
-- Everything that is signed in to one account, oldest first.
SELECT t.id, t.token_hash, t.account_id, t.app_id, a.name, a.website, t.scopes, t.kind, t.created_ms, t.expires_ms
FROM tokens t LEFT JOIN apps a ON a.id = t.app_id
WHERE t.account_id = :account_id
ORDER BY t.id;

-- name: hash_by_token_id
-- The hash of one token, to take it back by its id.
SELECT token_hash FROM tokens WHERE id = :id;

-- name: add_account
-- AccountCreated.
INSERT INTO accounts (id, name, folded_name, created_ms, display_name, role, confirmed, approved)
VALUES (:id, :name, :folded_name, :created_ms, :display_name, :role, :confirmed, :approved);

-- name: add_credentials
-- AccountCreated, the part that only the account and the operator may see.
INSERT INTO credentials (account_id, email, folded_email, password_hash, locale, reason, origin)
VALUES (:id, :email, :folded_email, :password_hash, :locale, :reason, :origin);

-- name: change_profile
-- ProfileChanged; a null leaves what is there, and only `language_changed` may set the language to null.
UPDATE accounts SET
    display_name = COALESCE(:display_name, display_name),
    note = COALESCE(:note, note),
    note_html = COALESCE(:note_html, note_html),
    fields = COALESCE(:fields, fields),
    locked = COALESCE(:locked, locked),
    bot = COALESCE(:bot, bot),
    discoverable = COALESCE(:discoverable, discoverable),
    indexable = COALESCE(:indexable, indexable),
    hide_collections = COALESCE(:hide_collections, hide_collections),
    default_visibility = COALESCE(:default_visibility, default_visibility),
    default_sensitive = COALESCE(:default_sensitive, default_sensitive),
    default_language = CASE WHEN :language_changed = 1 THEN :default_language ELSE default_language END
WHERE id = :id AND deleted = 0;

-- name: confirm
-- AccountConfirmed.
UPDATE accounts SET confirmed = 1 WHERE id = :id;

-- name: approve
-- AccountApproved.
UPDATE accounts SET approved = 1 WHERE id = :id;

-- name: set_disabled
-- AccountDisabled and AccountEnabled.
UPDATE accounts SET disabled = :disabled WHERE id = :id;

-- name: set_role
-- RoleChanged.
UPDATE accounts SET role = :role WHERE id = :id;

-- name: set_password
-- PasswordChanged.
UPDATE credentials SET password_hash = :password_hash WHERE account_id = :id;

-- name: add_erased_account
-- AccountCreated whose content was erased since: the row as its deletion leaves it, so that a replay gives the same.
INSERT INTO accounts (id, name, folded_name, created_ms, deleted)
VALUES (:id, '', 'deleted:' || :id, :created_ms, 1);

-- name: erase_account
-- AccountDeleted: only the id, the time of its making and the counters stay.
UPDATE accounts SET
    name = '', folded_name = 'deleted:' || :id, deleted = 1, display_name = '', note = '', note_html = '',
    fields = NULL, locked = 0, bot = 0, discoverable = 1, indexable = 0, hide_collections = 0, role = 'user',
    confirmed = 0, approved = 1, disabled = 0, default_visibility = 'public', default_sensitive = 0,
    default_language = NULL
WHERE id = :id;

-- name: erase_credentials
-- AccountDeleted.
DELETE FROM credentials WHERE account_id = :id;

-- name: erase_tokens
-- AccountDeleted.
DELETE FROM tokens WHERE account_id = :id;

-- name: count_followers
-- Followed and Unfollowed, for the one who is followed.
UPDATE accounts SET followers = followers + :step WHERE id = :id;

-- name: count_following
-- Followed and Unfollowed, for the one who follows.
UPDATE accounts SET following = following + :step WHERE id = :id;

-- name: count_post
-- PostCreated, for the author.
UPDATE accounts SET posts = posts + 1, last_post_ms = :time_ms WHERE id = :id;

-- name: count_reblog
-- Reblogged, for the one who reblogs, if there is still something to show (in a replay it may have been erased).
UPDATE accounts SET posts = posts + 1, last_post_ms = :time_ms
WHERE id = :id AND EXISTS (SELECT 1 FROM posts WHERE posts.id = :post_id);

-- name: uncount_post
-- PostDeleted, for the author, while the post's row still stands: in a replay it may never have been made.
UPDATE accounts SET posts = posts - 1, last_post_ms = (
    SELECT posts.created_ms FROM posts
    WHERE posts.account_id = :id AND posts.id <> :post_id AND posts.visibility <> 'direct'
    ORDER BY posts.id DESC LIMIT 1
)
WHERE id = :id AND EXISTS (SELECT 1 FROM posts WHERE posts.id = :post_id);

-- name: add_app
-- AppRegistered.
INSERT INTO apps (id, client_id, secret_hash, name, redirect_uris, scopes, website, created_ms)
VALUES (:id, :client_id, :secret_hash, :name, :redirect_uris, :scopes, :website, :created_ms);

-- name: add_token
-- TokenIssued.
INSERT INTO tokens (id, token_hash, account_id, app_id, scopes, kind, created_ms, expires_ms)
VALUES (:id, :token_hash, :account_id, :app_id, :scopes, :kind, :created_ms, :expires_ms);

-- name: remove_token
-- TokenRevoked.
DELETE FROM tokens WHERE token_hash = :token_hash;
