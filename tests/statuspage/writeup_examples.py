"""An outage of ninety-five minutes whose every figure was worked out by hand, for the tests of write-ups."""

from whimbrel.statuspage.board.uptime import Span
from whimbrel.statuspage.values import Incident, Reason, Update
from whimbrel.statuspage.writeup.facts import Bin, Course, Facts, Requests, Turn
from whimbrel.statuspage.writeup.rows import Version

BEGAN = 1_602_797_400_000  # 15 October 2020, 21:30 UTC
MINUTE = 60_000
SECOND = 1_000
OVER = BEGAN + 95 * MINUTE


def update(number, status, body, at_ms, actor="whimbrel"):
    return Update(
        id=f"i1-{number}",
        incident="i1",
        status=status,
        body=body,
        actor=actor,
        created_ms=at_ms,
        displayed_ms=at_ms,
        components={"posting": "major_outage", "home": "partial_outage"},
    )


def incident(**changed):
    return Incident(
        **{
            "id": "i1",
            "name": "Trouble with Posting",
            "status": "resolved",
            "impact": "critical",
            "components": {"posting": "operational", "home": "operational"},
            "automatic": True,
            "pain_ms": BEGAN,
            "created_ms": BEGAN + 25 * SECOND,
            "changed_ms": BEGAN + 25 * SECOND,
            "updated_ms": OVER,
            "resolved_ms": OVER,
            "updates": (
                update(2, "resolved", "It is over.", OVER),
                update(1, "investigating", "We see *trouble*, {{ x }} @ada.", BEGAN + 25 * SECOND, actor="ada"),
            ),
        }
        | changed
    )


def facts(**changed):
    """Posting: 20 s well, 49 min 40 s major, 30 min partial, 5 min unseen, 10 min degraded. Home: an hour partial."""
    posting = (
        Span(BEGAN - 60 * MINUTE, BEGAN + 20 * SECOND, "operational"),
        Span(BEGAN + 20 * SECOND, BEGAN + 50 * MINUTE, "major_outage"),
        Span(BEGAN + 50 * MINUTE, BEGAN + 80 * MINUTE, "partial_outage"),
        Span(BEGAN + 85 * MINUTE, OVER, "degraded_performance"),
        Span(OVER, OVER + 60 * MINUTE, "operational"),
    )
    home = (
        Span(BEGAN - 60 * MINUTE, BEGAN + MINUTE, "operational"),
        Span(BEGAN + MINUTE, BEGAN + 61 * MINUTE, "partial_outage"),
        Span(BEGAN + 61 * MINUTE, OVER, "operational"),
    )
    failing = Reason(code="probes_all_failing", state="major_outage", since_ms=BEGAN, figures={"failures": 2})
    return Facts(
        **{
            "site": "Birdsong",
            "url": "https://status.birdsong.example",
            "at_ms": OVER + 60 * MINUTE,
            "incident": incident(),
            "courses": (
                Course(component="posting", name="Posting", spans=posting),
                Course(component="home", name="Home timeline", spans=home),
            ),
            "turns": (
                Turn(
                    at_ms=BEGAN + 20 * SECOND,
                    component="posting",
                    before="operational",
                    after="major_outage",
                    reasons=(failing,),
                ),
            ),
        }
        | changed
    )


def counted():
    """Ten a minute are usual; from the beginning there are a hundred, at 22:00 there are 400."""
    bins = [
        Bin(at_ms=at_ms, reports=_reports(at_ms), baseline=10.0)
        for at_ms in range(BEGAN - 30 * MINUTE, OVER + 30 * MINUTE, MINUTE)
    ]
    requests = {"posting": Requests(bad=1_500, total=6_000), "home": Requests(bad=500, total=2_000)}
    return {"reports": tuple(bins), "requests": requests}


def _reports(at_ms):
    if at_ms == BEGAN + 30 * MINUTE:
        return 400
    return 100 if BEGAN <= at_ms < OVER else 10


def version(title="Trouble with Posting", description="What happened.", body="Text.\n", published=True):
    at_ms = OVER + 120 * MINUTE
    return Version(
        title=title,
        description=description,
        body=body,
        incident="i1",
        version=1,
        made_ms=at_ms,
        actor="ada",
        published_ms=at_ms if published else None,
    )
