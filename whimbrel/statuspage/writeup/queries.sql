-- name: add
-- One more version of a write-up.
INSERT INTO writeups (incident, version, made_ms, actor, title, description, body)
VALUES (:incident, :version, :made_ms, :actor, :title, :description, :body)

-- name: newest
-- The newest version of a write-up.
SELECT incident, version, made_ms, actor, title, description, body, published_ms FROM writeups
WHERE incident = :incident ORDER BY version DESC LIMIT 1

-- name: published
-- The newest version that readers may see.
SELECT incident, version, made_ms, actor, title, description, body, published_ms FROM writeups
WHERE incident = :incident AND published_ms IS NOT NULL ORDER BY version DESC LIMIT 1

-- name: versions
-- Every version of a write-up, newest first.
SELECT incident, version, made_ms, actor, title, description, body, published_ms FROM writeups
WHERE incident = :incident ORDER BY version DESC LIMIT :limit

-- name: first_published
-- When readers could see the first version.
SELECT min(published_ms) FROM writeups WHERE incident = :incident

-- name: publish
-- A version becomes what readers see, with what was made of it for them.
UPDATE writeups SET published_ms = :published_ms, html = :html, picture = :picture
WHERE incident = :incident AND version = :version

-- name: html
-- The page's text of a published version.
SELECT html FROM writeups WHERE incident = :incident AND version = :version AND published_ms IS NOT NULL

-- name: picture
-- The picture of the newest version that readers may see.
SELECT picture FROM writeups
WHERE incident = :incident AND published_ms IS NOT NULL ORDER BY version DESC LIMIT 1

-- name: turns
-- When a component's verdict changed within a stretch of time, with the verdict, in order.
SELECT time_ms, payload FROM history
WHERE subject = :component AND action = 'state' AND time_ms >= :from_ms AND time_ms <= :until_ms
ORDER BY sequence LIMIT :limit
