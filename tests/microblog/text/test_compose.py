"""What a post's text becomes: HTML, mentions, tags and a length."""

import pytest

from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import MENTIONS_MAX
from whimbrel.microblog.posts.events import Mention, Tag
from whimbrel.microblog.posts.tags import fold
from whimbrel.microblog.posts.text import compose, mentioned_names, render_field, render_note
from whimbrel.microblog.posts.values import Composed

URL = "https://birds.example"
IDS = {"alice": 11, "bo_b": 12}

ALICE = (
    '<span class="h-card" translate="no"><a href="https://birds.example/@alice" class="u-url mention">'
    "@<span>alice</span></a></span>"
)


def composed(text: str, *, limit: int = 500, spoiler: str = "") -> Composed:
    return compose(text, ids=IDS, public_url=URL, limit=limit, spoiler=spoiler)


def test_a_plain_text_is_one_paragraph():
    assert composed("Low tide at six.") == Composed("<p>Low tide at six.</p>", (), (), 16)


def test_blank_lines_part_paragraphs_and_line_ends_of_any_kind_break_lines():
    assert composed("one\r\ntwo\rthree\n\n\n\nfour").html == "<p>one<br />two<br />three</p><p>four</p>"


def test_space_around_the_text_is_neither_shown_nor_counted():
    assert composed("\n  hello \n\n") == Composed("<p>hello</p>", (), (), 5)


def test_markup_that_is_typed_is_shown_as_typed():
    html = composed("<script>alert('x')</script> & \"so\" https://example.com/?a=1&b=<i>").html
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;so&quot;" in html
    assert 'href="https://example.com/?a=1&amp;b="' in html


def test_a_known_person_is_linked_and_named_in_lower_case():
    post = composed("Hello @Alice!")
    assert post.html == f"<p>Hello {ALICE.replace('alice', 'Alice')}!</p>"
    assert post.mentions == (Mention(11, "alice"),)


def test_a_person_named_twice_is_mentioned_once():
    assert composed("@alice and @ALICE and @bo_b").mentions == (Mention(11, "alice"), Mention(12, "bo_b"))


def test_the_full_handle_of_somebody_here_is_a_mention_and_counts_only_its_name():
    post = composed("@alice@birds.example hi")
    assert post.html == f"<p>{ALICE} hi</p>"
    assert post.characters == len("@alice hi")


def test_the_same_name_on_another_server_is_nobody_here():
    post = composed("@alice@elsewhere.example hi")
    assert post.mentions == ()
    assert post.html == "<p>@alice@elsewhere.example hi</p>"
    assert post.characters == len("@alice hi")


def test_a_handle_with_this_servers_port_is_somebody_here():
    post = compose("@alice@localhost:8000 hi", ids=IDS, public_url="http://localhost:8000", limit=500)
    assert post.mentions == (Mention(11, "alice"),)


def test_a_name_that_nobody_has_stays_text():
    assert composed("hi @nobody").html == "<p>hi @nobody</p>"


@pytest.mark.parametrize(
    "text",
    ["me@alice", "müller@alice", "почта@alice", "x/@alice", "https://example.com/@alice", "@aliceé", "@" + "a" * 31],
)
def test_addresses_and_longer_words_mention_nobody(text: str):
    assert composed(text).mentions == ()


def test_names_to_look_up_are_lower_case_and_each_once():
    assert mentioned_names("@Bo_b @alice, @ALICE@birds.example x@y #t") == ["bo_b", "alice"]
    assert mentioned_names("nobody here") == []


def test_a_hashtag_is_linked_by_its_folded_name_and_shown_as_written():
    post = composed("so much #Weather")
    assert post.tags == (Tag("weather", "Weather"),)
    assert post.html.endswith(
        '<a href="https://birds.example/tags/weather" class="mention hashtag" rel="tag">#<span>Weather</span></a></p>'
    )


def test_a_hashtag_of_another_script_has_an_address_of_plain_characters():
    assert 'href="https://birds.example/tags/%E5%A4%A9%E6%B0%97"' in composed("#天気").html


def test_tags_written_differently_are_one_tag():
    assert composed("#Tern #TERN #ｔｅｒｎ").tags == (Tag("tern", "Tern"),)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Straße", "strasse"),
        ("ＡＢＣ１", "abc1"),
        ("می\u200cخواهم", "میخواهم"),
        ("Café", "café"),
        ("Cafe\u0301", "café"),
    ],
)
def test_a_tag_folds_to_one_name_that_folds_to_itself(shown: str, name: str):
    assert fold(shown) == name
    assert fold(name) == name


@pytest.mark.parametrize("text", ["#1", "#_", "#️⃣ press", "a#b", "&#x27;", "https://example.com/#top", "# word"])
def test_what_only_looks_like_a_hashtag_is_none(text: str):
    assert composed(text).tags == ()


def test_a_long_link_is_shortened_to_thirty_characters_and_counts_twenty_three():
    post = composed("https://www.example.com/a/path/that/is/longer")
    assert post.html == (
        '<p><a href="https://www.example.com/a/path/that/is/longer" target="_blank"'
        ' rel="nofollow noopener noreferrer" translate="no"><span class="invisible">https://www.</span>'
        '<span class="ellipsis">example.com/a/path/that/is/lon</span><span class="invisible">ger</span></a></p>'
    )
    assert post.characters == 23


def test_a_short_link_counts_twenty_three_too():
    assert composed("http://a.com").characters == 23


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("(see https://example.com/a_(b))", "https://example.com/a_(b)"),
        ("[so](https://example.com/a),then", "https://example.com/a"),
        ("at https://example.com.", "https://example.com"),
        ("《https://example.com/道》", "https://example.com/道"),
        ("https://例え.jp/あ。", "https://例え.jp/あ"),
        ("“https://example.com/x”", "https://example.com/x"),
    ],
)
def test_a_link_ends_where_the_sentence_goes_on(text: str, url: str):
    assert f'href="{url}"' in composed(text).html


@pytest.mark.parametrize(
    "text",
    [
        "javascript://example.com/%0aalert(1)",
        "https://trusted.example.com@evil.com/",
        "http://10.0.0.1/",
        "http://localhost/",
        "https://a.notadomain/",
        "https://exam\u202eple.com/",
    ],
)
def test_what_could_mislead_is_not_linked(text: str):
    assert "<a " not in composed(text).html


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("e\u0301", 1),
        ("👨‍👩‍👧‍👦", 1),
        ("👍🏽👍", 2),
        ("🇳🇴🇸🇪🇩", 3),
        ("각", 1),
        ("\u1100\u1161\u11a8", 1),
        ("नमस्ते", 4),
        ("今日は", 3),
        ("ﾊﾟﾋﾟ", 2),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿!", 2),
        ("a\nb", 3),
    ],
)
def test_length_is_counted_as_people_count(text: str, characters: int):
    assert composed(text).characters == characters


@pytest.mark.parametrize("text", ["", "   ", "\n\r\n\t"])
def test_a_blank_text_is_refused_in_the_words_that_clients_know(text: str):
    with pytest.raises(Invalid, match=r"^Validation failed: Text can't be blank$"):
        composed(text)


def test_a_text_at_the_limit_is_taken_and_one_character_more_is_refused():
    assert composed("x" * 500).characters == 500
    with pytest.raises(Invalid) as refused:
        composed("x" * 501)
    assert refused.value.public == "Validation failed: Text character limit of 500 exceeded"


def test_the_content_warning_counts_towards_the_limit():
    assert composed("x" * 490, spoiler="0123456789").characters == 500
    with pytest.raises(Invalid):
        composed("x" * 491, spoiler="0123456789")


def test_naming_more_people_than_the_limit_is_refused():
    names = [f"n{number}" for number in range(MENTIONS_MAX + 1)]
    ids = {name: number for number, name in enumerate(names, 1)}
    text = " ".join(f"@{name}" for name in names)
    with pytest.raises(Invalid, match=f"the limit is {MENTIONS_MAX}"):
        compose(text, ids=ids, public_url=URL, limit=5_000)


def test_a_note_is_rendered_like_a_post_and_its_links_are_of_the_person():
    html = render_note("I watch birds.\n\nhttps://example.com/me #Waders", URL)
    assert html.startswith("<p>I watch birds.</p><p><a href=")
    assert 'rel="me nofollow noopener noreferrer"' in html
    assert 'rel="tag"' in html
    assert render_note(" \n", URL) == ""


def test_a_profile_field_is_one_line_of_safe_html():
    assert render_field("they/them\n<b>", URL) == "they/them &lt;b&gt;"
    assert 'rel="me nofollow noopener noreferrer"' in render_field("https://example.com", URL)
