"""The events of an upgrade, which every room passes over, and the keys that say how it stands without them.

A key's stamp carries a number (`Stamp.id`), so that it can still be asked for when the record itself was trimmed.
"""

from typing import Final

import msgspec

STORE_KEY: Final = "store"
"""Held by the newest StoreSwitched, whose id is the number of the current store. Not held: 1."""

KEPT_KEY: Final = "store-kept"
"""Held by the StoreKept beside it, as long as the migration is not finished; its id is the other store's number."""

FORMAT_KEY: Final = "format"
"""Held by whatever raised the format of events, whose id is the format in force. Not held: 1."""


class StoreSwitched(msgspec.Struct, frozen=True, omit_defaults=True):
    """From here on the store with the subject's number is current, and it is `release` that serves from it.

    `python` is the interpreter of that release's environment.
    """

    release: str
    python: str


class StoreKept(msgspec.Struct, frozen=True, omit_defaults=True):
    """The store with the subject's number served until the switch; it is kept for going back to `release`."""

    release: str
    python: str


class MigrationFinished(msgspec.Struct, frozen=True, omit_defaults=True):
    """No way back any more: the kept store goes. The subject's number is the format of events that is now in force."""

    release: str


EVENTS: Final = (StoreSwitched, StoreKept, MigrationFinished)
