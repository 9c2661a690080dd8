"""The draft of a write-up: every figure against a hand's reckoning, and what is not known says so."""

import json

import pytest

from tests.statuspage.writeup_examples import BEGAN, MINUTE, OVER, counted, facts, incident, update
from whimbrel.kernel.errors import Invalid
from whimbrel.statuspage.board.uptime import Span
from whimbrel.statuspage.values import Lowering, Maintenance
from whimbrel.statuspage.writeup.body import body_of, description_of, first_draft, picture_in_words, title_of
from whimbrel.statuspage.writeup.facts import Changes, Course, Delayed, Requests, together
from whimbrel.statuspage.writeup.gathering import proof_of
from whimbrel.statuspage.writeup.words import lasted, minutes, plain, share

SECTIONS = [
    "Summary",
    "Owner",
    "What happened",
    "Impact",
    "Contributing factors",
    "Resolution",
    "Responders",
    "Timeline",
    "What went well",
    "What did not go well",
    "Actions",
    "In short, to pass on",
    "Data",
]


def section(body, name):
    return body.split(f"## {name}\n\n")[1].split("\n\n## ")[0]


def verified(at_ms=OVER + MINUTE, **changed):
    found = {"records": 12_345, "trimmed": 0, "snapshots": 1, "store_cursor": 12_345, "parked": 0, "findings": []}
    return proof_of(json.dumps(found | changed).encode(), at_ms)


def test_a_draft_has_every_section_in_order():
    assert [line[3:] for line in body_of(facts()).split("\n") if line.startswith("## ")] == SECTIONS


def test_the_minutes_of_each_state_are_exact():
    impact = section(body_of(facts()), "Impact").split("\n")
    assert impact[0] == "| part | major outage | partial outage | degraded | maintenance | operational | not measured |"
    assert impact[2] == "| Posting | 49 min 40 s | 30 min | 10 min | 0 min | 0 min 20 s | 5 min |"
    assert impact[3] == "| Home timeline | 0 min | 60 min | 0 min | 0 min | 35 min | 0 min |"
    assert impact[4] == "| **the worst of all** | 49 min 40 s | 30 min | 10 min | 0 min | 5 min 20 s | 0 min |"


def test_the_worst_of_all_is_the_worst_at_each_moment():
    one = Course(component="a", name="A", spans=(Span(0, 10, "operational"), Span(20, 30, "major_outage")))
    other = Course(component="b", name="B", spans=(Span(5, 25, "degraded_performance"),))
    assert together([one, other]) == (
        Span(0, 5, "operational"),
        Span(5, 20, "degraded_performance"),
        Span(20, 30, "major_outage"),
    )


def test_what_was_counted_is_told_with_its_peak_and_what_is_usual():
    impact = section(body_of(facts(**counted())), "Impact")
    assert (
        "- Requests that failed: 2,000 of 8,000 (25 %): Posting 1,500 of 6,000, Home timeline 500 of 2,000\n" in impact
    )
    # 95 minutes with 100 each, one of them with 400; ten are usual in each
    assert "- Outage reports: 9,800, at most 400 in one minute, at 22:00:00 UTC; 950 are usual in as many" in impact
    assert "- First sign to page changed (status lag): 25 s\n" in impact


def test_what_nobody_counted_is_not_known_and_not_nought():
    impact = section(body_of(facts()), "Impact")
    for line in (
        "- Requests that failed: Not known.",
        "- Outage reports: Not known.",
        "- Posts delayed: Not known. No figures of the server's views were read during it.",
        "- Posts lost: not verified.",
        "- Staged change under way: Not known. The server did not say during it.",
        "- Has somebody got in? Not known.",
    ):
        assert line in impact.split("\n")


def test_what_was_counted_and_was_none_is_not_called_unknown():
    told = body_of(
        facts(
            reports=(),
            requests={"posting": Requests(bad=0, total=0)},
            posts_delayed=Delayed(delayed=0, posts=9, seen=95, minutes=95),
            staged_changes=Changes(under_way=(), seen=95, minutes=95),
        )
    )
    assert "- Outage reports: none\n" in told
    assert "- Requests that failed: none were seen at all\n" in told
    assert "- Posts delayed: 0 of 9 that were written.\n" in told
    assert "- Staged change under way: none was seen.\n" in told


def test_what_was_not_looked_at_the_whole_time_is_said_as_far_as_it_was():
    told = body_of(
        facts(
            posts_delayed=Delayed(delayed=37, posts=1_204, seen=55, minutes=96),
            staged_changes=Changes(under_way=(), seen=1, minutes=96),
        )
    )
    assert (
        "- Posts delayed: 37 of 1,204 that were written, which came while home timelines were further behind than "
        "promised, as seen in 55 of 96 minutes; of the others nothing is known.\n"
    ) in told
    assert "none was seen, as seen in 1 of 96 minutes; of the others nothing is known.\n" in told


def test_a_staged_change_stands_among_the_figures_the_factors_and_in_the_timeline():
    under_way = ((BEGAN + MINUTE, BEGAN + 3 * MINUTE), (BEGAN + 10 * MINUTE, BEGAN + 11 * MINUTE))
    told = body_of(facts(staged_changes=Changes(under_way=under_way, seen=96, minutes=96)))
    said = "21:31 to 21:33 UTC, 21:40 to 21:41 UTC"
    assert f"being replaced by others (a restart or an upgrade), {said}.\n" in section(told, "Impact")
    assert f"- The server's processes were being replaced: {said}." in section(told, "Contributing factors")
    timeline = section(told, "Timeline")
    assert "- 21:31:00: The server's processes were being replaced (to the minute: until 21:33 UTC)." in timeline


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (verified(), "0. `whimbrel verify` checked all 12,345 records of the journal at 23:06:00 UTC"),
        (verified(findings=[{"part": "journal", "where": "7", "what": "torn"}]), "found 1 things that do not fit"),
        (verified(store_cursor=None), "not verified: the check did not compare"),
        (verified(OVER - MINUTE), "not verified since the end: the check is of 23:04:00 UTC"),
        (verified(parked=2), "2 of them could not be applied and are kept"),
    ],
)
def test_no_post_is_called_safe_without_a_check_that_says_so(proof, said):
    assert f"- Posts lost: {said}" in body_of(facts(proof=proof)) or said in body_of(facts(proof=proof))
    assert ("- Posts lost: 0." in body_of(facts(proof=proof))) == ("0. " in said or "parked" in said or "kept" in said)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"records": "many"}', b'{"records": 1}', b"\xff"])
def test_a_file_that_is_no_result_of_verify_is_refused(text):
    with pytest.raises(Invalid, match="--verified"):
        proof_of(text, OVER)


def test_the_timeline_is_in_utc_and_says_when_the_page_changed():
    due_ms = BEGAN + 30 * MINUTE
    told = body_of(facts(incident=incident(missed_ms=(due_ms,))))
    assert section(told, "Timeline").split("\n") == [
        "All times are UTC.",
        "",
        "**15 October 2020**",
        "",
        "- 21:30:00: The first sign of trouble.",
        "- 21:30:20: Measured: Posting went from operational to major outage: probes all failing (failures 2).",
        "- 21:30:25: **The page changed**, 25 s after the first sign.",
        r"- 21:30:25: Said by ada, *investigating*: We see \*trouble\*, {{ x }} @ada.",
        "- 22:00:00: An update had been promised for this moment, and did not come.",
        "- 23:05:00: Said by the program, *resolved*: It is over.",
        "- 23:05:00: Over, 1 h 35 min after the first sign.",
    ]


def test_a_timeline_over_midnight_says_both_days():
    late = update(3, "resolved", "Really over.", OVER + 60 * MINUTE)
    told = section(body_of(facts(incident=incident(updates=(late,)))), "Timeline")
    assert told.index("**15 October 2020**") < told.index("**16 October 2020**") < told.index("Really over.")


def test_a_page_that_was_late_has_not_gone_well():
    late = incident(
        changed_ms=BEGAN + 26 * MINUTE, lowered={"home": Lowering(reason="we thought so", measured="major_outage")}
    )
    told = body_of(facts(incident=late))
    assert "- The page changed 26 min after the first sign (goal: 3 min)." in section(told, "What did not go well")
    assert "- Home timeline was called better than it was measured, because: we thought so" in told
    assert "The page changed 26 min" not in section(told, "What went well")
    early = body_of(facts())
    assert "- The page changed 25 s after the first sign (goal: 3 min)." in section(early, "What went well")


def test_maintenance_beside_it_is_told_and_not_accused():
    window = Maintenance(
        id="m1",
        name="A new disk",
        status="completed",
        components=("media",),
        scheduled_ms=BEGAN + MINUTE,
        until_ms=BEGAN + 9 * MINUTE,
        created_ms=0,
        updated_ms=0,
    )
    told = body_of(facts(windows=(window,)))
    assert "Maintenance was under way: A new disk, from 21:31:00 UTC" in section(told, "Contributing factors")
    assert "Whether it had to do with this is not known." in told
    assert "- 21:31:00: Announced maintenance began: A new disk." in told


def test_what_people_have_said_is_in_the_draft_as_plain_words():
    known = incident(
        cause="a disk\n## full <b>", workaround="Use the app.", data_safety="All safe.", breach="no_evidence"
    )
    told = body_of(facts(incident=known))
    assert r"Cause: a disk \#\# full \<b\>" in told
    assert "Until then this helped: Use the app." in section(told, "Resolution")
    assert "- What people were told of their data: All safe." in told
    assert "There is no evidence that anybody has." in told


def test_an_incident_that_goes_on_is_not_written_up_as_over():
    running = facts(incident=incident(resolved_ms=None, status="investigating", updates=()))
    told = body_of(running)
    assert section(told, "Resolution") == "It is not over."
    assert "It is not over; this is as of 00:05:00 UTC on 16 October 2020." in told
    assert "Nobody spoke on this page but the program itself." in told
    assert description_of(running).endswith("and is not over yet. The page said so after 25 s.")


def test_title_description_and_the_picture_in_words():
    draft = first_draft(facts(**counted()))
    assert draft.title == title_of(facts()) == "Trouble with Posting, 15 October 2020"
    assert draft.description == (
        "What happened on Birdsong on 15 October 2020 from 21:30:00 UTC, for 1 h 35 min. The page said so after 25 s."
    )
    assert picture_in_words(facts(**counted())).endswith("to 23:05:00 UTC: at most 400 reports a minute.")
    assert picture_in_words(facts()).endswith("how many reported it is not known.")


def test_durations_and_shares_are_exact():
    assert [lasted(ms) for ms in (300, 1_000, 61_000, 3_600_000, 90_061_000)] == [
        "0.3 s",
        "1 s",
        "1 min 1 s",
        "1 h",
        "1 d 1 h 1 min 1 s",
    ]
    assert [minutes(ms) for ms in (0, 59_999, 60_000, 5_165_000)] == ["0 min", "0 min 59 s", "1 min", "86 min 5 s"]
    assert [share(*pair) for pair in ((0, 9), (1, 90_000), (1, 3), (8_999_999, 9_000_000), (9, 9))] == [
        "0 %",
        "0.1 %",
        "33.3 %",
        "99.9 %",
        "100 %",
    ]
    assert plain("a\n b [c](d) `e` #f |g| &amp; ~h~") == r"a b \[c\](d) \`e\` \#f \|g\| \&amp; \~h\~"
