"""What this server is: the instance documents that every app reads first, and the lists beside them.

They say what is there and nothing else: no media, polls or translation until those exist. Zeroes
and empty lists are shaped as apps expect them, because many read a limit before they ask whether there is one.
"""

from typing import Any, Final

import msgspec

from whimbrel import __version__
from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.languages import LANGUAGES
from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.api.times import moment
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.limits import (
    DISPLAY_NAME_CHARACTERS_MAX,
    FIELD_CHARACTERS_MAX,
    FIELDS_PER_PROFILE_MAX,
    NOTE_CHARACTERS_MAX,
    PINS_MAX,
    URL_CHARACTERS,
)
from whimbrel.microblog.census import Census, Count
from whimbrel.microblog.options import Options

VERSION: Final = f"4.6.0 (compatible; Whimbrel {__version__})"
"""Apps parse the front of it to learn which endpoints to try."""

API_VERSION: Final = 2
"""Mastodon's API version up to which everything is here: 2 brought grouped notifications; 3 and later did not come."""

_NOBODY: Final = Count(0, 0, 0, 0)
_CACHE: Final = b"public, max-age=60"
_OUR_LANGUAGES: Final = ["en"]
"""The languages of this server's own words."""


class InstanceDocuments:
    """The handlers. `read_ms` is when the operator's words were read: the start of this process."""

    def __init__(self, *, census: Census, options: Options, read_ms: int) -> None:
        self._census, self._options, self._read_ms = census, options, read_ms
        self._addresses = Addresses(options.public_url)

    def routes(self) -> tuple[Route, ...]:
        """Their lines of the route table."""
        return (
            Route("GET", "/api/v2/instance", self.instance),
            Route("GET", "/api/v1/instance", self.instance_v1),
            Route("GET", "/api/v1/instance/activity", self.activity),
            Route("GET", "/api/v1/instance/extended_description", self.extended_description),
            Route("GET", "/api/v1/instance/languages", self.languages),
            Route("GET", "/api/v1/instance/privacy_policy", self.no_document),
            Route("GET", "/api/v1/instance/terms_of_service", self.no_document),
            Route("GET", "/api/v1/instance/terms_of_service/{date}", self.no_document),
        )

    async def instance(self, _: Request) -> Answer:
        """What this server is, its limits, and how many people used it this month."""
        options, count = self._options, await self._census.count() or _NOBODY
        return _public(
            {
                "domain": domain(options),
                "title": options.title,
                "version": VERSION,
                "source_url": options.public_url,
                "description": options.description,
                "usage": {"users": {"active_month": count.active_month}},
                "thumbnail": {"url": self._addresses.header, "blurhash": None, "versions": {}},
                "icon": [],
                "languages": _OUR_LANGUAGES,
                "configuration": _configuration(options),
                "registrations": _registrations(options),
                "api_versions": {"mastodon": API_VERSION},
                "contact": {"email": options.contact_email, "account": None},
                "rules": [],
            }
        )

    async def instance_v1(self, _: Request) -> Answer:
        """The same in the shape of Mastodon's first API."""
        options, count = self._options, await self._census.count() or _NOBODY
        configuration = _configuration(options)
        wanted = ("accounts", "statuses", "media_attachments", "polls")
        return _public(
            {
                "uri": domain(options),
                "title": options.title,
                "short_description": options.description,
                "description": options.description,
                "email": options.contact_email,
                "version": VERSION,
                "urls": {"streaming_api": options.streaming_url},
                "stats": {"user_count": count.people, "status_count": count.posts, "domain_count": 0},
                "thumbnail": self._addresses.header,
                "languages": _OUR_LANGUAGES,
                "registrations": options.registrations != "closed",
                "approval_required": options.registrations == "approval",
                "invites_enabled": False,
                "configuration": {name: configuration[name] for name in wanted},
                "contact_account": None,
                "rules": [],
            }
        )

    async def activity(self, _: Request) -> Answer:
        """Posts, sign-ins and sign-ups of the last twelve weeks, newest first."""
        return _public(
            [
                {
                    "week": str(week.begins_ms // 1000),
                    "statuses": str(week.posts),
                    "logins": str(week.sign_ins),
                    "registrations": str(week.sign_ups),
                }
                for week in await self._census.weeks()
            ]
        )

    async def extended_description(self, _: Request) -> Answer:
        """The operator's description, as a paragraph of HTML."""
        words = _escaped(self._options.description)
        return _public({"updated_at": moment(self._read_ms), "content": f"<p>{words}</p>" if words else ""})

    async def languages(self, _: Request) -> Answer:
        """The languages in which people may say that they post."""
        return _public([{"code": code, "name": name} for code, name in LANGUAGES.items()])

    async def no_document(self, _: Request) -> Answer:
        """A document that the operator has not written."""
        raise NotFound


def domain(options: Options) -> str:
    """The server's name in addresses such as @somebody@host: the public URL's host, with a port that is not usual."""
    return options.public_url.partition("://")[2]


def _registrations(options: Options) -> dict[str, Any]:
    return {
        "enabled": options.registrations != "closed",
        "approval_required": options.registrations == "approval",
        "reason_required": options.registrations == "approval",
        "message": None,
        "min_age": None,
        "url": None,
    }


def _configuration(options: Options) -> dict[str, Any]:
    return {
        "urls": {
            "streaming": options.streaming_url,
            **({"status": options.status_url} if options.status_url else {}),
            "about": options.public_url,
            "privacy_policy": None,
            "terms_of_service": None,
        },
        "vapid": {"public_key": ""},
        "accounts": {
            "max_featured_tags": 0,
            "max_pinned_statuses": PINS_MAX,
            "max_display_name_length": DISPLAY_NAME_CHARACTERS_MAX,
            "max_note_length": NOTE_CHARACTERS_MAX,
            "max_profile_fields": FIELDS_PER_PROFILE_MAX,
            "profile_field_name_limit": FIELD_CHARACTERS_MAX,
            "profile_field_value_limit": FIELD_CHARACTERS_MAX,
        },
        "statuses": {
            "max_characters": options.post_characters_max,
            "max_media_attachments": 0,
            "characters_reserved_per_url": URL_CHARACTERS,
        },
        "media_attachments": {
            "supported_mime_types": [],
            "description_limit": 0,
            "image_size_limit": 0,
            "image_matrix_limit": 0,
            "video_size_limit": 0,
            "video_frame_rate_limit": 0,
            "video_matrix_limit": 0,
        },
        "polls": {"max_options": 0, "max_characters_per_option": 0, "min_expiration": 0, "max_expiration": 0},
        "translation": {"enabled": False},
        "limited_federation": True,
    }


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _public(value: Any) -> Answer:
    return msgspec.structs.replace(json_answer(value), cache=_CACHE)
