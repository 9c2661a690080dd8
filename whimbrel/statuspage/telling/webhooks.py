"""Webhooks: Statuspage's payload by POST, signed, to an address that a stranger gave.

Promises: only public addresses are asked (watching.reaching), a redirect is a failure, nothing of the answer is read
but its first line and, for the handshake, a bounded body. A receiver checks `X-Whimbrel-Signature: t=SECONDS,v1=HEX`,
HMAC-SHA256 with its secret over `SECONDS.BODY`, and forgets what is old; `X-Whimbrel-Delivery` is the same when a
delivery is repeated because its answer was lost.
"""

import hmac
from typing import Any, Final

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.limits import WEBHOOK_ANSWER_BYTES_MAX, WEBHOOK_SECONDS
from whimbrel.statuspage.telling.channels import DeliveryFailed, Message
from whimbrel.statuspage.telling.rows import Subscription
from whimbrel.statuspage.telling.story import ComponentChange, Told
from whimbrel.statuspage.v2 import shapes
from whimbrel.statuspage.v2.shapes import Shown
from whimbrel.statuspage.values import Incident, Maintenance
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch, listen
from whimbrel.statuspage.watching.reaching import Reach

_GONE: Final = 410
_encode = msgspec.json.encode


class Webhooks:
    """The channel. `reach`: where addresses may lead; `documentation`: where a receiver's author can read on."""

    def __init__(self, *, clock: Clock, reach: Reach, documentation: str) -> None:
        self._clock, self._reach, self._documentation = clock, reach, documentation

    async def send(self, message: Message) -> bool:
        """Post it. A new subscription is confirmed by answering with the challenge. Raises DeliveryFailed."""
        body = _encode(payload(message, self._documentation, self._clock()))
        request = self._request(message, body)
        try:
            return await (self._shake_hands(request, message) if message.told is None else _post(request))
        except FetchFailed as error:
            raise DeliveryFailed(error.public) from error

    async def _shake_hands(self, request: Request, message: Message) -> bool:
        answer = await fetch(request)
        _check(answer.status)
        if not _answers(answer.text, challenge_of(message.to)):
            raise DeliveryFailed("the answer is not the challenge")
        return True

    def _request(self, message: Message, body: bytes) -> Request:
        headers = {
            "content-type": "application/json",
            "x-whimbrel-signature": signature(message.to.secret, body, self._clock() // 1_000),
            "x-whimbrel-delivery": f"{message.to.id}-{message.subject}",
        }
        return Request(
            message.to.address,
            method="POST",
            headers=headers,
            body=body,
            total_seconds=WEBHOOK_SECONDS,
            body_bytes_max=WEBHOOK_ANSWER_BYTES_MAX,
            reach=self._reach,
        )


async def _post(request: Request) -> bool:
    """The head of the answer says everything; a body without end is not waited for."""
    async with listen(request) as stream:
        _check(stream.head.status)
    return False


def _check(status: int) -> None:
    if not 200 <= status < 300:
        raise DeliveryFailed(f"answered {status}", gone=status == _GONE)


def _answers(text: str, challenge: str) -> bool:
    """The challenge alone, or as JSON; a server that sends back whatever it is sent has not agreed to anything."""
    if text.strip() == challenge:
        return True
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("challenge") == challenge


def signature(secret: bytes, body: bytes, now_seconds: int) -> str:
    """The header that proves who sent a body, and when."""
    digest = hmac.digest(secret.hex().encode(), f"{now_seconds}.".encode() + body, "sha256")
    return f"t={now_seconds},v1={digest.hex()}"


def challenge_of(subscription: Subscription) -> str:
    """What the receiver has to answer with, so that nobody subscribes an address that is not theirs."""
    return hmac.digest(subscription.secret, b"challenge", "sha256").hex()


def payload(message: Message, documentation: str, now_ms: int) -> dict[str, Any]:
    """Statuspage's payload: meta, page, and an incident or a component's change."""
    status = shapes.status(message.shown)
    document: dict[str, Any] = {
        "meta": {
            "unsubscribe": message.links.unsubscribe,
            "documentation": documentation,
            "generated_at": shapes.time(now_ms),
        },
        "page": {
            "id": status["page"]["id"],
            "status_indicator": status["status"]["indicator"],
            "status_description": status["status"]["description"],
        },
    }
    if message.told is None:
        return document | {"subscription": {"id": message.to.id, "challenge": challenge_of(message.to)}}
    return document | _news(message.told, message.before, message.shown)


def _news(told: Told, before: str, shown: Shown) -> dict[str, Any]:
    match told.about:
        case Incident() as incident:
            return {"incident": shapes.incidents(shown, [incident])["incidents"][0]}
        case Maintenance() as window:
            return {"incident": shapes.maintenances(shown, [window])["scheduled_maintenances"][0]}
        case ComponentChange() as change:
            return _component(change, before, told.subject, shown)


def _component(change: ComponentChange, before: str, id_: str, shown: Shown) -> dict[str, Any]:
    then = shown._replace(states={**shown.states, change.component: change.state})
    listed = shapes.components(then)["components"]
    update = {
        "id": id_,
        "created_at": shapes.time(change.at_ms),
        "old_status": before,
        "new_status": change.state,
        "component_id": change.component,
    }
    # A component that was removed since has only its change left to tell.
    return {"component_update": update, "component": next((one for one in listed if one["id"] == change.component), {})}
