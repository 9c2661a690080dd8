"""Whatever people do to each other: what was heard is what a reload shows, and nothing that it shows was not heard."""

import random

import pytest

from tests.streaming.people import people

STEPS = 60


class Town:
    """A few people who do things at random, from a seed."""

    def __init__(self, persons, seed):
        self.persons, self.chance = persons, random.Random(seed)
        self.posts = []
        self.gone = set()
        self.edits = 0

    def act(self):
        """One of them does something; returns the ids of what is new, of what was changed, and of what is gone."""
        one, other = self.chance.sample(self.persons, 2)
        deeds = (
            [self.write] * 8
            + [self.answer, self.reblog, self.favourite] * 3
            + [self.edit, self.delete, self.follow, self.unfollow, self.mute, self.unmute]
            + [self.block, self.unblock, self.quiet, self.unfavourite]
        )
        new, changed, gone = self.chance.choice(deeds)(one, other) or ((), (), ())
        return set(new), set(changed), set(gone)

    def write(self, one, other):
        visibility = self.chance.choice(["public", "public", "unlisted", "private", "direct"])
        words = self.chance.choice(["Rain again", f"@{other.name} hello", "#tides are high", f"@{other.name} #tides"])
        post = one.post(words, visibility=visibility)
        self.posts.append((one, post))
        return (post["id"],), (), ()

    def answer(self, one, other):
        post = self.pick(other)
        if post:
            reply = self.try_do(
                one, "/api/v1/statuses", {"status": f"@{other.name} quite", "in_reply_to_id": post["id"]}
            )
            if reply:
                self.posts.append((one, reply))
                return (reply["id"],), (), ()
        return None

    def reblog(self, one, other):
        post = self.pick(other)
        if post:
            reblog = self.try_do(one, f"/api/v1/statuses/{post['id']}/reblog")
            return ((reblog["id"],), (), ()) if reblog else None
        return None

    def favourite(self, one, other):
        post = self.pick(other)
        if post:
            self.try_do(one, f"/api/v1/statuses/{post['id']}/favourite")

    def unfavourite(self, one, other):
        post = self.pick(other)
        if post:
            self.try_do(one, f"/api/v1/statuses/{post['id']}/unfavourite")

    def edit(self, one, other):
        post = self.pick(one)
        if post:
            self.edits += 1
            one.edit(post, f"@{other.name} on second thought, {self.edits}")
            return (), (post["id"],), ()
        return None

    def delete(self, one, _other):
        post = self.pick(one)
        if post:
            one.delete(post)
            self.gone.add(post["id"])
            return (), (), (post["id"],)
        return None

    def quiet(self, one, other):
        post = self.pick(self.chance.choice([one, other]))
        if post:
            self.try_do(one, f"/api/v1/statuses/{post['id']}/mute")

    def follow(self, one, other):
        settings = {"reblogs": self.chance.random() < 0.7, "notify": self.chance.random() < 0.3}
        self.try_do(one, f"/api/v1/accounts/{other.id}/follow", settings)

    def unfollow(self, one, other):
        one.do(f"/api/v1/accounts/{other.id}/unfollow")

    def mute(self, one, other):
        one.mute(other, notifications=self.chance.random() < 0.5)

    def unmute(self, one, other):
        one.do(f"/api/v1/accounts/{other.id}/unmute")

    def block(self, one, other):
        if self.chance.random() < 0.5:
            one.block(other)

    def unblock(self, one, other):
        one.do(f"/api/v1/accounts/{other.id}/unblock")

    def pick(self, author):
        mine = [post for by, post in self.posts if by is author and post["id"] not in self.gone]
        return self.chance.choice(mine) if mine else None

    @staticmethod
    def try_do(one, path, body=None):
        reply = one.client.post(path, body)
        assert reply.status in (200, 403, 404, 422), reply
        return reply.json if reply.status == 200 else None


class Page:
    """What one person's reloads have shown, step by step."""

    def __init__(self, one):
        self.from_before = {notification["id"] for notification in one.notifications()}
        self.updates = set()
        self.edits = []
        self.deletions = set()
        self.told = {}
        self.before = set()

    def look(self, one, happened, changed, gone):
        """Reload, right after something has happened: `happened` is a new post or reblog, `changed` an edited one."""
        home = {post["id"] for post in one.home()}
        self.updates |= home & happened
        self.edits += sorted(home & changed)
        self.deletions |= self.before & gone
        self.before = home
        for notification in one.notifications():
            if notification["id"] not in self.from_before:
                self.told.setdefault(notification["id"], notification)


@pytest.mark.parametrize("seed", [3, 14])
def test_what_was_heard_is_what_a_reload_shows(server, streaming, seed):
    persons = people(server, [f"town{seed}x{number}" for number in range(4)])
    for number, one in enumerate(persons):
        for other in persons[: number + 1]:
            if other is not one:
                one.follow(other)
    persons[0].do("/api/v1/tags/tides/follow")
    readers = {one: streaming.event_source("user", one.token) for one in persons}
    server.settle()
    pages = {one: Page(one) for one in persons}
    town = Town(persons, seed)
    for _ in range(STEPS):
        happened, changed, gone = town.act()
        server.settle()
        for one in persons:
            pages[one].look(one, happened, changed, gone)
    last = {one: one.post("The end", visibility="private")["id"] for one in persons}
    for one in persons:
        reader, page = readers[one], pages[one]
        reader.await_heard("update", lambda payload, id_=last[one]: payload["id"] == id_)
        check_home(seed, reader, page, set(last.values()))
        check_notifications(seed, reader, page.told, set(last.values()))
        reader.close()
        one.client.close()


def check_home(seed, reader, page, last):
    heard = {message.payload["id"] for message in reader.heard if message.event == "update"} - last
    assert heard == page.updates, f"seed {seed}"
    edits = [message.payload["id"] for message in reader.heard if message.event == "status.update"]
    assert sorted(edits) == sorted(page.edits), f"seed {seed}"
    gone = {str(message.payload) for message in reader.heard if message.event == "delete"}
    assert page.deletions <= gone, f"seed {seed}"


def check_notifications(seed, reader, told, last):
    heard = {one.payload["id"]: one.payload for one in reader.heard if one.event == "notification"}
    heard = {id_: one for id_, one in heard.items() if facts(one)[-1] not in last}
    assert {id_: facts(one) for id_, one in heard.items()} == {id_: facts(one) for id_, one in told.items()}, seed


def facts(one):
    about = (one.get("status") or {}).get("id")
    return [one["type"], one["created_at"], one["group_key"], one["account"]["id"], about]
