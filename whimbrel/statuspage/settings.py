"""What the status program is told: a frozen value that its composition root makes of the configuration."""

from pathlib import Path
from typing import NamedTuple


class Settings(NamedTuple):
    """`data`: the program's own directory. `public_url`: where people find the page, without a slash at the end.

    `watched_url`: the service that is watched, empty for none; `name`: what people call it.
    `export`: a folder in which a copy of the page is kept for a second origin, or None.
    """

    data: Path
    name: str
    public_url: str
    watched_url: str = ""
    export: Path | None = None
