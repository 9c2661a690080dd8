"""Four visibilities, enforced everywhere: one table of viewer, visibility and endpoint, asked of a real server.

The author has written one post of each visibility that names `named`, `friend`, `blocked` and `blocker`; `friend`,
`follower` and `muter` follow; then the blocks and the mute were put in place. Letters: P public, U unlisted, F for
followers (private), D direct. A cell holds the letters of the posts that the viewer gets there.
"""

from typing import NamedTuple

import pytest

from tests.support.serving import Reply

VISIBILITIES = {"P": "public", "U": "unlisted", "F": "private", "D": "direct"}
VIEWERS = ("anybody", "author", "stranger", "follower", "named", "friend", "blocked", "blocker", "muter")

SEEN = ("PU", "PUFD", "PU", "PUF", "PUFD", "PUFD", "", "", "PUF")
SEEN_SIGNED_IN = ("", *SEEN[1:])
WITHOUT_DIRECT = ("PU", "PUF", "PU", "PUF", "PUF", "PUF", "", "", "PUF")
TO_ALL = ("P", "P", "P", "P", "P", "P", "", "", "")
BY_PAGE = ("PU",) * len(VIEWERS)

TABLE = {
    # endpoint: what each of VIEWERS gets, in that order
    "GET status": SEEN,
    "GET statuses?id[]": SEEN,
    "context": SEEN,
    "history": SEEN,
    "favourited_by": SEEN,
    "reblogged_by": SEEN,
    "search by URL": SEEN,
    "its reblog": ("PU", "PUF", "PU", "PUF", "PU", "PUF", "", "", "PUF"),
    "profile": SEEN,
    "pinned": WITHOUT_DIRECT,
    "home": ("", "PUFD", "", "PUF", "", "PUFD", "", "", ""),
    "public timeline": TO_ALL,
    "hashtag timeline": TO_ALL,
    "notifications": ("", "", "", "", "PUFD", "PUFD", "", "", ""),
    "source": ("", "PUFD", "", "", "", "", "", "", ""),
    "web page": BY_PAGE,
    "favourite": SEEN_SIGNED_IN,
    "bookmark": SEEN_SIGNED_IN,
    "mute conversation": SEEN_SIGNED_IN,
    "answer": SEEN_SIGNED_IN,
    "reblog": ("", "PUF", "PU", "PU", "PU", "PU", "", "", "PU"),
}

REFUSALS = {
    # What stands there instead: not to be told from a post that does not exist, but for these.
    ("reblog", "author", "D"): 403,
    ("reblog", "follower", "F"): 403,
    ("reblog", "muter", "F"): 403,
    ("reblog", "named", "F"): 403,
    ("reblog", "named", "D"): 403,
    ("reblog", "friend", "F"): 403,
    ("reblog", "friend", "D"): 403,
}
LISTS = frozenset(
    {
        "GET statuses?id[]",
        "search by URL",
        "profile",
        "pinned",
        "home",
        "public timeline",
        "hashtag timeline",
        "notifications",
    }
)
NEEDS_SIGN_IN = frozenset(
    {"home", "notifications", "source", "favourite", "bookmark", "mute conversation", "answer", "reblog"}
)
CASES = [
    pytest.param(endpoint, viewer, letter, id=f"{endpoint}-{viewer}-{letter}".replace(" ", "_"))
    for endpoint in TABLE
    for viewer in VIEWERS
    for letter in VISIBILITIES
]


class Scene(NamedTuple):
    """Everybody's client, and the ids of the posts and their reblogs by letter."""

    clients: dict[str, object]
    author_id: str
    author_url: str
    posts: dict[str, int]
    reblogs: dict[str, int]


@pytest.fixture(scope="module")
def scene(server, people):
    names = [viewer for viewer in VIEWERS if viewer != "anybody"]
    made = dict(zip(names, people(*(f"v_{name}" for name in names)), strict=True))
    (passer,) = people("v_passer")
    author = made["author"]
    for name in ("follower", "friend", "muter"):
        made[name].follows(author)
    told = " ".join(f"@v_{name}" for name in ("named", "friend", "blocked", "blocker"))
    posts = {
        letter: author.post(f"{visibility} {told} #visibilitytable", visibility=visibility)
        for letter, visibility in VISIBILITIES.items()
    }
    for letter in "PUF":
        author.does(f"statuses/{posts[letter]}/pin")
    reblogs = {letter: int(passer.does(f"statuses/{posts[letter]}/reblog")["id"]) for letter in "PU"}
    reblogs["F"] = int(author.does(f"statuses/{posts['F']}/reblog")["id"])
    author.does(f"accounts/{made['blocked'].id}/block")
    made["blocker"].does(f"accounts/{author.id}/block")
    made["muter"].does(f"accounts/{author.id}/mute")
    anybody = server.client()
    clients = {"anybody": anybody, **{name: person.client for name, person in made.items()}}
    yield Scene(clients, author.id, f"{server.url}/@v_author", posts, reblogs)
    anybody.close()


@pytest.mark.parametrize(("endpoint", "viewer", "letter"), CASES)
def test_a_viewer_gets_what_the_table_says_and_nothing_else(scene, endpoint, viewer, letter):
    if endpoint == "its reblog" and letter == "D":
        return  # nothing direct can be reblogged: the row "reblog" says so
    reply = ask(scene, endpoint, viewer, letter)
    expected = letter in TABLE[endpoint][VIEWERS.index(viewer)]
    if viewer == "anybody" and endpoint in NEEDS_SIGN_IN:
        assert reply.status == 401
    elif endpoint in LISTS:
        assert reply.status == 200
        assert (scene.posts[letter] in ids_of(endpoint, reply)) == expected, reply.json
    elif expected:
        assert reply.status == 200, reply
    else:
        assert reply.status == REFUSALS.get((endpoint, viewer, letter), 404), reply


def test_the_table_names_every_refusal_that_is_not_a_404():
    for endpoint, viewer, letter in REFUSALS:
        assert letter not in TABLE[endpoint][VIEWERS.index(viewer)]


def test_nothing_of_a_hidden_post_stands_in_any_answer(scene):
    hidden = [(viewer, letter) for viewer in VIEWERS for letter in "UFD" if letter not in SEEN[VIEWERS.index(viewer)]]
    for viewer, letter in hidden:
        word = VISIBILITIES[letter]
        for endpoint in TABLE:
            if endpoint not in NEEDS_SIGN_IN and endpoint not in ("web page",):
                reply = ask(scene, endpoint, viewer, letter) if (endpoint, letter) != ("its reblog", "D") else None
                assert reply is None or f"<p>{word} " not in str(reply.json), (endpoint, viewer, letter)


def ask(scene: Scene, endpoint: str, viewer: str, letter: str) -> Reply:
    """One cell's question."""
    client, id_ = scene.clients[viewer], scene.posts[letter]
    one = f"/api/v1/statuses/{id_}"
    profile = f"/api/v1/accounts/{scene.author_id}/statuses"
    match endpoint:
        case "GET status":
            return client.get(one)
        case "GET statuses?id[]":
            return client.get("/api/v1/statuses", {"id[]": [id_, 1]})
        case "context" | "history" | "favourited_by" | "reblogged_by" | "source":
            return client.get(f"{one}/{endpoint}")
        case "search by URL":
            return client.get("/api/v2/search", {"q": f"{scene.author_url}/{id_}", "resolve": "true"})
        case "its reblog":
            return client.get(f"/api/v1/statuses/{scene.reblogs[letter]}")
        case "profile":
            return client.get(profile, {"limit": 40})
        case "pinned":
            return client.get(profile, {"pinned": "true"})
        case "home":
            return client.get("/api/v1/timelines/home", {"limit": 40})
        case "public timeline":
            return client.get("/api/v1/timelines/public", {"since_id": scene.posts["P"] - 1, "limit": 40})
        case "hashtag timeline":
            return client.get("/api/v1/timelines/tag/visibilitytable", {"limit": 40})
        case "notifications":
            return client.get("/api/v1/notifications", {"types[]": "mention", "limit": 80})
        case "web page":
            return client.get(f"/@v_author/{id_}")
        case "answer":
            return client.post("/api/v1/statuses", {"status": "an answer", "in_reply_to_id": str(id_)})
        case "mute conversation":
            return client.post(f"{one}/mute")
        case _:
            return client.post(f"{one}/{endpoint}")


def ids_of(endpoint: str, reply: Reply) -> set[int]:
    """The ids of the posts in a list."""
    if endpoint == "search by URL":
        return {int(one["id"]) for one in reply.json["statuses"]}
    if endpoint == "notifications":
        return {int(one["status"]["id"]) for one in reply.json}
    return {int(one["id"]) for one in reply.json}
