"""What every channel is told to send, and how one says that it could not."""

from typing import NamedTuple, Protocol

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.statuspage.telling.rows import Subscription
from whimbrel.statuspage.telling.story import Told
from whimbrel.statuspage.v2.shapes import Shown


class DeliveryFailed(WhimbrelError):
    """It was not acknowledged. `permanent`: trying this once more would end the same way; `gone`: and so would any."""

    code = "delivery_failed"
    status = 502

    def __init__(self, public: str, *, permanent: bool = False, gone: bool = False) -> None:
        super().__init__(public)
        self.permanent, self.gone = permanent or gone, gone


class Links(NamedTuple):
    """Where a subscription's own pages are."""

    confirm: str
    unsubscribe: str


class Message(NamedTuple):
    """One thing for one subscription. `told` is None for the request to confirm; `before`: a component's old state."""

    to: Subscription
    subject: str
    told: Told | None
    before: str
    links: Links
    shown: Shown


class Channel(Protocol):
    """One way of telling."""

    async def send(self, message: Message) -> bool:
        """Send it until it is acknowledged; returns whether that confirms the subscription. Raises DeliveryFailed."""
        ...
