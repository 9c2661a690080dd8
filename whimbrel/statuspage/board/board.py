"""The board in memory: judges evidence, notes what changed, keeps spans in the book.

Promises: a change of state is in the book, and in its history, before `judge` returns it; what the program did not see
because it was not running is no span. An unchanged state is written down every BOARD_NOTED_SECONDS, so a kill costs
that much of what was measured, and no claim.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.limits import BOARD_NOTED_SECONDS
from whimbrel.statuspage.board import rows
from whimbrel.statuspage.board.uptime import Span
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.evidence import Evidence
from whimbrel.statuspage.values import State, Verdict, worst
from whimbrel.statuspage.verdict import DEFAULT, Standing, Thresholds, decide


class Change(Verdict, frozen=True, kw_only=True):
    """A verdict whose state differs from the one before it; `before` is None for a component's first."""

    before: State | None


class Board:
    """The newest verdict of every component that has been judged. For the program's one loop."""

    def __init__(self, *, book: Book, thresholds: Thresholds = DEFAULT) -> None:
        self._book, self._thresholds = book, thresholds
        self._verdicts: dict[str, Verdict] = {}
        self._standings: dict[str, Standing] = {}
        self._spans: dict[str, Span] = {}
        self.measured: set[str] = set()
        """The components of which anything was ever known."""

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """By component."""
        return self._verdicts

    @property
    def thresholds(self) -> Thresholds:
        """The rule's numbers that are in force."""
        return self._thresholds

    @property
    def overall(self) -> State:
        """The worst of all; `unknown` before anything was judged."""
        return worst([verdict.state for verdict in self._verdicts.values()])

    async def load(self) -> None:
        """Go on from where the book ends: an outage that was being waited out is still one after a restart."""
        self.measured |= await self._book.read(rows.measured)
        for component, (span, verdict) in (await self._book.read(rows.newest)).items():
            self._standings[component] = Standing(state=span.state, since_ms=verdict.since_ms)

    async def judge(self, evidences: Sequence[Evidence]) -> list[Change]:
        """Decide on each, write down what is new, and return the changes. Raises BookUnavailable; then judge again."""
        judged = [decide(one, self._standings.get(one.component), self._thresholds) for one in evidences]
        changes = [self._change(verdict) for verdict, _ in judged if self._is_new(verdict)]
        spans = {verdict.component: self._span(verdict) for verdict, _ in judged}
        noted = [verdict for verdict, _ in judged if self._is_due(verdict, spans[verdict.component])]
        ended = [verdict for verdict in noted if self._ends_another(spans[verdict.component], verdict)]
        if noted:
            await self._book.write(lambda pen: self._note(pen, noted, ended, spans, changes))
        for verdict in noted:
            self._spans[verdict.component] = spans[verdict.component]
        for verdict, standing in judged:
            self._verdicts[verdict.component], self._standings[verdict.component] = verdict, standing
            if verdict.state != "unknown":
                self.measured.add(verdict.component)
        return changes

    def _is_new(self, verdict: Verdict) -> bool:
        before = self._standings.get(verdict.component)
        return before is None or before.state != verdict.state

    def _change(self, verdict: Verdict) -> Change:
        before = self._standings.get(verdict.component)
        told = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        return Change(**told, before=before.state if before else None)

    def _span(self, verdict: Verdict) -> Span:
        """The span that the verdict belongs to: the running one, or one that begins now."""
        running = self._spans.get(verdict.component)
        if running is None or running.state != verdict.state or self._has_slept(verdict):
            return Span(verdict.at_ms, verdict.at_ms, verdict.state)
        return running._replace(until_ms=verdict.at_ms)

    def _has_slept(self, verdict: Verdict) -> bool:
        """Whether nothing was judged for so long (a machine that was suspended) that the time between is unknown."""
        return verdict.at_ms - self._verdicts[verdict.component].at_ms > 1_000 * BOARD_NOTED_SECONDS

    def _is_due(self, verdict: Verdict, span: Span) -> bool:
        running = self._spans.get(verdict.component)
        if running is None or running.from_ms != span.from_ms:
            return True
        return span.until_ms - running.until_ms >= 1_000 * BOARD_NOTED_SECONDS

    def _ends_another(self, span: Span, verdict: Verdict) -> bool:
        """Whether the span before was seen to last until this one begins."""
        running = self._spans.get(verdict.component)
        return running is not None and running.from_ms != span.from_ms and not self._has_slept(verdict)

    def _note(
        self,
        pen: Writing,
        noted: Sequence[Verdict],
        ended: Sequence[Verdict],
        spans: Mapping[str, Span],
        changes: Sequence[Change],
    ) -> None:
        for verdict in ended:
            before = self._verdicts[verdict.component]
            rows.extend(pen, replace(before, at_ms=verdict.at_ms), self._spans[verdict.component].from_ms)
        for verdict in noted:
            span = spans[verdict.component]
            put = rows.begin if span.from_ms == span.until_ms else rows.extend
            put(pen, verdict, span.from_ms)
        for change in changes:
            history.add(pen, "state", change.component, change, actor=history.BY_ITSELF, now_ms=change.at_ms)
