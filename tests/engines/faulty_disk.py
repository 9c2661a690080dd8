"""A disk that a test owns: it forgets what was not synced, tears writes, and fails at the n-th call.

SQLite works on real files below it (what the kernel has cached). Beside each file the disk keeps what would be left
after a power cut: the content as of the last sync, and the writes since. `power_cut` lays that out in another folder,
each unsynced write lost, kept or torn by a seeded choice. A sync that fails has lost its writes *and* calls them clean,
as Linux does: a later sync that succeeds does not bring them back.
"""

from pathlib import Path

import apsw

SECTOR_BYTES = 512
COUNTED = ("open", "read", "write", "sync", "truncate", "size")

EIO = "EIO"
ENOSPC = "ENOSPC"


class Content:
    """One file as the platter has it: durable bytes, and what was written since."""

    def __init__(self, durable=b""):
        self.durable = bytearray(durable)
        self.existed = bool(durable)
        self.unsynced = []

    def synced(self, size_bytes):
        """Everything since the last sync is durable, and the size: SQLite also lets files grow without writing."""
        for change in self.unsynced:
            _apply(self.durable, change)
        self.unsynced.clear()
        self.durable.extend(bytes(max(0, size_bytes - len(self.durable))))
        self.existed = True

    def after_power_cut(self, random):
        """The bytes that are found after a power cut, or None when the file is not there."""
        found = bytearray(self.durable)
        for place, change in self.unsynced:
            fate = random.choice(("kept", "lost", "torn"))
            if fate == "torn" and isinstance(change, bytes) and len(change) > SECTOR_BYTES:
                sectors = random.randrange(1, len(change) // SECTOR_BYTES + 1)
                _apply(found, (place, change[: sectors * SECTOR_BYTES]))
            elif fate == "kept":
                _apply(found, (place, change))
        return bytes(found) if self.existed or self.unsynced else None


class FaultyDisk(apsw.VFS):
    """Register one a test, under a name of its own; `close` it at the end.

    `fail` lets some calls succeed and fails every one from then on until `heal`, or with `once` only that one.
    """

    def __init__(self, name):
        super().__init__(name, "")
        self.name = name
        self.contents = {}
        self.calls = 0
        self._kind, self._fail_at, self._once, self._only = None, 0, False, COUNTED
        self._reserve, self._granted_bytes = None, 0

    def fail(self, kind, *, after, once=False, only=COUNTED):
        """Let `after` more calls succeed, then fail; `only` limits which kinds of calls fail."""
        self._kind, self._fail_at, self._once, self._only = kind, self.calls + after + 1, once, only

    def heal(self):
        """The fault has gone."""
        self._kind = None

    def fill_up_beside(self, reserve):
        """No file grows any more, until the file `reserve` shrinks: then there is room for as much as it gave back."""
        self._reserve, self._granted_bytes = (reserve, reserve.stat().st_size) if reserve is not None else (None, 0)

    def know(self, folder):
        """Take the files of a folder as they are for durable."""
        for path in folder.iterdir():
            self.contents[str(path)] = Content(path.read_bytes())

    def power_cut(self, folder, random):
        """Lay out in `folder` what is left on the platter."""
        folder.mkdir()
        for path, content in self.contents.items():
            found = content.after_power_cut(random)
            if found is not None:
                (folder / Path(path).name).write_bytes(found)

    def close(self):
        """Take the disk away."""
        self.unregister()

    def xOpen(self, name, flags):
        self.count("open")
        return FaultyFile(self, name, flags)

    def xDelete(self, filename, syncdir):
        super().xDelete(filename, syncdir)
        self.contents.pop(filename, None)

    def excepthook(self, *_):
        """A fault that SQLite does not hand on (it tries that part again later) is no error of the test."""

    def count(self, call):
        """One call to the disk; raises when it is its turn to fail."""
        self.calls += 1
        if self._kind is None or self.calls < self._fail_at or call not in self._only:
            return
        if self._kind == EIO:
            self._passed()
            raise apsw.IOError("the disk fails (test)")
        if call == "write":
            self._passed()
            raise apsw.FullError("the disk is full (test)")

    def grow(self, more_bytes):
        """A file wants to be larger."""
        if self._reserve is None or more_bytes <= 0:
            return
        if more_bytes > self._granted_bytes - self._reserve.stat().st_size:
            raise apsw.FullError("the disk is full (test)")
        self._granted_bytes -= more_bytes

    def _passed(self):
        if self._once:
            self.heal()


class FaultyFile(apsw.VFSFile):
    """One open file of the disk."""

    def __init__(self, disk, name, flags):
        super().__init__("", name, flags)
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._content = Content() if path is None else disk.contents.setdefault(path, Content())

    def excepthook(self, *_):
        """See FaultyDisk.excepthook."""

    def xRead(self, amount, offset):
        self._disk.count("read")
        return super().xRead(amount, offset)

    def xWrite(self, data, offset):
        self._disk.count("write")
        self._disk.grow(offset + len(data) - super().xFileSize())
        super().xWrite(data, offset)
        self._content.unsynced.append((offset, bytes(data)))

    def xTruncate(self, newsize):
        self._disk.count("truncate")
        super().xTruncate(newsize)
        self._content.unsynced.append((newsize, None))

    def xSync(self, _flags):
        try:
            self._disk.count("sync")
        except apsw.IOError:
            self._content.unsynced.clear()
            raise
        self._content.synced(super().xFileSize())

    def xFileSize(self):
        self._disk.count("size")
        return super().xFileSize()


def _apply(content, change):
    place, data = change
    if data is None:
        del content[place:]
        return
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    content[place : place + len(data)] = data
