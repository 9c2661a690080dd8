"""granian inside a process of ours, on a socket that is listening already.

granian as a program of its own has a parent process that starts workers; ours has children of its own already, which
share the socket that the supervisor listens on. So its embedded server is used, and handed that socket.

A connection that has not brought a whole head within HEAD_SECONDS_MAX, or brings no further one, is closed. It gets no
408: the HTTP library beneath granian has none for this. HTTP/2 is spoken behind a certificate only, where browsers ask
for it: to tell the versions apart granian waits for the first bytes without a deadline, so that anybody could hold
connections by saying nothing.

granian counts connections, not requests, and has the rest wait unanswered; as many as may wait to be let in are far too
few, for a browser keeps its connection after it has its page. So a process takes CONNECTIONS_MAX, at 3 kB each, as far
as its open files allow, whose soft limit it raises to the hard one.
"""

import resource
from typing import Any, Final

from granian._granian import SocketHolder
from granian.constants import HTTPModes
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server.embed import Server

from whimbrel.kernel.limits import (
    CONNECTIONS_MAX,
    FILES_BESIDE_CONNECTIONS,
    HEAD_SECONDS_MAX,
    HTTP2_HEAD_BYTES_MAX,
    HTTP2_PING_SECONDS,
    LISTEN_BACKLOG,
)

_QUIET: Final = {"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}}


class InheritedSocketServer(Server):
    """granian's embedded server on a listening socket, by its descriptor. `options` are granian's own."""

    def __init__(self, listen_handle: int, **options: Any) -> None:
        usual = {
            "http": HTTPModes.http1 if options.get("ssl_cert") is None else HTTPModes.auto,
            "http1_settings": HTTP1Settings(header_read_timeout=round(HEAD_SECONDS_MAX * 1_000)),
            "http2_settings": HTTP2Settings(
                keep_alive_interval=round(HTTP2_PING_SECONDS * 1_000), max_headers_size=HTTP2_HEAD_BYTES_MAX
            ),
            # Below the level of an error it tells its own story of starting and stopping.
            "log_level": LogLevels.error,
            "log_dictconfig": dict(_QUIET),
        }
        super().__init__(backlog=LISTEN_BACKLOG, backpressure=connections_max(), **{**usual, **options})
        self._listen_handle = listen_handle

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder  # granian's stub says that it takes nothing
        self.__dict__.update(_ssp=None, _sfd=self._listen_handle, _shd=holder(self._listen_handle, False, self.backlog))


def connections_max() -> int:
    """How many connections this process can have at once, after it has been given all the files that it may open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    room = CONNECTIONS_MAX if most == resource.RLIM_INFINITY else most - FILES_BESIDE_CONNECTIONS
    return max(1, min(CONNECTIONS_MAX, room))
