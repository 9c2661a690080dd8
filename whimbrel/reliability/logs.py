"""Logs as JSON lines on standard error, one event a line, with a limit on its size.

Every process of the server calls `log_as_json` once at its start. Standard library only, because the supervisor uses
it. What a line says beyond its message is given by `extra={...}`; a secret never is.
"""

import json
import logging
import sys
import time
from typing import Any, Final

from whimbrel.kernel.limits import LOG_LINE_CHARACTERS_MAX

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """One line of JSON for each event, cut off at LOG_LINE_CHARACTERS_MAX."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        seconds, milliseconds = divmod(int(record.created * 1_000), 1_000)
        fields: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z",
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        line = json.dumps(fields, default=str, ensure_ascii=False)
        if len(line) > LOG_LINE_CHARACTERS_MAX:
            line = json.dumps(
                {**{name: fields[name] for name in list(fields)[:4]}, "cut": line[:LOG_LINE_CHARACTERS_MAX]}
            )
        return line


def log_as_json(process: str, level: str = "info") -> None:
    """Send every log of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level.upper())
