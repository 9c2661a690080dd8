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


-- name: measured
-- The stretch that is being measured goes on.
INSERT INTO report_measured (from_minute, until_minute) VALUES (:from_minute, :until_minute)
ON CONFLICT (from_minute) DO UPDATE SET until_minute = MAX(until_minute, excluded.until_minute)

-- name: spans
-- Every stretch that was measured, of those that are kept.
SELECT from_minute, until_minute FROM report_measured ORDER BY until_minute

-- name: add_reading
-- What one minute came to.
INSERT INTO report_readings (service, minute, reports, again, counted, expected, score, since)
VALUES (:service, :minute, :reports, :again, :counted, :expected, :score, :since)
ON CONFLICT (service, minute) DO UPDATE SET reports = excluded.reports, again = excluded.again,
    counted = excluded.counted, expected = excluded.expected, score = excluded.score, since = excluded.since

-- name: readings
-- What the minutes of a stretch came to.
SELECT minute, reports, again, counted, expected, score, since FROM report_readings
WHERE service = :service AND minute > :minute AND minute <= :until ORDER BY minute

-- name: keep_state
-- A detector's state: the first one of its day stays, the others follow each other.
INSERT INTO report_watches (service, day, is_last, minute, state)
VALUES (:service, :day, EXISTS (SELECT 1 FROM report_watches WHERE service = :service AND day = :day AND is_last = 0),
    :minute, :state)
ON CONFLICT (service, day, is_last) DO UPDATE SET minute = excluded.minute, state = excluded.state

-- name: drop_states_to_come
-- States that a clock has left which was ahead: nobody may go on from there.
DELETE FROM report_watches WHERE service = :service AND day > :day

-- name: watched
-- Every service that has a detector.
SELECT DISTINCT service FROM report_watches

-- name: newest_state
-- From where a detector goes on.
SELECT minute, state FROM report_watches WHERE service = :service ORDER BY day DESC, is_last DESC LIMIT 1

-- name: state_before
-- From where a stretch of readings can be recomputed.
SELECT minute, state FROM report_watches WHERE service = :service AND minute <= :minute
ORDER BY day DESC, is_last DESC LIMIT 1

-- name: oldest_state
-- The oldest state that is kept.
SELECT minute, state FROM report_watches WHERE service = :service ORDER BY day, is_last LIMIT 1

-- name: keep_surge
-- A surge as it is known now.
INSERT INTO report_surges (service, since, value, is_open) VALUES (:service, :since, :value, :is_open)
ON CONFLICT (service, since) DO UPDATE SET value = excluded.value, is_open = excluded.is_open

-- name: open_surges
-- What was going on.
SELECT service, value FROM report_surges WHERE is_open ORDER BY service, since

-- name: surges
-- A service's surges, newest first.
SELECT value FROM report_surges WHERE service = :service AND since >= :minute ORDER BY since DESC LIMIT :limit

-- name: pages
-- What every page said last.
SELECT service, value FROM report_pages

-- name: keep_page
-- What a page says now.
INSERT INTO report_pages (service, value) VALUES (:service, :value)
ON CONFLICT (service) DO UPDATE SET value = excluded.value

-- name: waiting_notes
-- What an operator has to look at, oldest first.
SELECT id, service, at_ms, kind, place, words, shown_ms FROM report_notes
WHERE shown_ms IS NULL ORDER BY at_ms LIMIT :limit

-- name: shown_notes
-- What people wrote about a service, newest first.
SELECT id, service, at_ms, kind, place, words, shown_ms FROM report_notes
WHERE shown_ms IS NOT NULL AND service = :service ORDER BY at_ms DESC LIMIT :limit

-- name: newest_shown_notes
-- What was let through last, about any service.
SELECT id, service, at_ms, kind, place, words, shown_ms FROM report_notes
WHERE shown_ms IS NOT NULL ORDER BY shown_ms DESC, id DESC LIMIT :limit

-- name: note
-- One note.
SELECT id, service, at_ms, kind, place, words, shown_ms FROM report_notes WHERE id = :id

-- name: notes_waiting
-- How many notes nobody has looked at.
SELECT COUNT(*) FROM report_notes WHERE shown_ms IS NULL

-- name: show_note
-- A note is let through.
UPDATE report_notes SET shown_ms = :now_ms WHERE id = :id

-- name: take_back_note
-- A note waits again.
UPDATE report_notes SET shown_ms = NULL WHERE id = :id

-- name: drop_note
-- A note is gone.
DELETE FROM report_notes WHERE id = :id

-- name: summed_until
-- The newest quarter of an hour that was summed up.
SELECT MAX(minute) FROM report_bins WHERE service = :service

-- name: sum_up
-- Minutes become quarters of an hour.
INSERT INTO report_bins (service, minute, kind, place, reports, quarters, again)
SELECT service, minute / 15 * 15 AS bin, kind, place, SUM(reports), SUM(quarters), SUM(again) FROM report_minutes
WHERE service = :service AND minute >= :start AND minute < :until GROUP BY service, bin, kind, place
ON CONFLICT (service, minute, kind, place) DO UPDATE SET
    reports = excluded.reports, quarters = excluded.quarters, again = excluded.again

-- name: bins
-- Reports in quarters of an hour, by kind and country or region: those summed up, and the newest minutes.
SELECT minute, kind, place, reports, again FROM report_bins
WHERE service = :service AND minute >= :start AND minute < :until
UNION ALL
SELECT minute / 15 * 15, kind, place, SUM(reports), SUM(again) FROM report_minutes
WHERE service = :service AND minute < :until AND minute >= MAX(:start,
    (SELECT COALESCE(MAX(minute) + 15, 0) FROM report_bins WHERE service = :service))
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: counts
-- The same by kind in bins of :width minutes: summed up here, where a look at 90 days keeps nobody waiting.
SELECT minute / :width * :width, kind, 0, SUM(reports), SUM(again) FROM (
    SELECT minute, kind, place, reports, again FROM report_bins
    WHERE service = :service AND minute >= :start AND minute < :until
    UNION ALL
    SELECT minute / 15 * 15, kind, place, SUM(reports), SUM(again) FROM report_minutes
    WHERE service = :service AND minute < :until AND minute >= MAX(:start,
        (SELECT COALESCE(MAX(minute) + 15, 0) FROM report_bins WHERE service = :service))
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
) GROUP BY 1, 2

-- name: by_place
-- The same by country or region.
SELECT place, SUM(reports) FROM (
    SELECT minute, kind, place, reports, again FROM report_bins
    WHERE service = :service AND minute >= :start AND minute < :until
    UNION ALL
    SELECT minute / 15 * 15, kind, place, SUM(reports), SUM(again) FROM report_minutes
    WHERE service = :service AND minute < :until AND minute >= MAX(:start,
        (SELECT COALESCE(MAX(minute) + 15, 0) FROM report_bins WHERE service = :service))
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
) GROUP BY place

-- name: forget_voices
-- Who reported days ago.
DELETE FROM report_voices WHERE (hour, service, voice) IN
    (SELECT hour, service, voice FROM report_voices WHERE hour < :hour LIMIT :limit)

-- name: forget_minutes
-- Minutes that were summed up long ago.
DELETE FROM report_minutes WHERE (service, minute, kind, place) IN
    (SELECT service, minute, kind, place FROM report_minutes
     WHERE service IN (SELECT number FROM report_slugs) AND minute < :minute LIMIT :limit)

-- name: forget_bins
-- Counts that nobody is shown any more.
DELETE FROM report_bins WHERE (service, minute, kind, place) IN
    (SELECT service, minute, kind, place FROM report_bins
     WHERE service IN (SELECT number FROM report_slugs) AND minute < :bin LIMIT :limit)

-- name: forget_readings
-- Readings of minutes that are no longer told one by one.
DELETE FROM report_readings WHERE (service, minute) IN
    (SELECT service, minute FROM report_readings
     WHERE service IN (SELECT number FROM report_slugs) AND minute < :minute LIMIT :limit)

-- name: forget_states
-- States of detectors that no reading goes back to; the newest of each stays.
DELETE FROM report_watches WHERE day < :day
    AND day < (SELECT MAX(day) FROM report_watches AS newer WHERE newer.service = report_watches.service)

-- name: forget_spans
-- Stretches of which no minute is told any more.
DELETE FROM report_measured WHERE until_minute < :minute
    AND until_minute < (SELECT MAX(until_minute) FROM report_measured)

-- name: forget_hidden_notes
-- Words that nobody has let through.
DELETE FROM report_notes WHERE shown_ms IS NULL AND at_ms < :hidden_ms

-- name: forget_shown_notes
-- Words that were shown for long enough.
DELETE FROM report_notes WHERE shown_ms IS NOT NULL AND at_ms < :shown_ms
