"""What belongs into a home timeline: Mastodon's rules, pure, over one entry and one reader, never over a page.

Source: Mastodon 4.x, FeedManager (filter_from_home, filter_from_tags, add_to_feed). Home and streams use these very
functions, so that what was streamed is what a reload shows.
"""

from collections.abc import Sequence

from whimbrel.kernel.limits import HOME_REBLOG_LOOK_BACK
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.recents import Entry

Candidate = tuple[int, int]
"""An entry that passed the rules: its id, and the id of the post that it shows (itself unless a reblog)."""


def wanted(reader: Reader, entry: Entry, now_ms: int) -> bool:
    """Whether an entry belongs into the home of `reader` at `now_ms` (milliseconds since 1970; mutes expire)."""
    if entry.author == reader.account_id:
        return True
    if _hidden(reader, entry, now_ms):
        return False
    return _wanted_by_follow(reader, entry) or _wanted_by_tag(reader, entry)


def seen_below(candidates: Sequence[Candidate], index: int) -> bool:
    """Whether the reblog at `index` (newest first) shows a post that stands within the 40 entries below it."""
    subject = candidates[index][1]
    below = candidates[index + 1 : index + 1 + HOME_REBLOG_LOOK_BACK]
    return any(other == subject for _, other in below)


def _wanted_by_follow(reader: Reader, entry: Entry) -> bool:
    follow = reader.follows.get(entry.author)
    if follow is None:
        return False
    if entry.visibility == "direct" and reader.account_id not in entry.mentions:
        return False
    if entry.reply_to and entry.reply_to != reader.account_id and entry.reply_to not in reader.follows:
        return False
    if entry.reblog_of and not follow.reblogs:
        return False
    return not (follow.languages and entry.language and entry.language not in follow.languages)


def _wanted_by_tag(reader: Reader, entry: Entry) -> bool:
    # A followed hashtag brings in what the follow of its author would leave out: a reply, another language.
    return entry.visibility == "public" and not entry.reblog_of and any(tag in reader.tags for tag in entry.tags)


def _hidden(reader: Reader, entry: Entry, now_ms: int) -> bool:
    if not (reader.blocks or reader.blocked_by or reader.mutes):
        return False
    if any(reader.hides(author, now_ms) for author in (entry.author, entry.reblog_author) if author):
        return True
    # Somebody who blocks the reader does not decide what others may say to the reader: a mention hides only for
    # those whom the reader itself has blocked or muted.
    return any(who in reader.blocks or reader.mutes_now(who, now_ms) for who in entry.mentions)
