"""What a person does with notifications; they themselves are derived from other events, never appended.

A notification's id is the id of the event that caused it: at most one per event and recipient. Subject and actor
are the recipient.
"""

import msgspec


class NotificationsCleared(msgspec.Struct, frozen=True):
    """Every notification up to and with `up_to_id` is gone."""

    up_to_id: int


class NotificationsDismissed(msgspec.Struct, frozen=True):
    """These notifications are gone."""

    notification_ids: tuple[int, ...]


class MarkerMoved(msgspec.Struct, frozen=True):
    """The person has read `timeline` ("home" or "notifications") up to `last_read_id`."""

    timeline: str
    last_read_id: int


EVENTS = (NotificationsCleared, NotificationsDismissed, MarkerMoved)
