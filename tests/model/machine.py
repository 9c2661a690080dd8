"""Random people doing random things, to a product and to a world at once; after each step some answers must agree.

A number picks a person or a post, counted from the newest, so that shrinking leads to few people and recent posts.
"""

import sys
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.model.agreement import Agreement
from tests.model.world import Follow, Post, World
from tests.support.serving import eventually

PEOPLE = 4
TAGS = (0, 1)
LANGUAGES = ("en", "de")
FOLLOWED_UP_SECONDS = 15.0

person = st.integers(0, PEOPLE - 1)
some_post = st.integers(0, 30)
named = st.lists(person, max_size=2)
tags = st.lists(st.sampled_from(TAGS), max_size=2)
language = st.sampled_from(LANGUAGES)
visibility = st.sampled_from(("public", "public", "public", "unlisted", "private", "direct"))


class Microblogging(RuleBasedStateMachine):
    """One example: fresh people on a product that other examples have used before."""

    door: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.tokens = self.door.people(PEOPLE)
        self.names = list(self.tokens)
        self.world = World(self.names)
        me = "/api/v1/accounts/verify_credentials"
        self.ids = {name: self._asked(name, "GET", me).json["id"] for name in self.names}
        self.agreement = Agreement(self.door, self.world, self.tokens, self.ids)
        self.tags = [f"{tag}{self.names[0]}" for tag in ("birds", "sea")]
        self.words = 0

    # Posts

    @initialize(edges=st.lists(st.tuples(person, person), max_size=6))
    def some_follow_each_other(self, edges):
        for who, whom in edges:
            self.follow(who, whom, reblogs=True, notify=False, languages=[])

    @rule(who=person, named=named, tags=tags, language=language, visibility=visibility)
    def publish(self, who, named, tags, language, visibility):
        self._publish(who, None, named, tags, language, visibility)

    @precondition(lambda self: self.world.posts)
    @rule(who=person, to=some_post, named=named, tags=tags, language=language, visibility=visibility)
    def answer(self, who, to, named, tags, language, visibility):
        self._publish(who, self._post(to), named, tags, language, visibility)

    def _publish(self, who, answered, named, tags, language, visibility):
        author = self.names[who]
        text, word, people, tags = self._text(named, tags)
        sent = {"status": text, "visibility": visibility, "language": language}
        if answered is not None:
            sent["in_reply_to_id"] = str(answered.id)
        expected = 401 if author in self.world.gone else self.world.can_publish(author, answered)
        reply = self._did(author, "POST", "/api/v1/statuses", expected, sent)
        if expected == 200:
            id_ = int(reply.json["id"])
            assert all(id_ > post.id for post in self.world.posts), "ids grow"
            post = Post(id_, author, visibility, word, people, tags, language)
            self.world.publish(post, answered)
        self._look(who)

    @precondition(lambda self: self.world.posts)
    @rule(which=some_post, by_author=st.integers(0, 9), who=person, named=named, tags=tags, language=language)
    def edit(self, which, by_author, who, named, tags, language):
        post = self._post(which)
        editor = post.author if by_author else self.names[who]
        if editor in self.world.gone:
            return
        text, word, people, tags = self._text(named, tags)
        expected = self.world.can_edit(editor, post)
        sent = {"status": text, "language": language}
        self._did(editor, "PUT", f"/api/v1/statuses/{post.id}", expected, sent)
        if expected == 200:
            self.world.edit(post, word=word, named=people, tags=tags, language=language)
        self._look(who)

    @precondition(lambda self: self.world.posts)
    @rule(which=some_post, by_author=st.integers(0, 4), who=person)
    def delete(self, which, by_author, who):
        post = self._post(which)
        deleting = post.author if by_author else self.names[who]
        self._do(deleting, "DELETE", post, "", lambda: self.world.delete(deleting, post))
        self._followed_up()
        self._look(who)

    @precondition(lambda self: self.world.posts)
    @rule(who=person, which=some_post, visibility=st.sampled_from(("public", "public", "unlisted", "private")))
    def reblog(self, who, which, visibility):
        name, post = self.names[who], self._post(which)
        if name in self.world.gone:
            return
        expected = self.world.can_reblog(name, post)
        path = f"/api/v1/statuses/{post.id}/reblog"
        reply = self._did(name, "POST", path, expected, {"visibility": visibility})
        if expected == 200:
            self.world.reblog(name, post, id_=int(reply.json["id"]), visibility=visibility)
        self._look(who)

    @precondition(lambda self: self.world.posts)
    @rule(who=person, which=some_post)
    def unreblog(self, who, which):
        name, post = self.names[who], self._post(which)
        self._do(name, "POST", post, "unreblog", lambda: self.world.unreblog(name, post))
        self._look(who)

    @precondition(lambda self: self.world.posts)
    @rule(who=person, which=some_post, undo=st.integers(0, 3), by_author=st.integers(0, 4))
    def pin(self, who, which, undo, by_author):
        post = self._post(which)
        name = post.author if by_author else self.names[who]
        verb = (lambda: self.world.pin(name, post)) if undo else (lambda: self.world.unpin(name, post))
        self._do(name, "POST", post, "pin" if undo else "unpin", verb)

    # What people do with posts

    @precondition(lambda self: self.world.posts)
    @rule(who=person, which=some_post, undo=st.integers(0, 3))
    def favourite(self, who, which, undo):
        name, post = self.names[who], self._post(which)
        verb = (lambda: self.world.favourite(name, post)) if undo else (lambda: self.world.unfavourite(name, post))
        self._do(name, "POST", post, "favourite" if undo else "unfavourite", verb)
        self._look(who)

    @precondition(lambda self: self.world.posts)
    @rule(who=person, which=some_post, keep=st.booleans())
    def bookmark(self, who, which, keep):
        name, post = self.names[who], self._post(which)
        verb = "bookmark" if keep else "unbookmark"
        self._do(name, "POST", post, verb, lambda: self.world.bookmark(name, post, keep=keep))

    @precondition(lambda self: self.world.posts)
    @rule(who=person, which=some_post, quiet=st.booleans())
    def mute_thread(self, who, which, quiet):
        name, post = self.names[who], self._post(which)
        verb = "mute" if quiet else "unmute"
        self._do(name, "POST", post, verb, lambda: self.world.mute_thread(name, post, quiet=quiet))

    # People

    @rule(
        who=person,
        whom=person,
        reblogs=st.booleans(),
        notify=st.booleans(),
        languages=st.lists(st.sampled_from(LANGUAGES), max_size=1),
    )
    def follow(self, who, whom, reblogs, notify, languages):
        settings = Follow(reblogs, notify, tuple(languages))
        sent = {"reblogs": reblogs, "notify": notify, "languages": languages}
        self._to(who, whom, "follow", self.world.follow, settings, sent=sent)

    @rule(who=person, whom=person)
    def unfollow(self, who, whom):
        if who != whom:
            self._to(who, whom, "unfollow", self.world.unfollow)

    @rule(who=person, locked=st.booleans())
    def lock(self, who, locked):
        name = self.names[who]
        if name in self.world.gone:
            return
        self._did(name, "PATCH", "/api/v1/accounts/update_credentials", 200, {"locked": locked})
        (self.world.lock if locked else self.world.unlock)(name)
        self._followed_up()
        self._look(who)

    @rule(who=person, asking=person, accept=st.booleans())
    def answer_request(self, who, asking, accept):
        asked = [pair for pair in self.world.requests if pair[1] == self.names[who]]
        name, other = (self.names[who], asked[0][0]) if asked else (self.names[who], self.names[asking])
        if {name, other} & self.world.gone or name == other:
            return
        verb = self.world.accept if accept else self.world.reject
        path = f"/api/v1/follow_requests/{self.ids[other]}/{'authorize' if accept else 'reject'}"
        self._did(name, "POST", path, verb(name, other))
        self._look(who)

    @rule(who=person, whom=person)
    def block(self, who, whom):
        self._to(who, whom, "block", self.world.block)

    @rule(who=person, whom=person)
    def unblock(self, who, whom):
        blocked = [pair for pair in self.world.blocks if pair[0] == self.names[who]]
        other = self.names.index(sorted(blocked)[0][1]) if blocked else whom
        if other != who:
            self._to(who, other, "unblock", self.world.unblock)

    @rule(who=person, whom=person, notifications=st.booleans())
    def mute(self, who, whom, notifications):
        def muting(name, other):
            return self.world.mute(name, other, notifications=notifications)

        self._to(who, whom, "mute", muting, sent={"notifications": notifications})

    @rule(who=person, whom=person)
    def unmute(self, who, whom):
        if who != whom:
            self._to(who, whom, "unmute", self.world.unmute)

    @rule(who=person, tag=st.sampled_from(TAGS), undo=st.integers(0, 3))
    def follow_tag(self, who, tag, undo):
        name, tag = self.names[who], self.tags[tag]
        if name in self.world.gone:
            return
        self._did(name, "POST", f"/api/v1/tags/{tag}/{'follow' if undo else 'unfollow'}", 200)
        (self.world.tags.add if undo else self.world.tags.discard)((name, tag))
        self._look(who)

    @rule(who=person, which=st.integers(0, 3))
    def dismiss(self, who, which):
        name = self.names[who]
        if name in self.world.gone:
            return
        found = self.agreement.get(name, "/api/v1/notifications", limit=80).json
        if which >= len(found):
            self._did(name, "POST", "/api/v1/notifications/1/dismiss", 404)
            return
        self.agreement.notifications(name)
        told = self._told_at(name, which)
        self._did(name, "POST", f"/api/v1/notifications/{found[which]['id']}/dismiss", 200)
        self.world.told[name] = [one for one in self.world.told[name] if one is not told]
        self.agreement.notifications(name)

    @rule(who=person)
    def clear(self, who):
        name = self.names[who]
        if name not in self.world.gone:
            self._did(name, "POST", "/api/v1/notifications/clear", 200)
            self.world.told.pop(name, None)
            self.agreement.notifications(name)

    # What happens to a server

    @precondition(lambda self: not self.world.gone and len(self.world.posts) > 3)
    @rule(who=person)
    def vanish(self, who):
        self.door.vanish(self.names[who])
        self.world.vanish(self.names[who])
        self._followed_up()

    @rule(data=st.data())
    def disturb(self, data):
        self.door.disturb(data.draw(st.sampled_from(self.door.DISTURBANCES)))

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None:
            return  # a step has failed: its failure is what is wanted, not another one after it
        self.door.settle()
        self.agreement.everything()

    # How

    def _post(self, number: int) -> Post:
        return self.world.posts[-1 - number % len(self.world.posts)]

    def _text(self, named: list[int], tags: list[int]) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        self.words += 1
        shown = tuple(self.tags[tag] for tag in tags)
        people = tuple(self.names[one] for one in named if self.names[one] not in self.world.gone)
        word = f"word{self.words}"
        return " ".join([word, *(f"@{one}" for one in people), *(f"#{tag}" for tag in shown)]), word, people, shown

    def _asked(self, name, method, path, body=None):
        return self.door.ask(self.tokens[name], method, path, body=body)

    def _did(self, name, method, path, expected, body=None):
        reply = self._asked(name, method, path, body)
        assert reply.status == expected, (name, method, path, body, reply)
        return reply

    def _do(self, name, method, post, verb, change):
        """One verb on a post, done to both."""
        if name not in self.world.gone:
            self._did(name, method, f"/api/v1/statuses/{post.id}/{verb}".rstrip("/"), change())

    def _to(self, who, whom, verb, change, *more, sent=None):
        """One verb on a person, done to both."""
        name, other = self.names[who], self.names[whom]
        if {name, other} & self.world.gone:
            return
        expected = change(name, other, *more)
        self._did(name, "POST", f"/api/v1/accounts/{self.ids[other]}/{verb}", expected, sent)
        self._look(who)

    def _look(self, who: int) -> None:
        """Somebody who has just done something looks around."""
        name = self.names[who]
        if name in self.world.gone:
            return
        other = self.names[(who + 1) % PEOPLE]
        self.agreement.home(name)
        if other not in self.world.gone:
            self.agreement.counters(other)
            self.agreement.notifications(other)
        if self.world.posts:
            self.agreement.thread(name, self._post(len(self.world.posts) // 2))

    def _followed_up(self) -> None:
        """What follows comes a moment later: reblogs of a deleted post, everything of a deleted account, the follows of
        those who waited for an account to be unlocked."""
        eventually(self.agreement.counters_agree, seconds=FOLLOWED_UP_SECONDS, what="what follows has been done")

    def _told_at(self, name, which):
        every = list(reversed(self.world.told[name]))
        from_sight = [
            one
            for one in every
            if not self.world.severed(name, one.sender)
            and (one.post is None or self.world.sees(name, self.world.post(one.post)))
        ]
        return from_sight[which]
