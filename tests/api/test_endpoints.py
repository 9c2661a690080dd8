"""The endpoints over the whole product, core and store included: answers as Mastodon describes them, oddities 4xx."""

import asyncio
import json
import random
import re
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest

from tests.support.asgi import asked, until_it_says
from tests.support.openapi import assert_entity
from whimbrel import config
from whimbrel.api.http import Api
from whimbrel.api.mastodon.render.everything import render_for
from whimbrel.api.mastodon.routes import routes
from whimbrel.api.router import Router
from whimbrel.core import linked_core
from whimbrel.kernel.limits import COMMAND_STORE_SECONDS
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.wiring import Standing, build_product

V1 = "/api/v1"
SEED = 7
ODD_REQUESTS = 3_000
ODD = (
    "0",
    "-1",
    "abc",
    "9" * 25,
    "9223372036854775807",
    "\x00",
    "%00",
    "\xe9" * 50,
    "..",
    "1e9",
    "\U0001f426",
    "true",
    "[]",
)
NAMES = (
    "id", "id[]", "ids[]", "limit", "max_id", "since_id", "min_id", "q", "acct", "type", "types[]", "exclude_types[]",
    "timeline[]", "status", "visibility", "in_reply_to_id", "sensitive", "language", "comment", "duration",
    "languages[]", "home[last_read_id]", "notifications[last_read_id]", "fields_attributes[0][name]",
    "source[privacy]", "display_name", "note", "tagged", "any[]", "offset", "account_id", "grouped_types[]",
    "reblogs", "expand_accounts", "local", "pinned", "spoiler_text",
)  # fmt: skip


class Server:
    """The dialect over a product, and three people with tokens."""

    def __init__(self, product):
        self.microblog = product.microblog
        self.table = routes(render_for(self.microblog.options.public_url))
        standing = Standing(product.link, product.reads)
        self.door = Api(router=Router(self.table), microblog=self.microblog, freshness=standing, limits=None)
        self.ids, self.tokens = {}, {}

    async def welcome(self, name):
        """Somebody new, with a token for everything."""
        sign_up = SignUp(name=name, email=f"{name}@mail.example", confirmed=True, origin="cli")
        account = await self.microblog.accounts.create(sign_up)
        self.ids[name] = str(account.id)
        self.tokens[name] = await self.microblog.access.issue_token(
            account_id=account.id, app_id=None, scopes=("read", "write", "follow")
        )

    async def do(self, call, entity=None, *, by=None, listed=False, code=200, key=None, **sent):
        """Make one call ("GET /path"), see its status and entity, and return what it said."""
        method, path = call.split(" ", 1)
        headers = {"Content-Type": "application/json"} if sent and method != "GET" else {}
        if by:
            headers["Authorization"] = f"Bearer {self.tokens[by]}"
        if key:
            headers["Idempotency-Key"] = key
        query, body = (urlencode(sent, doseq=True), "") if method == "GET" else ("", json.dumps(sent) if sent else "")
        reply = await asked(self.door, method, path, query=query.encode(), headers=headers, chunks=[body.encode()])
        assert reply.status == code, f"{call}: {reply.status} {reply.body[:200]!r}"
        return assert_entity(entity, reply.body, listed=listed) if entity else reply.json

    async def tie(self, who, whom):
        """What lies between two people."""
        asked_for = {"id[]": [self.ids[whom]]}
        (tie,) = await self.do(f"GET {V1}/accounts/relationships", "Relationship", by=who, listed=True, **asked_for)
        return tie


@asynccontextmanager
async def server(folder):
    """A server with iris, otto who follows her, and uma."""
    settings = config.read({"data": str(folder / "data")}, {}).config
    async with linked_core(settings) as link:
        assert await link.store_reached(link.head.head, COMMAND_STORE_SECONDS), "the store was made"
        product = await build_product(settings, link)
        try:
            one = Server(product)
            for name in ("iris", "otto", "uma"):
                await one.welcome(name)
            await one.do(f"POST {V1}/accounts/{one.ids['iris']}/follow", "Relationship", by="otto")
            yield one
        finally:
            product.close()


def within(folder, walk):
    """Run a walk on a server of its own."""

    async def run():
        async with server(folder) as one:
            await walk(one)

    asyncio.run(run())


async def walk_of_a_post(one):
    wrote = await one.do(f"POST {V1}/statuses", "Status", by="iris", status="Hello @otto #birds", key="k")
    again = await one.do(f"POST {V1}/statuses", "Status", by="iris", status="Hello @otto #birds", key="k")
    assert wrote["id"] == again["id"]
    await one.do(f"POST {V1}/statuses", by="iris", code=422, key="k", status="another body")
    reply = await one.do(f"POST {V1}/statuses", "Status", by="otto", status="hi", in_reply_to_id=wrote["id"])
    post = f"{V1}/statuses/{wrote['id']}"
    for verb in ("favourite", "bookmark", "reblog", "mute", "unmute"):
        await one.do(f"POST {post}/{verb}", "Status", by="otto")
    await one.do(f"POST {post}/pin", "Status", by="iris")
    edited = await one.do(f"PUT {post}", "Status", by="iris", status="Hello again")
    assert edited["edited_at"]
    seen = await one.do(f"GET {post}", "Status", by="otto")
    assert [seen[flag] for flag in ("favourited", "reblogged", "bookmarked")] == [True] * 3
    assert len((await one.do(f"GET {post}/context", "Context"))["descendants"]) == 1
    assert len(await one.do(f"GET {post}/history", "StatusEdit", listed=True)) == 2
    await one.do(f"GET {post}/source", "StatusSource", by="iris")
    for who in ("favourited_by", "reblogged_by"):
        assert len(await one.do(f"GET {post}/{who}", "Account", listed=True)) == 1
    for path in (
        "timelines/home",
        "timelines/public",
        "favourites",
        "bookmarks",
        f"accounts/{one.ids['iris']}/statuses",
    ):
        assert await one.do(f"GET {V1}/{path}", "Status", by="otto", listed=True), path
    some = {"id[]": [reply["id"], wrote["id"], "7"]}
    assert [found["id"] for found in await one.do(f"GET {V1}/statuses", "Status", listed=True, **some)] == some["id[]"][
        :2
    ]
    await one.do(f"DELETE {post}", by="otto", code=404)
    assert "text" in await one.do(f"DELETE {post}", "Status", by="iris")
    await one.do(f"GET {post}", code=404)


async def walk_among_people(one):
    iris, uma = (f"{V1}/accounts/{one.ids[name]}" for name in ("iris", "uma"))
    change = {"display_name": "Iris", "locked": True, "source": {"privacy": "unlisted"}}
    own = await one.do(f"PATCH {V1}/accounts/update_credentials", "CredentialAccount", by="iris", **change)
    assert own["source"]["privacy"] == "unlisted"
    assert (await one.do(f"POST {iris}/follow", "Relationship", by="uma"))["requested"]
    assert len(await one.do(f"GET {V1}/follow_requests", "Account", by="iris", listed=True)) == 1
    own = await one.do(f"GET {V1}/accounts/verify_credentials", "CredentialAccount", by="iris")
    assert own["source"]["follow_requests_count"] == 1
    answered = await one.do(f"POST {V1}/follow_requests/{one.ids['uma']}/authorize", "Relationship", by="iris")
    assert answered["followed_by"]
    await one.do(f"POST {V1}/follow_requests/{one.ids['uma']}/reject", by="iris", code=404)
    assert len(await one.do(f"GET {iris}/followers", "Account", listed=True)) == 2
    await one.do(f"POST {iris}/unfollow", "Relationship", by="uma")
    assert (await one.do(f"POST {iris}/follow", "Relationship", by="uma"))["requested"]
    own = await one.do(f"PATCH {V1}/accounts/update_credentials", "CredentialAccount", by="iris", note="locked still")
    assert own["source"]["follow_requests_count"] == 1
    own = await one.do(f"PATCH {V1}/accounts/update_credentials", "CredentialAccount", by="iris", locked=False)
    assert (own["locked"], own["source"]["follow_requests_count"]) == (False, 0)
    follows = {"following": True, "requested": False}
    await until_it_says(lambda: one.tie("uma", "iris"), follows, seconds=COMMAND_STORE_SECONDS)
    await one.do(f"POST {iris}/mute", "Relationship", by="uma", duration=60)
    (muted,) = await one.do(f"GET {V1}/mutes", "MutedAccount", by="uma", listed=True)
    assert muted["mute_expires_at"]
    assert (await one.do(f"POST {iris}/note", "Relationship", by="otto", comment="kind"))["note"] == "kind"
    assert (await one.do(f"POST {iris}/endorse", "Relationship", by="otto"))["endorsed"]
    assert len(await one.do(f"GET {V1}/endorsements", "Account", by="otto", listed=True)) == 1
    assert (await one.do(f"POST {uma}/block", "Relationship", by="iris"))["blocking"]
    assert len(await one.do(f"GET {V1}/blocks", "Account", by="iris", listed=True)) == 1
    ids = {"id[]": [one.ids["iris"], one.ids["uma"]]}
    assert len(await one.do(f"GET {V1}/accounts/relationships", "Relationship", by="otto", listed=True, **ids)) == 2
    await one.do(f"GET {V1}/accounts/familiar_followers", "FamiliarFollowers", by="otto", listed=True, **ids)
    assert (await one.do(f"GET {V1}/accounts/lookup", "Account", acct="IRIS"))["acct"] == "iris"
    await one.do(f"GET {V1}/accounts/lookup", code=404, acct="iris@elsewhere.example")
    assert await one.do(f"GET {V1}/accounts/search", "Account", by="otto", listed=True, q="ir")
    assert (await one.do(f"POST {V1}/tags/Birds/follow", "Tag", by="otto"))["following"]
    assert len(await one.do(f"GET {V1}/followed_tags", "Tag", by="otto", listed=True)) == 1
    await one.do(f"GET {V1}/tags/a b", code=404)
    assert (await one.do("GET /api/v2/search", "Search", q="iri"))["accounts"]


async def walk_of_notifications(one):
    wrote = await one.do(f"POST {V1}/statuses", "Status", by="iris", status="Hello @otto")
    await one.do(f"POST {V1}/statuses/{wrote['id']}/favourite", "Status", by="otto")
    every, grouped = f"{V1}/notifications", "/api/v2/notifications"
    found = await one.do(f"GET {every}", "Notification", by="iris", listed=True)
    assert [each["type"] for each in found] == ["favourite", "follow"]
    for expansion in ("full", "partial_avatars"):
        groups = await one.do(f"GET {grouped}", "GroupedNotificationsResults", by="iris", expand_accounts=expansion)
    key = groups["notification_groups"][0]["group_key"]
    await one.do(f"GET {grouped}/{key}", "GroupedNotificationsResults", by="iris")
    assert len(await one.do(f"GET {grouped}/{key}/accounts", "Account", by="iris", listed=True)) == 1
    await one.do(f"GET {every}/{found[0]['id']}", "Notification", by="iris")
    await one.do(f"GET {every}/{found[0]['id']}", by="uma", code=404)
    assert (await one.do(f"GET {every}/unread_count", "CountResponse", by="iris"))["count"] == 2
    await one.do(f"POST {V1}/markers", by="iris", notifications={"last_read_id": found[0]["id"]})
    read = await one.do(f"GET {V1}/markers", by="iris", **{"timeline[]": ["home", "notifications"]})
    assert {name: marker["last_read_id"] for name, marker in read.items()} == {"notifications": found[0]["id"]}
    assert (await one.do(f"GET {grouped}/unread_count", "CountResponse", by="iris"))["count"] == 0
    await one.do(f"POST {every}/{found[0]['id']}/dismiss", by="iris")
    assert len(await one.do(f"GET {every}", "Notification", by="iris", listed=True)) == 1
    await one.do(f"POST {every}/clear", by="iris")
    assert await one.do(f"GET {every}", by="iris") == []
    await one.do(f"GET {grouped}/policy", "NotificationPolicy", by="iris")
    await one.do(f"PATCH {grouped}/policy", by="iris", code=422, for_new_accounts="drop")


async def walk_of_odd_requests(one):
    chance = random.Random(SEED)
    words = (*ODD, *one.ids.values())
    for _ in range(ODD_REQUESTS):
        route = chance.choice(one.table)
        path = re.sub(r"\{\w+\}", lambda _: chance.choice(words), route.path)
        sent = [(chance.choice(NAMES), chance.choice(words)) for _ in range(chance.randint(0, 4))]
        headers = {"Authorization": f"Bearer {chance.choice(list(one.tokens.values()))}"}
        query, body = urlencode(sent).encode(), b""
        if route.method != "GET":
            query, body, headers["Content-Type"] = b"", query, "application/x-www-form-urlencoded"
            if chance.random() < 0.5:
                shapes = [lambda v: [v], lambda v: {"a": v}, lambda _: 1, lambda _: None, lambda _: True, lambda _: 1.5]
                tree = {name.split("[")[0]: chance.choice(shapes)(value) for name, value in sent}
                body, headers["Content-Type"] = json.dumps(tree).encode(), "application/json"
        reply = await asked(one.door, route.method, path, query=query, headers=headers, chunks=[body])
        assert reply.status < 500, f"seed {SEED}: {route.method} {path!r} {query!r} {body!r}: {reply.body!r}"
        assert reply.status < 400 or reply.json["error"]


@pytest.mark.parametrize("walk", [walk_of_a_post, walk_among_people, walk_of_notifications])
def test_every_answer_on_a_walk_fits_mastodons_description(tmp_path, walk):
    within(tmp_path, walk)


def test_no_odd_id_parameter_or_body_is_ever_a_server_error(tmp_path):
    within(tmp_path, walk_of_odd_requests)
