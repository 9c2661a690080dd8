"""Where backups lie: a directory or an S3 bucket, as a few verbs on whole objects.

Promises: what was put is for good once `settle` has returned, on the disk (a directory) or with the service (S3), so a
manifest that is written after that never names what is not there; files are their owner's alone. A place serves one
server: two that share one would sweep each other's leftovers away.

Nothing is changed once it lies there: objects are named by their content (documents.py).
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from whimbrel.engines.backup.refusals import refuse_what_is_no_bucket, why_refused
from whimbrel.engines.syncing import sync
from whimbrel.kernel.errors import Invalid, NotFound, Unavailable
from whimbrel.kernel.limits import BACKUP_LISTED_MAX, BACKUP_PLACE_RETRIES_MAX, BACKUP_PLACE_SECONDS

_STAGED = "*#[0-9]*"
"""How a directory's object is called while it is written: a crash leaves it."""


class PlaceUnavailable(Unavailable):
    """The place of the backups does not answer, or refuses; what was sent before stays of use."""

    code = "place_unavailable"


class Listed(NamedTuple):
    """One object: its name, its size, and when it was put there (milliseconds since 1970)."""

    name: str
    bytes: int
    put_ms: int


class Place:
    """Objects by name. Safe from several threads. `root` is set for a directory."""

    def __init__(self, store: ObjectStore, shown: str, *, root: Path | None = None) -> None:
        self._store, self._root = store, root
        self._touched: set[Path] = set()
        self.shown = shown

    def put(self, name: str, content: bytes) -> None:
        """Write an object: whole, or not at all. It is there for good after the next `settle`."""
        with self._named(name):
            obstore.put(self._store, name, content, use_multipart=False)
            if self._root is not None:
                _settle(self._root / name)
                self._touched.add((self._root / name).parent)

    def settle(self) -> None:
        """Have the names of all objects on the disk: once for many, because each sync keeps the journal's waiting."""
        touched, self._touched = self._touched, set()
        above = {parent for folder in touched for parent in folder.parents if self._root in (parent, *parent.parents)}
        for folder in sorted(touched | above):
            with self._named(folder.name):
                sync(folder)

    def get(self, name: str) -> memoryview:
        """An object's content, as it was read: not copied again. Raises NotFound when there is none."""
        with self._named(name):
            return memoryview(obstore.get(self._store, name).bytes())

    def list(self, folder: str) -> list[Listed]:
        """Everything below a folder, in order of names."""
        with self._named(folder):
            pages = obstore.list(self._store, folder, chunk_size=BACKUP_LISTED_MAX)
            found = [
                Listed(one["path"], one["size"], int(one["last_modified"].timestamp() * 1_000))
                for page in pages
                for one in page
            ]
        return sorted(found)

    def delete(self, names: Iterable[str]) -> None:
        """Remove objects, one after another; what is gone already is no error."""
        for name in names:
            try:
                with self._named(name):
                    obstore.delete(self._store, name)
            except NotFound:
                continue

    def drop_unfinished(self, folders: Iterable[str], before_ms: int) -> int:
        """Remove what a killed backup had begun to write in these folders; returns how many files that were.

        Only there: a disk of backups may hold what is somebody else's, and called so.
        """
        if self._root is None:
            return 0
        staged = [path for folder in folders for path in (self._root / folder).rglob(_STAGED)]
        found = [path for path in staged if path.stat().st_mtime * 1_000 < before_ms]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def lies_in(self, folder: Path) -> bool:
        """Whether it is a directory in `folder`, or that itself."""
        return self._root is not None and self._root.is_relative_to(folder.resolve())

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(f"{self.shown}: there is no {name}", log=f"{self.shown}: {name} is missing") from error
        except OSError as error:
            raise PlaceUnavailable("The place of the backups is away.", log=of_a_file(self.shown, error)) from error
        except BaseError as error:
            why = why_refused(error) if self._root is None else str(error).strip().splitlines()[0]
            raise PlaceUnavailable("The place of the backups is away.", log=f"{self.shown}: {name}: {why}") from error


def open_place(where: str, *, endpoint: str | None = None, make: bool = False) -> Place:
    """The place that a person names: a directory, `file:///directory` or `s3://bucket/prefix`.

    S3 takes keys, region and endpoint from the usual AWS variables; `endpoint` goes before them. With `make` a
    directory is made if there is none, else that is NotFound. Raises Invalid for another kind of address.
    """
    if not where:
        raise Invalid('place: "": expected a directory, file:///directory or s3://bucket/prefix')
    parts = urlsplit(where)
    if parts.scheme == "s3" and parts.netloc:
        return _bucket(parts.netloc, parts.path.strip("/"), endpoint)
    if parts.scheme == "file" and not parts.netloc:
        return _directory(Path(unquote(parts.path)), make=make)
    if "://" in where:
        raise Invalid(f'"{where}": expected a directory, file:///directory or s3://bucket/prefix')
    return _directory(Path(where), make=make)


def _directory(path: Path, *, make: bool) -> Place:
    try:
        if make:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not path.is_dir():
            raise NotFound(f'"{path}": there is no such directory')
        root = path.resolve()
        return Place(LocalStore(root), str(path), root=root)
    except OSError as error:
        raise PlaceUnavailable("The place of the backups is away.", log=of_a_file(str(path), error)) from error
    except BaseError as error:
        raise PlaceUnavailable("The place of the backups is away.", log=f"{path}: {error}") from error


def _bucket(bucket: str, prefix: str, endpoint: str | None) -> Place:
    address = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    refuse_what_is_no_bucket(bucket, prefix, address)
    deadline = timedelta(seconds=BACKUP_PLACE_SECONDS)
    try:
        store = S3Store(
            bucket,
            prefix=prefix or None,
            client_options={"allow_http": address.startswith("http://"), "timeout": deadline},
            retry_config={"max_retries": BACKUP_PLACE_RETRIES_MAX, "retry_timeout": deadline},
            config={"endpoint": address} if address else {},
        )
    except BaseError as error:
        raise PlaceUnavailable("The place of the backups is away.", log=f"s3://{bucket}: {error}") from error
    return Place(store, f"s3://{bucket}/{prefix}".rstrip("/"))


def of_a_file(shown: str, error: OSError) -> str:
    """What the system said of a file at a place, in its own words."""
    return f"{shown}: {error.strerror or str(error).strip().splitlines()[0]}"


def _settle(path: Path) -> None:
    """Have a new file's content on the disk, readable by its owner alone."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fchmod(file, 0o600)
        os.fsync(file)
    finally:
        os.close(file)
