"""Logs as JSON lines on standard error, one event a line, with a limit on its size.

Every process of the server calls `log_as_json` once at its start. Standard library only, because the supervisor uses
it. What a line says beyond its message is given by `extra={...}`; a secret never is.

The log often lies on the disk that fills. So what is below a warning is left out while that is low, and a line that
cannot be written stops nobody: it is counted, and told when lines can be written again. Each line is one call to the
system, without a buffer in between: the counter-example was Python's own standard error, which keeps what the disk
refused, writes the torn rest into a later line, and makes a process that stops then end with an error code.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

from whimbrel.kernel.limits import LOG_LINE_CHARACTERS_MAX
from whimbrel.reliability.disk import may
from whimbrel.reliability.disk_watch import DiskWatch

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


class Lines(logging.Handler):
    """Writes each event as a line to a file descriptor, or counts it as lost. `disk` is the one that may be low."""

    def __init__(self, handle: int, process: str, disk: DiskWatch | None = None) -> None:
        super().__init__()
        self.setFormatter(JsonLines(process))
        self._handle, self._disk = handle, disk
        self._lost = 0
        self._torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, unless the disk is low and it can be done without. Never raises."""
        if record.levelno < logging.WARNING and self._disk and not may("logs", self._disk.pressure.level):
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - what cannot be told must not hurt who tells it
            self.handleError(record)
            return
        if self._lost and self._write(self.format(_lines_lost(self._lost))):
            self._lost = 0
        if not self._write(line):
            self._lost += 1

    def _write(self, line: str) -> bool:
        """Whether the whole line was written. One that was torn is ended before the next begins."""
        wanted = f"{chr(10) if self._torn else ''}{line}\n".encode(errors="replace")
        try:
            written = os.write(self._handle, wanted)
        except OSError:
            return False
        self._torn = written < len(wanted)
        return not self._torn


def log_as_json(process: str, level: str = "info", data: Path | None = None) -> None:
    """Send every log of this process to standard error as JSON lines; fewer of them while the disk of `data` is low."""
    disk = DiskWatch(data) if data else None
    logging.root.handlers[:] = [Lines(sys.stderr.fileno(), process, disk)]
    logging.root.setLevel(level.upper())


def _lines_lost(count: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": "lines were lost", "lines": count}
    )
