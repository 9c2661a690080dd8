"""What people do with posts. The subject (`id`) is the post, the actor who does it; each is a real transition."""

import msgspec


class Favourited(msgspec.Struct, frozen=True):
    """The actor likes the post; `author_id` is the post's author, who is told."""

    author_id: int


class Unfavourited(msgspec.Struct, frozen=True):
    """The actor no longer likes the post."""

    author_id: int


class Bookmarked(msgspec.Struct, frozen=True):
    """The actor keeps the post; nobody else knows."""


class Unbookmarked(msgspec.Struct, frozen=True):
    """The actor no longer keeps the post."""


class ConversationMuted(msgspec.Struct, frozen=True):
    """The actor wants no notifications from the conversation."""

    conversation_id: int


class ConversationUnmuted(msgspec.Struct, frozen=True):
    """The actor wants notifications from the conversation again."""

    conversation_id: int


EVENTS = (Favourited, Unfavourited, Bookmarked, Unbookmarked, ConversationMuted, ConversationUnmuted)
