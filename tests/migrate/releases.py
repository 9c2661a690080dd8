"""Two releases as their users have them: wheels built from this tree, each in an environment of its own.

The older one is the tree as it is. The newer one is the tree with what a release changes: its number, a column with its
index (pre), an index that only the old code needs (post), code that fills the column, and an event type that it writes
once its format of events is in force.
"""

import os
import shutil
import site
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.house.tree import PACKAGE, ROOT
from whimbrel import __version__
from whimbrel.engines.store.writer import schema_hash_of
from whimbrel.kernel.formats import FORMAT, SCHEMA
from whimbrel.rooms import ROOM_NAMES, schemas

NEWER = "99.0.0"
COLUMN = "characters"
NEW_EVENT = "BookmarkNoted"
OLD_INDEX = "posts_reblogged_by"
NEW_INDEX = "post_texts_by_characters"
BUILD_SECONDS = 180

PRE = f"""-- How long a text is, for those who look for long ones.
ALTER TABLE post_texts ADD COLUMN {COLUMN} INTEGER NOT NULL DEFAULT 0;
UPDATE post_texts SET {COLUMN} = length(text);
CREATE INDEX {NEW_INDEX} ON post_texts ({COLUMN});
"""
POST = f"DROP INDEX {OLD_INDEX};\n"


class Release(NamedTuple):
    """An installed release: its version, and the interpreter of its environment."""

    version: str
    python: Path

    @property
    def command(self) -> list[str]:
        """How its `whimbrel` is started, from anywhere."""
        return [str(self.python), "-P", "-m", "whimbrel"]


def older(folder: Path) -> Release:
    """The tree as it is."""
    return _installed(_copied(folder), __version__, folder)


def newer(folder: Path) -> Release:
    """The tree with the changes of a next release."""
    source = _copied(folder)
    package = source / "whimbrel"
    number = SCHEMA + 1
    _change(package / "__init__.py", f'__version__ = "{__version__}"', f'__version__ = "{NEWER}"')
    _change(package / "kernel" / "formats.py", f"SCHEMA: Final = {SCHEMA}", f"SCHEMA: Final = {number}")
    _change(package / "kernel" / "formats.py", f"FORMAT: Final = {FORMAT}", f"FORMAT: Final = {FORMAT + 1}")
    _change_schema(package / "microblog" / "posts" / "schema.sql")
    _change_rooms(package / "microblog")
    scripts = [(package / "microblog" / room / "schema.sql").read_text("utf-8") for room in ROOM_NAMES]
    facts = f"-- from: {schema_hash_of(schemas()).hex()}\n-- to: {schema_hash_of(scripts).hex()}\n"
    steps = package / "migrations"
    (steps / f"{number:04}_{COLUMN}.pre.sql").write_text(facts + PRE, "utf-8")
    (steps / f"{number:04}_{COLUMN}.post.sql").write_text(POST, "utf-8")
    return _installed(source, NEWER, folder)


def spoiled(release: Release, folder: Path, pattern: str, before: str, after: str) -> Release:
    """A release in an environment of its own, with one mistake in one of its files."""
    environment = folder / "environment"
    shutil.copytree(release.python.parents[1], environment, symlinks=True)
    (path,) = environment.glob(f"lib/python3.*/site-packages/whimbrel/{pattern}")
    _change(path, before, after)
    return Release(release.version, environment / "bin" / "python")


def _change_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    before, index, after = text.partition(f"CREATE INDEX IF NOT EXISTS {OLD_INDEX} ")
    assert index
    text = before + after.partition(";\n")[2]
    column = f"    app_website TEXT,\n    {COLUMN} INTEGER NOT NULL DEFAULT 0\n"
    assert text.count("    app_website TEXT\n") == 1
    text = text.replace("    app_website TEXT\n", column)
    path.write_text(f"{text}\nCREATE INDEX IF NOT EXISTS {NEW_INDEX} ON post_texts ({COLUMN});\n", "utf-8")


def _change_rooms(rooms: Path) -> None:
    """The column is filled, and a bookmark is noted by a second event once that may be written."""
    queries = rooms / "posts" / "queries.sql"
    _change(queries, "INSERT INTO post_texts (post_id,", f"INSERT INTO post_texts ({COLUMN}, post_id,")
    _change(queries, "VALUES (:id, :text, :html,", "VALUES (length(:text), :id, :text, :html,")
    update = "UPDATE post_texts SET "
    _change(queries, f"{update}text = :text,", f"{update}{COLUMN} = length(:text), text = :text,")
    events = rooms / "interactions" / "events.py"
    noted = f'\n\nclass {NEW_EVENT}(msgspec.Struct, frozen=True):\n    """Said beside a bookmark."""\n'
    _change(events, "\n\nEVENTS = (Favourited,", f"{noted}\n\nEVENTS = ({NEW_EVENT}, Favourited,")
    front = rooms / "interactions" / "front.py"
    _change(front, "posts: Posts, accounts: Accounts) -> None:", "posts: Posts, accounts: Accounts, format) -> None:")
    _change(
        front,
        "        self._appender, self._reads,",
        "        self._format = format\n        self._appender, self._reads,",
    )
    both = f"""        post = await self._subject(reader, post_id)
        if self._format.in_force >= {FORMAT + 1}:
            one = draft(happened.{NEW_EVENT}(), actor=reader.account_id, id=post.id)
            await self._appender.append(Group((one,)))
        return await self._do(reader, post_id, post, _set(reader, post, happened.Bookmarked(), keys.bookmark))
"""
    once = both.splitlines(keepends=True)
    _change(front, once[0] + once[-1], both)
    _change(
        rooms.parent / "wiring.py",
        "interactions=Interactions(appender=link,",
        "interactions=Interactions(format=views.format, appender=link,",
    )


def _change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(before) == 1, f"{path.name}: expected once: {before!r}"
    path.write_text(text.replace(before, after), "utf-8")


def _copied(folder: Path) -> Path:
    source = folder / "source"
    shutil.copytree(PACKAGE, source / "whimbrel", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return source


def _installed(source: Path, version: str, folder: Path) -> Release:
    """Build the wheel and install it, compiled as pip does, beside the libraries that this environment has."""
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)])
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)])
    (packages,) = environment.glob("lib/python3.*/site-packages")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    _run([*install, "--target", str(packages), str(wheel)])
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()), "utf-8")
    return Release(version, environment / "bin" / "python")


def _run(words: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHIMBREL_")}
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
