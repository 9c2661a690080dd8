"""What lies between two accounts, and the verbs that change it (Mastodon docs: methods/accounts)."""

from typing import Final

from whimbrel.api.answers import NONE_OF_THEM, Answer, json_answer
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.mastodon.render.relationships import relationship
from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.api.router import Handler, Route
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import COMMENT_CHARACTERS_MAX, FOLLOW_LANGUAGES_MAX, IDS_PER_REQUEST_MAX
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings

_MUTE_SECONDS_MAX: Final = 100 * 366 * 86_400


class Relationships:
    """Relationships and the verbs under /api/v1/accounts/{id}. Each verb answers with the relationship after it."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""

        def verb(name: str, handler: Handler, scope: str, *budgets: str) -> Route:
            return Route("POST", f"/api/v1/accounts/{{id}}/{name}", handler, scope, "user", budgets=budgets)

        return (
            Route("GET", "/api/v1/accounts/relationships", self.relationships, "read:follows", "user"),
            Route("GET", "/api/v1/accounts/familiar_followers", self.familiar, "read:follows", "user"),
            verb("follow", self.follow, "write:follows", "follow"),
            verb("unfollow", self.unfollow, "write:follows"),
            verb("remove_from_followers", self.remove_follower, "write:follows"),
            verb("block", self.block, "write:blocks"),
            verb("unblock", self.unblock, "write:blocks"),
            verb("mute", self.mute, "write:mutes"),
            verb("unmute", self.unmute, "write:mutes"),
            verb("note", self.note, "write:accounts"),
            verb("pin", self.endorse, "write:accounts"),
            verb("unpin", self.unendorse, "write:accounts"),
            verb("endorse", self.endorse, "write:accounts"),
            verb("unendorse", self.unendorse, "write:accounts"),
        )

    async def relationships(self, request: Request) -> Answer:
        """What lies between the reader and each of some accounts, in their order."""
        ids = _ids(request)
        if not ids:
            return NONE_OF_THEM
        found = await request.microblog.graph.relationships(request.reader, ids)
        return json_answer([relationship(one) for one in found])

    async def familiar(self, request: Request) -> Answer:
        """For each of some accounts: whom the reader follows that follows it."""
        ids = _ids(request)
        found = await request.microblog.graph.familiar_followers(request.reader, ids) if ids else {}
        parts = [b'{"id":"%d","accounts":%s}' % (id_, self._render.accounts.many(found.get(id_, []))) for id_ in ids]
        return Answer(200, b"[" + b",".join(parts) + b"]")

    async def follow(self, request: Request) -> Answer:
        """Follow, or change how one follows: settings that were not sent stay as they are."""
        target = await request.microblog.accounts.get(request.path_id())
        reader = request.reader
        present = reader.follows.get(target.id) or reader.requested.get(target.id) or FollowSettings()
        await request.microblog.graph.follow(reader, target, settings=_follow_settings(request.parameters, present))
        return await self._between(request)

    async def unfollow(self, request: Request) -> Answer:
        """Follow no longer, or withdraw the request."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.unfollow(request.reader, target)
        return await self._between(request)

    async def remove_follower(self, request: Request) -> Answer:
        """Be followed by them no longer."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.remove_follower(request.reader, target)
        return await self._between(request)

    async def block(self, request: Request) -> Answer:
        """Neither sees the other any more."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.block(request.reader, target)
        return await self._between(request)

    async def unblock(self, request: Request) -> Answer:
        """They may see each other again."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.unblock(request.reader, target)
        return await self._between(request)

    async def mute(self, request: Request) -> Answer:
        """Not to be seen in one's timelines, for `duration` seconds or for ever."""
        target = await request.microblog.accounts.get(request.path_id())
        settings = _mute_settings(request.parameters, request.microblog.clock())
        await request.microblog.graph.mute(request.reader, target, settings=settings)
        return await self._between(request)

    async def unmute(self, request: Request) -> Answer:
        """To be seen in one's timelines again."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.unmute(request.reader, target)
        return await self._between(request)

    async def note(self, request: Request) -> Answer:
        """A private note about them; an empty one removes it."""
        comment = request.parameters.text("comment") or ""
        if len(comment) > COMMENT_CHARACTERS_MAX:
            raise Invalid(f"comment is longer than {COMMENT_CHARACTERS_MAX} characters")
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.write_note(request.reader, target, comment)
        return await self._between(request)

    async def endorse(self, request: Request) -> Answer:
        """Show them on one's profile."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.endorse(request.reader, target)
        return await self._between(request)

    async def unendorse(self, request: Request) -> Answer:
        """Show them on one's profile no longer."""
        target = await request.microblog.accounts.get(request.path_id())
        await request.microblog.graph.unendorse(request.reader, target)
        return await self._between(request)

    async def _between(self, request: Request) -> Answer:
        found = await request.microblog.graph.relationships(request.reader, [request.path_id()])
        return json_answer(relationship(found[0]))


def _ids(request: Request) -> list[int]:
    ids = request.parameters.ids("id")
    if len(ids) > IDS_PER_REQUEST_MAX:
        raise Invalid(f"At most {IDS_PER_REQUEST_MAX} ids can be asked for at once")
    return ids


def _follow_settings(sent: Parameters, present: FollowSettings) -> FollowSettings:
    reblogs, notify = sent.boolean("reblogs"), sent.boolean("notify")
    languages = tuple(dict.fromkeys(code for code in sent.texts("languages") if code))
    if len(languages) > FOLLOW_LANGUAGES_MAX or any(len(code) > 35 for code in languages):
        raise Invalid(f"languages may hold at most {FOLLOW_LANGUAGES_MAX} language codes")
    return FollowSettings(
        reblogs=present.reblogs if reblogs is None else reblogs,
        notify=present.notify if notify is None else notify,
        languages=languages if "languages" in sent else present.languages,
    )


def _mute_settings(sent: Parameters, now_ms: int) -> MuteSettings:
    notifications, seconds = sent.boolean("notifications"), sent.integer("duration") or 0
    if not 0 <= seconds <= _MUTE_SECONDS_MAX:
        raise Invalid(f"duration must be from 0 (for ever) to {_MUTE_SECONDS_MAX} seconds, not {seconds}")
    return MuteSettings(
        notifications=True if notifications is None else notifications,
        expires_ms=now_ms + seconds * 1000 if seconds else None,
    )
