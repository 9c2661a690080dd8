"""The folder of a copy: files are replaced whole, and an index says which of them are ours.

Promises: a file is either as it was or as it is to be, whenever the machine stops; a file that is not in our index is
never touched or removed. The index is written before a new file appears and after an old one has gone, so that it
always names at least everything that we have put there.
"""

import os
from collections.abc import Iterable, Set
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from whimbrel.kernel.errors import Misconfigured

INDEX: Final = "version.json"
_PARTIAL: Final = ".partial"


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """`version.json`: when the copy was made, and the digest of every file that belongs to it, by path."""

    made_ms: int = 0
    made_at: str = ""
    files: dict[str, str] = {}


class Folder:
    """Where a copy lies. For one thread at a time."""

    def __init__(self, root: Path) -> None:
        """Read the index of the copy before. Raises Misconfigured for a folder of somebody else's, or none."""
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            self.index = self._read()
        except OSError as error:
            raise Misconfigured(f"export: {root}: {error.strerror}; expected a folder that can be made") from error

    def put(self, files: Iterable[tuple[str, bytes]], belongs: Set[str], *, made_ms: int, made_at: str) -> None:
        """Write `files` in their order and remove those of ours that are not of `belongs`. Raises OSError.

        What has the same bytes stays as it is; `files` is taken one by one, so that a copy is never in memory whole.
        """
        before, after = self.index.files, {path: one for path, one in self.index.files.items() if path in belongs}
        if belongs - before.keys():
            # No digest until the file is there: after a crash it differs, and is written again.
            self._note(msgspec.structs.replace(self.index, files=dict.fromkeys(belongs, "") | before))
        for path, body in files:
            after[path] = blake2b(body, digest_size=16).hexdigest()
            if after[path] != before.get(path):
                self._write(path, body)
        for path in before.keys() - belongs:
            self._remove(path)
        self._note(Index(made_ms=made_ms, made_at=made_at, files=after))

    def _note(self, index: Index) -> None:
        self._write(INDEX, msgspec.json.format(msgspec.json.encode(index), indent=1))
        self.index = index

    def _write(self, path: str, body: bytes) -> None:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f".{place.name}{_PARTIAL}")
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place)
        _sync(place.parent)

    def _remove(self, path: str) -> None:
        place = self._root / path
        place.unlink(missing_ok=True)
        parent = place.parent
        while parent != self._root and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent

    def _read(self) -> Index:
        place = self._root / INDEX
        try:
            index = msgspec.json.decode(place.read_bytes(), type=Index)
        except FileNotFoundError:
            if (self._root / "index.html").exists():
                raise Misconfigured(
                    f"export: {self._root} holds a page that is not ours; name a folder of its own"
                ) from None
            return Index()
        except msgspec.DecodeError:
            raise Misconfigured(f"export: {place} is not an index of ours; name a folder of its own") from None
        # The digests may be those of before a crash: the first copy of a program writes every file.
        return msgspec.structs.replace(index, files=dict.fromkeys(filter(_is_inside, index.files), ""))


def _is_inside(path: str) -> bool:
    """Whether a path of the index stays in the folder: it is read from a disk that others may write to."""
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not path.startswith("/")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
