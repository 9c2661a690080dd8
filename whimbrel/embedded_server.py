"""granian inside a process of ours, on a socket that is listening already.

granian as a program of its own has a parent process that starts workers; ours has children of its own already, which
share the socket that the supervisor listens on. So its embedded server is used, and handed that socket.
"""

from typing import Any, Final

from granian._granian import SocketHolder
from granian.log import LogLevels
from granian.server.embed import Server

from whimbrel.kernel.limits import LISTEN_BACKLOG

_QUIET: Final = {"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}}


class InheritedSocketServer(Server):
    """granian's embedded server on a listening socket, by its descriptor. `options` are granian's own."""

    def __init__(self, listen_handle: int, **options: Any) -> None:
        # Below the level of an error it tells its own story of starting and stopping.
        super().__init__(backlog=LISTEN_BACKLOG, log_level=LogLevels.error, log_dictconfig=dict(_QUIET), **options)
        self._listen_handle = listen_handle

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder  # granian's stub says that it takes nothing
        self.__dict__.update(_ssp=None, _sfd=self._listen_handle, _shd=holder(self._listen_handle, False, self.backlog))
