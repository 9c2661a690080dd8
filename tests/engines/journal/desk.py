"""What tests of the journal write with: engines by name, a clock to move, short ways to say groups."""

from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.kernel.events import Appended, Claim, Draft, Group

NOW_MS = 1_600_000_000_000


class Clock:
    """A clock that stands still until a test moves it, backwards too."""

    def __init__(self, now_ms=NOW_MS):
        self.now_ms = now_ms

    def __call__(self):
        return self.now_ms


def sqlite(path, *, clock=None, **settings):
    """The engine in one SQLite file."""
    return SqliteJournal(path, clock=clock or Clock(), **settings)


ENGINES = {"sqlite": sqlite}


def noted(text="hello", *, actor=1, id=None, claims=(), releases=(), optional=False):
    """A draft of an event with a text."""
    taken = tuple(claim if isinstance(claim, Claim) else Claim(claim) for claim in claims)
    return Draft("Noted", actor, text.encode(), id, taken, tuple(releases), optional)


def group(*drafts, requires=(), forbids=()):
    """Drafts that stand or fall together."""
    return Group(drafts, tuple(requires), tuple(forbids))


def append(journal, *groups):
    """Append groups in one batch; returns their outcomes."""
    return journal.append(groups)[0]


def note(journal, text="hello", **said):
    """Append one draft that must be taken; returns its stamp."""
    (outcome,) = append(journal, group(noted(text, **said)))
    assert isinstance(outcome, Appended), outcome
    return outcome.stamps[0]


def everything(journal):
    """Every record, page by page."""
    records, after = [], 0
    while page := journal.read(after=after, limit=1_000):
        records += page
        after = page[-1].sequence
    return records


def texts(journal):
    """The texts of every note, in order."""
    return [record.payload.decode() for record in everything(journal) if record.type == "Noted"]
