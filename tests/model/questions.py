"""What people see of a world: every answer worked out anew from its facts, whatever it costs."""

from tests.model.world import OPEN, Post, Told, World, subject

LOOK_BACK = 40


def home(world: World, reader: str) -> list[Post]:
    """The home timeline, newest first: who is followed, what is left out of it, and no reblog twice in a row."""
    raw = [post for post in newest_first(world.posts) if belongs_home(world, reader, post)]
    kept = [post for at, post in enumerate(raw) if not (post.reblog_of and shown_below(raw, at))]
    return [post for post in kept if world.sees(reader, post)]


def shown_below(raw: list[Post], at: int) -> bool:
    """Whether the post that a reblog shows stands within the forty entries below it."""
    return any(subject(other) is subject(raw[at]) for other in raw[at + 1 : at + 1 + LOOK_BACK])


def belongs_home(world: World, reader: str, post: Post) -> bool:
    """Mastodon's rules for one entry."""
    if post.author == reader:
        return True
    named = {post.author, subject(post).author, *post.named}
    if any((reader, person) in world.blocks or (reader, person) in world.mutes for person in named):
        return False
    if any((person, reader) in world.blocks for person in (post.author, subject(post).author)):
        return False
    return belongs_by_follow(world, reader, post) or belongs_by_tag(world, reader, post)


def belongs_by_tag(world: World, reader: str, post: Post) -> bool:
    """Public posts, but no reblogs, with a hashtag that the reader follows."""
    return post.visibility == "public" and not post.reblog_of and any((reader, tag) in world.tags for tag in post.tags)


def belongs_by_follow(world: World, reader: str, post: Post) -> bool:
    """What a followed author posts, as the follow and what the author answered let it through."""
    how = world.follows.get((reader, post.author))
    if how is None:
        return False
    if post.visibility == "direct" and reader not in post.named:
        return False
    if how.languages and post.language not in how.languages:
        return False
    if post.reblog_of is not None:
        return how.reblogs
    answered = answered_author(post)
    return answered in (None, post.author, reader) or (reader, answered) in world.follows


def answered_author(post: Post) -> str | None:
    """Whom a post answers; a deleted post's author is still the one who was answered."""
    return post.answers.author if post.answers else None


def profile(world: World, viewer: str | None, author: str) -> list[Post]:
    """What somebody posted and reblogged, as far as the viewer may see; nothing beside a block.

    A mute leaves out what was reblogged of the muted, and not what they posted themselves.
    """
    if viewer is not None and world.severed(viewer, author):
        return []
    return [
        post
        for post in newest_first(world.posts)
        if post.author == author
        and world.sees(viewer, post)
        and (viewer == author or not post.reblog_of or not world.mutes_or_blocks(viewer, post.reblog_of.author))
    ]


def without_answers(posts: list[Post]) -> list[Post]:
    """exclude_replies: answers to others are left out, threads of one's own stay."""
    return [post for post in posts if not post.answers or post.answers.author == post.author]


def pinned(world: World, viewer: str | None, author: str) -> list[Post]:
    """The posts on top of a profile."""
    return [post for post in profile(world, viewer, author) if (author, post.id) in world.pins]


def ancestors(world: World, viewer: str | None, post: Post) -> list[Post]:
    """What a post answers, the first one first. A deleted post ends the chain."""
    chain: list[Post] = []
    above = subject(post).answers
    while above is not None and above in world.posts:
        chain.insert(0, above)
        above = above.answers
    return [one for one in chain if in_thread(world, viewer, one)]


def descendants(world: World, viewer: str | None, post: Post) -> list[Post]:
    """What answers a post, depth first, the oldest first."""
    found: list[Post] = []
    for answer in (one for one in world.posts if one.answers is subject(post)):
        if in_thread(world, viewer, answer):
            found.append(answer)
        found += descendants(world, viewer, answer)
    return found


def in_thread(world: World, viewer: str | None, post: Post) -> bool:
    """Whether a post stands around another one: not when its author is muted; answers to it do all the same."""
    return world.sees(viewer, post) and not world.mutes_or_blocks(viewer, post.author)


def public(world: World, viewer: str | None) -> list[Post]:
    """What everybody may see, without reblogs and answers to others."""
    open_to_all = [post for post in newest_first(world.posts) if post.visibility == "public" and not post.reblog_of]
    return [post for post in without_answers(open_to_all) if not hidden(world, viewer, post)]


def tagged(world: World, viewer: str | None, tag: str) -> list[Post]:
    """Public posts with a hashtag."""
    return [
        post
        for post in newest_first(world.posts)
        if post.visibility == "public" and tag in post.tags and not hidden(world, viewer, post)
    ]


def hidden(world: World, viewer: str | None, post: Post) -> bool:
    """Whether a viewer's own blocks and mutes (or a block against the viewer) keep a post out of public timelines."""
    if viewer in (None, post.author):
        return False
    return any(world.mutes_or_blocks(viewer, person) for person in {post.author, *post.named})


def notifications(world: World, reader: str) -> list[Told]:
    """What somebody was told, newest first, as far as they may still see whom and what it is about."""
    every = reversed(world.told.get(reader, []))
    return [told for told in every if not world.severed(reader, told.sender) and _may_see(world, reader, told)]


def _may_see(world: World, reader: str, told: Told) -> bool:
    if told.post is None:
        return True
    post = world.post(told.post)
    return post is not None and world.sees(reader, post)


def favourites(world: World, reader: str) -> list[Post]:
    """What somebody likes, the latest first."""
    return _listed(world, reader, world.favourites)


def bookmarks(world: World, reader: str) -> list[Post]:
    """What somebody keeps, the latest first."""
    return _listed(world, reader, world.bookmarks)


def _listed(world: World, reader: str, pairs: list[tuple[str, int]]) -> list[Post]:
    found = [world.post(post_id) for who, post_id in reversed(pairs) if who == reader]
    return [post for post in found if post is not None and world.sees(reader, post)]


def favourited_by(world: World, viewer: str | None, post: Post) -> list[str]:
    """Who likes a post, the latest first."""
    people = [who for who, post_id in reversed(world.favourites) if post_id == subject(post).id]
    return [who for who in people if viewer is None or not world.severed(viewer, who)]


def posts_count(world: World, author: str) -> int:
    """How many posts and reblogs somebody has, without direct ones."""
    return len([1 for post in world.posts if post.author == author and post.visibility != "direct"])


def followers_count(world: World, person: str) -> int:
    """How many follow somebody."""
    return len([1 for _, whom in world.follows if whom == person])


def following_count(world: World, person: str) -> int:
    """How many somebody follows."""
    return len([1 for who, _ in world.follows if who == person])


def replies_count(world: World, post: Post) -> int:
    """How many answer a post for all to see."""
    return len([1 for one in world.posts if one.answers is post and one.visibility in OPEN])


def reblogs_count(world: World, post: Post) -> int:
    """How many show it to their followers."""
    return len([1 for one in world.posts if one.reblog_of is post])


def favourites_count(world: World, post: Post) -> int:
    """How many like it."""
    return len([1 for _, post_id in world.favourites if post_id == post.id])


def as_shown(world: World, viewer: str | None, post: Post) -> dict[str, object]:
    """What of a post the server's JSON is compared with."""
    shown = subject(post)
    facts: dict[str, object] = {
        "id": post.id,
        "author": post.author,
        "visibility": post.visibility,
        "reblog": as_shown(world, viewer, shown) if post.reblog_of else None,
    }
    if post.reblog_of is None:
        facts |= {
            "word": post.word,
            "language": post.language,
            "answers": post.answers.id if post.answers else None,
            "named": sorted(set(post.named)),
            "tags": sorted(set(post.tags)),
            "edited": post.edited,
            "counts": (replies_count(world, post), reblogs_count(world, post), favourites_count(world, post)),
        }
    if viewer is not None:
        facts["marks"] = {
            "favourited": (viewer, shown.id) in world.favourites,
            "reblogged": world.reblog_by(viewer, shown) is not None,
            "bookmarked": (viewer, shown.id) in world.bookmarks,
            "muted": (viewer, shown.thread) in world.quiet,
            "pinned": (viewer, shown.id) in world.pins,
        }
    return facts


def relationship(world: World, viewer: str, other: str) -> dict[str, object]:
    """What lies between two people, as the viewer is told."""
    pair = (viewer, other)
    how = world.follows.get(pair) or world.requests.get(pair)
    return {
        "following": pair in world.follows,
        "showing_reblogs": how is not None and how.reblogs,
        "notifying": how is not None and how.notify,
        "languages": sorted(how.languages) if how is not None and how.languages else None,
        "followed_by": (other, viewer) in world.follows,
        "requested": (viewer, other) in world.requests,
        "requested_by": (other, viewer) in world.requests,
        "blocking": (viewer, other) in world.blocks,
        "blocked_by": (other, viewer) in world.blocks,
        "muting": (viewer, other) in world.mutes,
        "muting_notifications": world.mutes.get((viewer, other), False),
    }


def newest_first(posts: list[Post]) -> list[Post]:
    """By id, the highest first."""
    return sorted(posts, key=lambda post: post.id, reverse=True)
