"""The languages of ISO 639-1 by code, with their English names (source: the standard's own code list)."""

from importlib.resources import files
from typing import Final

import msgspec

LANGUAGES: Final = msgspec.json.decode(
    files("whimbrel.api.mastodon").joinpath("languages.json").read_bytes(), type=dict[str, str]
)
