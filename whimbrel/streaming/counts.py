"""What the process of streams counts."""

from collections import Counter
from typing import Final

from whimbrel.reliability.metrics import Family, Histogram, Sample, gauge

DELAY_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)


class Counts:
    """Plain numbers, changed by who counts and read by the control socket."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter()
        """Connections that are open now, by kind: websocket, eventsource, handshake."""
        self.messages: Counter[str] = Counter()
        """Messages that were sent, by what they say."""
        self.ended: Counter[str] = Counter()
        """Streams that this side has ended, by reason."""
        self.refused: Counter[str] = Counter()
        """Requests that became no stream, by status."""
        self.resumed: Counter[str] = Counter()
        """Streams that were taken up again, by outcome."""
        self.delay = Histogram(DELAY_SECONDS)
        """From an event's own time to the moment at which it was written to its last reader."""
        self.unplanned = 0

    def families(self, subscriptions: dict[str, int], waiting: int) -> list[Family]:
        """Everything, with the subscriptions of the moment by stream and the events that wait to be told."""
        return [
            _by("whimbrel_stream_connections", "gauge", "Connections that are open.", "kind", self.open),
            _by("whimbrel_stream_subscriptions", "gauge", "Streams that are listened to.", "stream", subscriptions),
            _by(
                "whimbrel_stream_messages_total", "counter", "Messages sent, by what they say.", "event", self.messages
            ),
            _by("whimbrel_stream_ended_total", "counter", "Streams ended by the server.", "reason", self.ended),
            _by("whimbrel_stream_refused_total", "counter", "Requests refused, by status.", "status", self.refused),
            _by("whimbrel_stream_resumed_total", "counter", "Streams taken up again.", "outcome", self.resumed),
            gauge("whimbrel_stream_events_waiting", "Events that have not been told yet.", waiting),
            Family(
                "whimbrel_stream_unplanned_events_total",
                "counter",
                "Events that could not be told because of an error of the server.",
                [Sample(self.unplanned, {})],
            ),
            Family(
                "whimbrel_stream_delay_seconds",
                "histogram",
                "From an event to its being written to its last reader.",
                self.delay.samples({}),
            ),
        ]


def _by(name: str, kind: str, meaning: str, label: str, values: "Counter[str] | dict[str, int]") -> Family:
    return Family(name, kind, meaning, [Sample(value, {label: key}) for key, value in sorted(values.items())])
