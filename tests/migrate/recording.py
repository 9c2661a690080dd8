"""`python -m tests.migrate.recording`: record the schema of this release, for the test that later ones are held by.

Once for each SCHEMA (kernel/formats.py), when it is released. A recorded schema is never changed.
"""

import sys
import tempfile
from pathlib import Path

import apsw

from whimbrel.engines.store.writer import StoreWriter, schema_hash_of
from whimbrel.kernel.formats import SCHEMA
from whimbrel.rooms import schemas

FOLDER = Path(__file__).with_name("schemas")


def script() -> str:
    """The tables and indexes of a new store as one script, with the hash that they are known by."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        StoreWriter(path, schemas()).close()
        db = apsw.Connection(str(path))
        tables = {name for (name,) in db.execute("SELECT name FROM pragma_table_list WHERE type != 'shadow'")}
        rows = list(db.execute("SELECT tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"))
        db.close()
    statements = [f"{sql};" for table, sql in rows if table in tables]
    return "\n\n".join((f"-- hash: {schema_hash_of(schemas()).hex()}", *statements)) + "\n"


if __name__ == "__main__":
    sys.exit((FOLDER / f"{SCHEMA:04}.sql").write_text(script(), "utf-8") == 0)
