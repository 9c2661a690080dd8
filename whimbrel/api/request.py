"""One request, as every handler sees it: what was sent, and who sent it.

Made once per request and passed on; nothing is parsed before somebody asks for it, since most reads need neither
query nor body.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from whimbrel.api.bodies import Tree, body_tree, query_tree
from whimbrel.api.errors import Compressed
from whimbrel.api.intake import Intake, Share, gathered
from whimbrel.api.parameters import Parameters
from whimbrel.kernel.errors import BadRequest, NotFound, TooLarge, TooSlow
from whimbrel.kernel.ids import parse_id
from whimbrel.kernel.limits import BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_SECONDS_MAX, PATH_TEXT_CHARACTERS_MAX
from whimbrel.microblog.accounts.values import Account, Session
from whimbrel.microblog.front import Microblog
from whimbrel.microblog.graph.reader import Reader

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_intake: Final = Intake(BODIES_BYTES_MAX)
"""Of this process: whoever sends, and to which handler, it is the same memory."""

_NEVER_IN_PATHS: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffd]")

_COMPRESSIONS: Final = frozenset((b"gzip", b"x-gzip", b"deflate", b"br", b"zstd", b"compress"))
"""Any other Content-Encoding is passed over: there are programs that name a charset there."""

_SELDOM: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that seldom come with a body."""


class Request:
    """What was sent and who sent it.

    `account`, `session` and `viewer` are None for an anonymous request; on routes with auth="user" they never are,
    and `reader` and `owner` give them without the None. `captured` holds the path's own parts.
    """

    __slots__ = (
        "_body",
        "_parameters",
        "_receive",
        "_share",
        "account",
        "captured",
        "client_address",
        "headers",
        "id",
        "method",
        "microblog",
        "path",
        "query",
        "scope",
        "session",
        "viewer",
    )

    def __init__(self, scope: Scope, receive: Receive, microblog: Microblog) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.microblog = microblog
        self.captured: dict[str, str] = {}
        self.id = ""
        self.client_address = ""
        self.session: Session | None = None
        self.account: Account | None = None
        self.viewer: Reader | None = None
        self._receive = receive
        self._body: bytes | None = None
        self._share: Share | None = None
        self._parameters: Parameters | None = None

    @property
    def reader(self) -> Reader:
        """The signed-in account's side of the graph; only on routes that ask for a user."""
        assert self.viewer is not None
        return self.viewer

    @property
    def owner(self) -> Account:
        """The signed-in account; only on routes that ask for a user."""
        assert self.account is not None
        return self.account

    @property
    def parameters(self) -> Parameters:
        """Query and body as one tree; where both have a name, the body's wins."""
        if self._parameters is None:
            values: Tree = query_tree(self.query) if self.query else {}
            if self._body:
                content_type = self.headers.get(b"content-type", b"").decode("latin-1")
                values.update(body_tree(self._body, content_type))
            self._parameters = Parameters(values)
        return self._parameters

    @property
    def body(self) -> bytes:
        """The body as it came; empty before it was read."""
        return self._body or b""

    def header(self, name: bytes) -> str | None:
        """A header by its name in lower case."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def path_id(self, name: str = "id") -> int:
        """An id out of the path; what is no id names nothing that exists."""
        found = parse_id(self.captured[name])
        if found is None:
            raise NotFound
        return found

    def path_text(self, name: str) -> str:
        """A text out of the path; what no text may be (controls, broken UTF-8, too long) names nothing that exists."""
        text = self.captured[name]
        if len(text) > PATH_TEXT_CHARACTERS_MAX or _NEVER_IN_PATHS.search(text):
            raise NotFound
        return text

    @property
    def may_have_body(self) -> bool:
        """Whether a body may be coming. Some apps send the parameters of a GET in one, so that it counts there too."""
        headers = self.headers
        return self.method not in _SELDOM or b"content-length" in headers or b"transfer-encoding" in headers

    async def read_body(self) -> None:
        """Read the body, once.

        Raises TooLarge before anything beyond the limit is taken in, TooMuchAtOnce when the bodies of all requests
        hold as much as they may, Compressed, TooSlow, BadRequest.
        """
        if self._body is not None or not self.may_have_body:
            return
        if (coding := self.headers.get(b"content-encoding", b"").lower()) in _COMPRESSIONS:
            raise Compressed(f"The body is compressed ({coding.decode()}): send it as it is")
        length = self.headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 15:
            raise BadRequest("Content-Length must be a number of bytes")
        if int(length) > BODY_BYTES_MAX:
            raise TooLarge(f"The body is larger than {BODY_BYTES_MAX} bytes")
        share = _intake.share()
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                self._body = await gathered(self._receive, share, bytes_max=BODY_BYTES_MAX)
            self._share = share  # for as long as there is this request
        except TimeoutError:
            raise TooSlow(f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds") from None
        finally:
            if self._body is None:  # a traceback may keep the share for a while
                share.end()
