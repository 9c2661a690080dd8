"""Reference data that lies beside the repository, not in it: conformance files of others."""

import os
from pathlib import Path


def shared_dir() -> Path:
    """The folder of shared reference data: WHIMBREL_SHARED, or `../shared` beside the repository."""
    beside = Path(__file__).resolve().parents[2].parent / "shared"
    folder = Path(os.environ.get("WHIMBREL_SHARED", beside))
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no shared reference data at {folder}: set WHIMBREL_SHARED to the folder that holds data/ and mastodon/"
        )
    return folder
