-- name: slugs
-- Every slug with its number.
SELECT number, slug FROM report_slugs

-- name: add_slug
-- A slug gets the next number.
INSERT INTO report_slugs (slug) VALUES (:slug) ON CONFLICT (slug) DO NOTHING

-- name: voice
-- What a voice has said in an hour, about a service.
SELECT counted_minute FROM report_voices WHERE hour = :hour AND service = :service AND voice = :voice

-- name: add_voice
-- The first word of a voice in an hour.
INSERT INTO report_voices
    (hour, service, voice, counted_minute, kind, place, quarters, again, network, wording, age)
VALUES (:hour, :service, :voice, :counted_minute, :kind, :place, :quarters, :again, :network, :wording, :age)

-- name: count_voice
-- A voice whose hour is over counts again.
UPDATE report_voices SET counted_minute = :minute, kind = :kind, place = :place, quarters = :quarters,
    network = :network, wording = :wording, age = :age
WHERE hour = :hour AND service = :service AND voice = :voice

-- name: say_again
-- A voice says again what was counted already.
UPDATE report_voices SET again = again + 1 WHERE hour = :hour AND service = :service AND voice = :voice

-- name: add_to_minute
-- Reports of one minute, kind and place.
INSERT INTO report_minutes (service, minute, kind, place, reports, quarters, again)
VALUES (:service, :minute, :kind, :place, :reports, :quarters, :again)
ON CONFLICT (service, minute, kind, place) DO UPDATE SET
    reports = reports + excluded.reports, quarters = quarters + excluded.quarters, again = again + excluded.again

-- name: add_note
-- What somebody wrote, hidden.
INSERT INTO report_notes (service, at_ms, kind, place, words, shown_ms)
VALUES (:service, :at_ms, :kind, :place, :words, NULL)

-- name: voices_since
-- Who reported in the newest minutes, for the brigade figures after a start.
SELECT service, counted_minute, kind, place, quarters, network, wording, age FROM report_voices
WHERE hour >= :hour AND counted_minute >= :minute LIMIT :limit

-- name: minute_totals
-- Reports of each minute after one, for a detector that goes on.
SELECT minute, SUM(reports), SUM(quarters), SUM(again) FROM report_minutes
WHERE service = :service AND minute > :minute GROUP BY minute ORDER BY minute
