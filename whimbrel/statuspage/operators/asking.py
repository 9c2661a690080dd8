"""What operators ask for, as forms, programs and the command line all write it, and what it means. Pure.

Times are ISO 8601; without a zone they are UTC. The next update is promised in minutes from now, because that is how
people think of it during an outage.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from whimbrel.kernel.errors import Invalid
from whimbrel.statuspage.incidents.people import Saying, Words
from whimbrel.statuspage.values import Maintenance, MaintenanceStatus, State

T = TypeVar("T", bound=msgspec.Struct)

_MINUTE_MS: Final = 60_000
_YEARS: Final = range(2_000, 2_100)

Minutes = Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 60)]


class Say(Words, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say something about an incident."""

    next_update_minutes: Minutes | None = None

    def saying(self, now_ms: int) -> Saying:
        """The same, as the room of incidents takes it."""
        minutes = self.next_update_minutes
        fields = {name: getattr(self, name) for name in Say.__struct_fields__ if name != "next_update_minutes"}
        return Saying(**fields, next_update_ms=None if minutes is None else now_ms + minutes * _MINUTE_MS)


class Open(Say, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open an incident; `since`: when it began, if that was before now."""

    name: str
    since: str = ""


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other words in an update."""

    body: str


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Announce a maintenance window."""

    name: str
    body: str
    components: list[str]
    scheduled_for: str
    scheduled_until: str
    expected: State = "degraded_performance"
    recurs: str = ""

    def window(self) -> Maintenance:
        """The window, not yet announced. Raises Invalid."""
        return Maintenance(
            id="",
            name=self.name,
            status="scheduled",
            components=tuple(dict.fromkeys(self.components)),
            scheduled_ms=time_ms(self.scheduled_for, "scheduled_for"),
            until_ms=time_ms(self.scheduled_until, "scheduled_until"),
            created_ms=0,
            updated_ms=0,
            expected=self.expected,
            recurs=self.recurs.strip(),
        )


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how a window goes on."""

    status: MaintenanceStatus
    body: str


class SetComponent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add a component, or change one."""

    name: str
    group: str = ""
    position: int = 0
    description: str = ""
    only_show_if_degraded: bool = False


class SetService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add a service that people may report about, or change one."""

    name: str
    url: str
    kinds: list[str]
    page_url: str | None = None


class Decide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show a comment, or do not: one that waits is turned down, one that is shown is taken back."""

    shown: bool


class Write(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep another version of a write-up, written over version `over`."""

    title: str
    description: str
    body: str
    over: int


class Publish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show a version of a write-up to readers; it must be the newest."""

    version: int


def read(document: object, kind: type[T]) -> T:
    """A document as what it should be. Raises Invalid with the place and what was expected."""
    try:
        return msgspec.convert(document, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}") from error


def time_ms(text: str, name: str) -> int:
    """A moment. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.year not in _YEARS:  # what a calendar cannot show must not get into the book
            raise ValueError
    except ValueError:
        raise Invalid(f'{name}: "{text[:60]}"; expected a time such as 2026-11-21T18:30Z') from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)


def check_known(asked: Collection[str], known: Mapping[str, str]) -> None:
    """Raise Invalid for a component that the page does not have."""
    unknown = [one for one in asked if one not in known]
    if unknown:
        raise Invalid(f'components: "{unknown[0][:60]}" is not one of {", ".join(known)}')


def answer(value: Any) -> Any:
    """A value as JSON has it."""
    return msgspec.to_builtins(value)
