"""How other programs find this server and the people on it: WebFinger, NodeInfo, host-meta, and a sign of life.

Local accounts only. What would promise federation (an ActivityPub link, a protocol in NodeInfo) is left out until
there is some.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from whimbrel import __version__
from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.instance import domain
from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import BadRequest, NotFound
from whimbrel.microblog.census import Census
from whimbrel.microblog.options import Options

_JRD: Final = b"application/jrd+json; charset=utf-8"
_XRD: Final = b"application/xrd+xml; charset=utf-8"
_TEXT: Final = b"text/plain; charset=utf-8"
_NODEINFO: Final = b'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.0#"; charset=utf-8'
_CACHE: Final = b"public, max-age=600"


class WellKnown:
    """The handlers."""

    def __init__(self, *, census: Census, options: Options) -> None:
        self._census, self._options = census, options
        self._addresses = Addresses(options.public_url)

    def routes(self) -> tuple[Route, ...]:
        """Their lines of the route table."""
        return (
            Route("GET", "/.well-known/webfinger", self.webfinger),
            Route("GET", "/.well-known/host-meta", self.host_meta),
            Route("GET", "/.well-known/nodeinfo", self.nodeinfo_links),
            Route("GET", "/nodeinfo/2.0", self.nodeinfo),
            Route("GET", "/health", self.health),
        )

    async def webfinger(self, request: Request) -> Answer:
        """Who is behind an address such as acct:somebody@host (RFC 7033)."""
        resource = request.parameters.text("resource")
        if not resource:
            raise BadRequest("WebFinger needs a resource, such as acct:somebody@" + domain(self._options))
        name = self._name_in(resource)
        account = await request.microblog.accounts.by_name(name) if name else None
        if account is None or account.state in ("unconfirmed", "pending"):
            raise NotFound
        page = self._addresses.account(account.name)
        found = {
            "subject": f"acct:{account.name}@{domain(self._options)}",
            "aliases": [page, self._addresses.account_uri(account.name)],
            "links": [{"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": page}],
        }
        return _kept(found, _JRD)

    async def host_meta(self, _: Request) -> Answer:
        """Where WebFinger is (RFC 6415)."""
        template = f"{self._options.public_url}/.well-known/webfinger?resource={{uri}}"
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
            f'  <Link rel="lrdd" template="{template}"/>\n'
            "</XRD>\n"
        )
        return Answer(200, text.encode(), content_type=_XRD, cache=_CACHE)

    async def nodeinfo_links(self, _: Request) -> Answer:
        """Where NodeInfo is."""
        link = {
            "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
            "href": f"{self._options.public_url}/nodeinfo/2.0",
        }
        return _kept({"links": [link]})

    async def nodeinfo(self, _: Request) -> Answer:
        """What software runs here and how many people use it (NodeInfo 2.0); no counts while they are not known."""
        count = await self._census.count()
        users = (
            {"total": count.people, "activeMonth": count.active_month, "activeHalfyear": count.active_half_year}
            if count
            else {}
        )
        document = {
            "version": "2.0",
            "software": {"name": "whimbrel", "version": __version__},
            "protocols": [],
            "services": {"inbound": [], "outbound": []},
            "openRegistrations": self._options.registrations != "closed",
            "usage": {"users": users, **({"localPosts": count.posts} if count else {})},
            "metadata": {
                "nodeName": self._options.title,
                "nodeDescription": self._options.description,
                # Apps on the megalodon library look here for whose API a server speaks that they do not know by name.
                "upstream": {"name": "mastodon"},
            },
        }
        return _kept(document, _NODEINFO)

    async def health(self, _: Request) -> Answer:
        """That this process answers; /readyz says how each part is."""
        return Answer(200, b"OK", content_type=_TEXT)

    def _name_in(self, resource: str) -> str | None:
        if resource.startswith("acct:"):
            name, _, host = resource.removeprefix("acct:").removeprefix("@").partition("@")
            return name if host.lower() == domain(self._options).lower() else None
        return _name_in_address(resource, self._options.public_url)


def _name_in_address(address: str, public_url: str) -> str | None:
    path = address.removeprefix(public_url) if address.startswith(public_url + "/") else ""
    try:
        parts = urlsplit(path).path.split("/")
    except ValueError:
        return None
    if len(parts) == 2 and parts[1].startswith("@"):
        return parts[1].removeprefix("@")
    return parts[2] if len(parts) == 3 and parts[1] == "users" else None


def _kept(value: Any, content_type: bytes = b"application/json; charset=utf-8") -> Answer:
    return Answer(200, json_answer(value).body, content_type=content_type, cache=_CACHE)
