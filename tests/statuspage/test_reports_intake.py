"""Reports come in: from people without scripts and from programs, one voice an hour, whatever is thrown at them."""

import asyncio
import stat
from hashlib import sha256

import pytest

from tests.statuspage.reporting import Clock, reporting
from whimbrel.kernel.limits import NOTES_WAITING_MAX, REPORT_BYTES_MAX, REPORTS_WAITING_MAX
from whimbrel.statuspage.reports.salt import FILE

HOUR_MS = 3_600_000
MIDNIGHT = 1_602_806_400_000
PHONE = "Mozilla/5.0 (iPhone) AppleWebKit/605 Version/14 Mobile/15E148 Safari/604.1"


def rows_of(book, sql):
    with book.look() as look:
        return look.all(sql)


def counts(book):
    return rows_of(book, "SELECT COALESCE(SUM(reports), 0), COALESCE(SUM(again), 0) FROM report_minutes")[0]


def told(tmp_path, script, **options):
    """Run a conversation with the reports room; returns what it returned."""

    async def run():
        async with reporting(tmp_path, **options) as desk:
            return await script(desk)

    return asyncio.run(run())


def test_a_report_is_counted_once_an_hour_and_a_follow_up_is_kept(tmp_path):
    async def script(desk):
        first = await desk.send(kind="timeline")
        again = await desk.send(kind="posting")
        other_browser = await desk.send(kind="timeline", agent=PHONE)
        other_service = await desk.send(service="bank", kind="website")
        desk.clock.now += HOUR_MS
        later = await desk.send(kind="timeline")
        return [one.status_code for one in (first, again, other_browser, other_service, later)], counts(desk.book)

    assert told(tmp_path, script) == ([201, 200, 201, 201, 201], (4, 1))


def test_one_voice_stays_one_over_the_full_hour_and_over_midnight_though_the_salt_changes(tmp_path):
    async def script(desk):
        await desk.send(kind="timeline")
        before = (tmp_path / FILE).read_bytes()
        desk.clock.now += 20 * 60_000
        after = await desk.send(kind="timeline")
        desk.clock.now += 41 * 60_000
        later = await desk.send(kind="timeline")
        desk.clock.now += 10 * 60_000
        await desk.reports.turn()
        return before, after.json()["counted"], later.json()["counted"], (tmp_path / FILE).read_bytes()

    before, over_midnight, later, after = told(tmp_path, script, clock=Clock(MIDNIGHT - 10 * 60_000))
    assert (over_midnight, later) == (False, True)
    assert before != after
    assert b'"previous":null' in after


def test_the_salt_is_its_owners_alone_and_survives_a_restart(tmp_path):
    async def script(desk):
        return (await desk.send(kind="timeline")).json()["counted"]

    assert told(tmp_path, script) is True
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert told(tmp_path, script) is False


def test_no_address_and_no_words_that_are_not_moderated_are_kept_with_the_counts(tmp_path):
    async def script(desk):
        await desk.send(kind="timeline", address="203.0.113.77", words="gone dark")

    told(tmp_path, script)
    for file in tmp_path.iterdir():
        assert b"203.0.113" not in file.read_bytes()


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"kind": "nothing-like-it"}, 422, "kind"),
        ({"kind": ""}, 422, "kind"),
        ({"kind": 7}, 422, "kind"),
        ({"kind": ["timeline"]}, 422, "kind"),
        ({"kind": "timeline", "service": "no-such"}, 404, "no-such"),
        ({"kind": "timeline", "place": "Atlantis"}, 422, "place"),
        ({"kind": "timeline", "place": "XX"}, 422, "place"),
        ({"kind": "timeline", "words": "a" * 281}, 422, "words"),
        ({"kind": "timeline", "words": {"$ne": 1}}, 422, "words"),
        ({"kind": "timeline", "words": "a" * REPORT_BYTES_MAX}, 413, "bytes"),
    ],
)
def test_what_cannot_be_a_report_is_refused_with_what_was_wrong(tmp_path, fields, status, word):
    async def script(desk):
        answer = await desk.client.post("/api/reports", json=fields)
        return answer.status_code, answer.json()["error"], counts(desk.book)

    found, error, kept = told(tmp_path, script)
    assert (found, kept) == (status, (0, 0))
    assert word in error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"kind": "\xff"}', b"[" * 5_000])
def test_a_body_that_is_no_report_is_a_clear_error(tmp_path, body):
    async def script(desk):
        return await desk.client.post("/api/reports", content=body, headers={"content-type": "application/json"})

    answer = told(tmp_path, script)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


def test_other_content_types_and_forms_of_other_sites_are_refused(tmp_path):
    async def script(desk):
        text = await desk.client.post("/api/reports", content=b"x", headers={"content-type": "text/plain"})
        forged = await desk.client.post("/report", data={"kind": "timeline"}, headers={"sec-fetch-site": "cross-site"})
        return text.status_code, forged.status_code

    assert told(tmp_path, script) == (400, 403)


def test_the_place_is_the_chosen_one_else_what_time_zone_or_language_suggest(tmp_path):
    async def script(desk):
        await desk.send(kind="timeline", place="us-ca", address="192.0.2.1", languages="de-DE")
        await desk.send(kind="timeline", place="Japan", address="192.0.2.2")
        await desk.send(kind="timeline", time_zone="Europe/Lisbon", address="192.0.2.3", languages="de-DE")
        await desk.send(kind="timeline", address="192.0.2.4", languages="fr;q=1, fr-CA;q=0.9")
        await desk.send(kind="timeline", address="192.0.2.5", languages="de")
        return {place for (place,) in rows_of(desk.book, "SELECT DISTINCT place FROM report_minutes")}

    numbers = {int(code, 36) for code in ("USCA", "JP", "PT", "CA", "0")}
    assert told(tmp_path, script) == numbers


def test_people_report_by_a_form_without_a_script_in_less_than_five_kilobytes(tmp_path):
    async def script(desk):
        form = await desk.client.get("/report?service=own")
        fields = {"service": "own", "kind": "posting", "words": "<script>alert(1)</script>"}
        done = await desk.client.post("/report", data=fields)
        again = await desk.client.post("/report", data=fields)
        wrong = await desk.client.post("/report", data={"service": "own", "words": fields["words"]})
        return form, done, again, wrong

    form, done, again, wrong = told(tmp_path, script)
    assert [page.status_code for page in (form, done, again, wrong)] == [200, 201, 200, 422]
    for page in (form, done, again, wrong):
        assert len(page.content) < 5_000
        assert "<script>alert" not in page.text
        assert "http://" not in page.text.replace("http://birds.example", "")
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "&lt;script&gt;alert(1)" in wrong.text
    assert 'role="alert"' in wrong.text
    assert 'role="status"' in done.text


def test_a_burst_from_one_network_is_asked_for_a_proof_of_work_that_counts_once(tmp_path):
    async def script(desk):
        for number in range(3):
            assert (await desk.send(kind="timeline", address=f"203.0.113.{number}")).status_code == 201
        asked = await desk.send(kind="timeline", address="203.0.113.99")
        elsewhere = await desk.send(kind="timeline", address="198.51.100.1")
        challenge = asked.json()["challenge"]
        proof = {"challenge": challenge["token"], "proof": solved(challenge)}
        stolen = await desk.send(kind="timeline", address="203.0.113.98", **proof)
        done = await desk.send(kind="timeline", address="203.0.113.99", **proof)
        replayed = await desk.send(kind="timeline", address="203.0.113.99", **proof)
        return asked, [one.status_code for one in (elsewhere, stolen, done, replayed)]

    asked, answers = told(tmp_path, script, free_per_minute=3)
    assert asked.status_code == 429
    assert int(asked.headers["retry-after"]) >= 5
    assert answers == [201, 429, 201, 429]


def solved(challenge):
    number = 0
    while int.from_bytes(sha256(f"{challenge['token']}:{number}".encode()).digest(), "big") >> (
        256 - challenge["bits"]
    ):
        number += 1
    return str(number)


def test_without_a_script_waiting_answers_the_challenge_and_forging_or_age_do_not(tmp_path):
    async def script(desk):
        for number in range(2):
            await desk.send(kind="timeline", address=f"203.0.113.{number}")
        page = await desk.client.post(
            "/report", data={"service": "own", "kind": "app"}, headers={"x-peer": "203.0.113.9"}
        )
        token = page.text.split('name="challenge" value="')[1].split('"')[0]
        fields = {"service": "own", "kind": "app", "challenge": token}
        answers = [await desk.client.post("/report", data=fields, headers={"x-peer": "203.0.113.9"})]
        desk.clock.now += 10_000
        forged = fields | {"challenge": "A" + token[1:]}
        answers.append(await desk.client.post("/report", data=forged, headers={"x-peer": "203.0.113.9"}))
        answers.append(await desk.client.post("/report", data=fields, headers={"x-peer": "203.0.113.9"}))
        return page.text, len(page.content), [answer.status_code for answer in answers]

    text, size, answers = told(tmp_path, script, free_per_minute=2)
    assert "Send after" in text
    assert size < 5_000
    assert answers == [429, 429, 201]


def test_a_clock_that_steps_back_loses_no_report(tmp_path):
    async def script(desk):
        await desk.send(kind="timeline", address="192.0.2.1")
        desk.clock.now -= 25 * HOUR_MS
        back = await desk.send(kind="timeline", address="192.0.2.2")
        desk.clock.now += 400 * 24 * HOUR_MS
        far = await desk.send(kind="timeline", address="192.0.2.3")
        return back.status_code, far.status_code, counts(desk.book)

    assert told(tmp_path, script) == (201, 201, (3, 0))


def test_a_flood_is_turned_away_in_words_while_the_page_answers(tmp_path):
    async def script(desk):
        sending = [
            desk.send(kind="timeline", address=f"10.{n >> 8}.{n & 255}.1") for n in range(REPORTS_WAITING_MAX + 300)
        ]
        flood = asyncio.gather(*sending)
        page = await desk.client.get("/report")
        answers = await flood
        return page.status_code, answers, counts(desk.book)

    page, answers, (kept, _) = told(tmp_path, script)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert page == 200
    assert kept == sum(answer.status_code == 201 for answer in answers)
    assert len(refused) + kept == len(answers)
    for answer in refused:
        assert answer.json()["code"] == "flooded"
        assert answer.headers["retry-after"]


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path):
    async def script(desk):
        answers = await asyncio.gather(*(desk.send(kind="timeline", address=f"10.0.{n}.1") for n in range(64)))
        return sum(answer.status_code == 201 for answer in answers)

    async def look(desk):
        return counts(desk.book)[0]

    assert told(tmp_path, script) == 64
    assert told(tmp_path, look) == 64


def test_words_beyond_what_operators_can_look_at_are_dropped_and_the_report_counts(tmp_path):
    async def script(desk):
        insert = "INSERT INTO report_notes (service, at_ms, kind, place, words) VALUES (1, 1, 1, 0, 'older')"
        await desk.book.write(lambda pen: [pen.run(insert) for _ in range(NOTES_WAITING_MAX - 1)])
        for number in range(3):
            await desk.send(kind="timeline", words="gone dark", address=f"192.0.2.{number}")
        with desk.book.look() as look:
            return counts(desk.book)[0], look.one("SELECT COUNT(*) FROM report_notes")[0]

    assert told(tmp_path, script) == (3, NOTES_WAITING_MAX)
