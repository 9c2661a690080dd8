"""Pages as bytes: what is escaped, what is cached, what they say."""

import pytest
from starlette.requests import Request

from whimbrel.microblog.accounts.events import Field
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.options import Options
from whimbrel.microblog.posts.text import compose, render_field, render_note
from whimbrel.microblog.posts.values import Post, Shown
from whimbrel.web.rendering import Pages, server_of, summary

URL = "https://birds.example"
BORN_MS = 1_602_797_760_000  # 2020-10-15 21:36 UTC


def pages(**options: object) -> Pages:
    return Pages(server_of(Options(public_url=URL, title="Birds", **options)))  # type: ignore[arg-type]


def request(**headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": given})


def account(name: str = "ingrid", **change: object) -> Account:
    return Account(id=7, name=name, created_ms=BORN_MS, **change)  # type: ignore[arg-type]


def shown(text: str, *, by: Account | None = None, **change: object) -> Shown:
    author = by or account()
    html = compose(text, ids={}, public_url=URL, limit=500).html
    post = Post(id=41, account_id=author.id, created_ms=BORN_MS, visibility="public", text=text, html=html, **change)  # type: ignore[arg-type]
    return Shown(post, author)


def front(posts: list[Shown], **options: object) -> str:
    page = pages(**options).page(request(), "front.html", posts=posts, older=None, first=True, away=False)
    return bytes(page.body).decode()


def thread(subject: Shown) -> str:
    return bytes(pages().page(request(), "thread.html", subject=subject, above=[], below=[]).body).decode()


def profile(who: Account, posts: list[Shown]) -> str:
    page = pages().page(request(), "profile.html", account=who, posts=posts, pinned=[], older=None, first=True)
    return bytes(page.body).decode()


def test_a_post_is_shown_with_its_author_time_and_address():
    page = front([shown("Low tide at six. #Waders", by=account(display_name="Ingrid Tern"))])
    assert "<bdi>Ingrid Tern</bdi>" in page
    assert 'href="/@ingrid/41"' in page
    assert 'datetime="2020-10-15T21:36:00.000Z"' in page
    assert 'href="https://birds.example/tags/waders"' in page


def test_nothing_that_people_typed_reaches_a_page_as_markup():
    evil = "<img src=x onerror=alert(1)>"
    who = account(
        display_name=evil,
        note=evil,
        note_html=render_note(evil, URL),
        fields=(Field(evil, evil, render_field(evil, URL)),),
    )
    post = shown(evil, by=who, spoiler=evil, app_name=evil)
    for page in (front([post], description=evil, contact_email=evil), thread(post), profile(who, [post])):
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def test_a_post_behind_a_content_warning_stays_closed_and_out_of_link_previews():
    page = thread(shown("the ending", spoiler="A film"))
    assert "<details" in page
    assert "A film" in page.split("</head>")[0]
    assert "the ending" not in page.split("</head>")[0]


def test_a_post_of_somebody_who_is_not_discoverable_is_kept_from_search_engines():
    assert 'content="noindex"' not in thread(shown("a"))
    assert 'content="noindex"' in thread(shown("a", by=account(discoverable=False)))
    assert 'content="noindex"' in profile(account(discoverable=False), [])


def test_an_unlisted_post_is_kept_from_search_engines():
    post = shown("a")
    assert 'content="noindex"' in thread(Shown(_with(post.post, visibility="unlisted"), post.author))


def _with(post: Post, **change: object) -> Post:
    return Post(**({name: getattr(post, name) for name in post.__struct_fields__} | change))


def test_a_reblog_names_who_reblogged_and_shows_the_post():
    original = shown("Look at this bill")
    reblog = Post(id=50, account_id=8, created_ms=BORN_MS, visibility="public", reblog_of_id=41)
    page = front([Shown(reblog, Account(id=8, name="mika", created_ms=BORN_MS), None, original)])
    assert '<a href="/@mika"><bdi>mika</bdi></a> reblogged' in page
    assert "Look at this bill" in page


@pytest.mark.parametrize(
    ("registrations", "words"),
    [("open", "Sign-up is open"), ("approval", "A person looks at each request"), ("closed", "Sign-up is closed")],
)
def test_the_front_page_says_whether_one_may_sign_up(registrations: str, words: str):
    page = front([], registrations=registrations)
    assert words in page
    assert '<span class="host">birds.example</span>' in page


def test_no_page_led_to_the_status_page_not_even_one_that_says_that_something_is_wrong():
    status = {"status_url": "https://status.birds.example"}
    link = '<a href="https://status.birds.example">'
    assert front([], **status).count(link) == 1
    assert link not in front([])
    assert bytes(pages(**status).problem("problem.html", status=503, code=503).body).decode().count(link) == 2
    away = pages(**status).page(request(), "front.html", posts=[], older=None, first=True, away=True)
    assert bytes(away.body).decode().count(link) == 2


def test_a_front_page_without_its_posts_says_so_and_is_not_an_empty_one():
    page = pages().page(request(), "front.html", posts=[], older=None, first=True, away=True)
    assert b"cannot be shown at the moment" in page.body
    assert b"Nobody has posted" not in page.body


def test_the_same_page_is_not_sent_twice_to_a_browser_that_has_it():
    values = {"posts": [], "older": None, "first": True, "away": False}
    first = pages().page(request(), "front.html", **values)
    again = pages().page(request(if_none_match=f'"other", W/{first.headers["etag"]}'), "front.html", **values)
    assert first.status_code == 200
    assert again.status_code == 304
    assert again.body == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == "public, max-age=10"


def test_a_page_allows_nothing_inline_and_nothing_from_elsewhere():
    policy = pages().page(request(), "about.html").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_what_goes_wrong_is_kept_by_no_cache():
    problem = pages().problem("problem.html", status=503, headers={"retry-after": "2"}, code=503)
    assert problem.headers["cache-control"] == "no-store"
    assert problem.headers["retry-after"] == "2"
    assert b"Nothing is lost" in problem.body


@pytest.mark.parametrize("code", [400, 404, 405, 410, 500, 503])
def test_every_problem_has_a_page_with_a_heading(code: int):
    page = pages().problem("problem.html", status=code, code=code)
    assert page.status_code == code
    assert page.body.count(b"<h1>") == 1


def test_a_summary_is_one_line_cut_between_words():
    assert summary("one\n\n two") == "one two"
    long = summary("word " * 100)
    assert long.endswith("word…")
    assert len(long) <= 201
