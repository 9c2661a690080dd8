"""What a test's listeners have heard, and how to wait for it: questions repeated until their deadline."""

import json
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from mastodon import StreamListener

from tests.support.serving import eventually

HEARD_SECONDS = 15.0


class Told(NamedTuple):
    """One event: its name as the client has it, what came with it, and the stream it came by where that is told."""

    name: str
    data: Any
    stream: Any = None


class Heard:
    """Everything that one listener was told, in order; another thread may add to it."""

    def __init__(self) -> None:
        self.all: list[Told] = []
        self._changed = threading.Lock()

    def add(self, told: Told) -> None:
        """Note an event."""
        with self._changed:
            self.all.append(told)

    def named(self, name: str) -> list[Any]:
        """What came with the events of one name."""
        return [told.data for told in list(self.all) if told.name == name]

    def wait(self, name: str, fits: Callable[[Any], Any] = bool) -> Any:
        """What came with the first event of this name that fits."""
        return eventually(
            lambda: next((data for data in self.named(name) if fits(data)), None),
            seconds=HEARD_SECONDS,
            what=f"{name} is heard; so far {[told.name for told in self.all]}",
        )


class Ear(StreamListener):
    """A listener of Mastodon.py that keeps what it hears."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.aborted: list[Exception] = []

    def on_any_event(self, name: str, data: Any = None, for_stream: Any = None) -> None:
        """Keep it."""
        self.heard.add(Told(name, data, for_stream))

    def on_abort(self, err: Exception) -> None:
        """Keep why a connection ended."""
        self.aborted.append(err)


def said(text: str) -> Callable[[Any], bool]:
    """Whether a post (of Mastodon.py or as JSON) says this."""
    return lambda post: text in post["content"]


def parsed(message: str | bytes) -> Told:
    """A WebSocket's message as an event."""
    whole = json.loads(message)
    payload = whole.get("payload")
    is_text = whole["event"] in ("delete", "position")
    return Told(whole["event"], payload if is_text or payload is None else json.loads(payload), whole.get("stream"))
