"""What tests of webhooks have in common: somebody who subscribes, something to be told, and what was told."""

import json

from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.telling import rows


def agrees(request):
    """What a receiver does that wants to be told: it answers the challenge, and takes the rest."""
    found = json.loads(request["body"])
    return 200, found["subscription"]["challenge"] if "subscription" in found else ""


def subscribe(page, url, **more):
    body = json.dumps({"subscriber": {"endpoint": url, "email": "it@example.org"} | more}).encode()
    return page.browser().ask("POST", "/api/v2/subscribers.json", body=body)


def say(page, body, *, incident=None, components=("home",), state="partial_outage", **more):
    saying = Saying(body=body, components=dict.fromkeys(components, state), **more)
    incidents = page.program.rooms.incidents
    if incident is None:
        return page.run(incidents.open("Home is slow", saying, actor="ada", board={}))
    return page.run(incidents.say(incident.id, saying, actor="ada", board={}))


def told(receiver):
    """The documents after the handshake."""
    return [json.loads(one["body"]) for one in receiver.requests if b'"challenge"' not in one["body"]]


def state_of(page, url):
    with page.book.look() as look:
        return rows.of(look, "webhook", url).state
