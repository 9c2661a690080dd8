"""Front matter: a recorded example for each generator, and words that read back as they were whatever they are."""

import datetime as dt

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.statuspage.writeup_examples import BEGAN, OVER, facts, incident, version
from whimbrel.statuspage.writeup.documents import document, slug_of
from whimbrel.statuspage.writeup.frontmatter import Matter, front_matter, one_line

GENERATORS = ("jigsaw", "jekyll", "hugo", "hexo", "cstate")

RECORDED = {
    "jigsaw": """\
---
extends: _layouts.post
section: content
image: /assets/images/trouble-with-posting.png
title: >
  Trouble with Posting
description: >
  What happened.
date: 1602810300
---
""",
    "jekyll": """\
---
layout: post
title: "Trouble with Posting"
description: "What happened."
date: 2020-10-16 01:05:00 +0000
last_modified_at: 2020-10-16 01:05:00 +0000
image: /assets/images/trouble-with-posting.png
tags: [outages]
---
""",
    "hugo": """\
---
title: "Trouble with Posting"
date: 2020-10-16T01:05:00Z
lastmod: 2020-10-16T01:05:00Z
draft: false
description: "What happened."
images: ["/images/trouble-with-posting.png"]
tags: [outages]
---
""",
    "hexo": """\
---
title: "Trouble with Posting"
date: 2020/10/16 01:05:00
updated: 2020/10/16 01:05:00
tags: [outages]
excerpt: "What happened."
description: "What happened."
image: /images/trouble-with-posting.png
---
""",
    "cstate": """\
---
title: "Trouble with Posting"
date: 2020-10-15 21:30:00
resolved: true
resolvedWhen: 2020-10-15 23:05:00
severity: down
affected: ["Posting", "Home timeline"]
section: issue
informational: false
pin: false
---
""",
}

NAMES = {
    "jigsaw": ("trouble-with-posting.md", "source/_posts"),
    "jekyll": ("2020-10-16-trouble-with-posting.md", "_posts"),
    "hugo": ("trouble-with-posting.md", "content/posts"),
    "hexo": ("trouble-with-posting.md", "source/_posts"),
    "cstate": ("2020-10-15-trouble-with-posting.md", "content/issues"),
}

HOSTILE = (
    "a: b # c",
    "--- three",
    "---",
    "\"quoted\" and 'so'",
    "> folded | literal",
    "- dash, ? question, ! bang, & anchor, * alias, % percent, @ at, ` tick",
    "first\n---\nsecond: line",
    "{{ x }} {% y %} {!! z !!} @if",
    "🐦 says “no”",
    "  spaces \t around  ",
    "true",
    "2020-10-15",
    "null",
    "\u0000\u0085\u2028\ufeff\ud800x",
    "\\n \\u0041",
)


def matter(**changed):
    return Matter(
        **{
            "title": "t",
            "description": "d",
            "image": "/i.png",
            "date_ms": OVER,
            "updated_ms": OVER,
            "began_ms": BEGAN,
            "resolved_ms": OVER,
            "impact": "major",
        }
        | changed
    )


def read(text):
    assert text.startswith("---\n")
    assert text.endswith("\n---\n")
    return yaml.safe_load(text[4:-4])


@pytest.mark.parametrize("generator", GENERATORS)
def test_each_generator_gets_the_front_matter_and_the_name_that_it_wants(generator):
    made = document(facts(), version(), generator)
    assert made.text.startswith(RECORDED[generator] + "\n")
    assert (made.name, made.folder) == NAMES[generator]


def test_jigsaws_date_is_a_whole_number_or_one_with_a_fraction():
    whole = read(front_matter(matter(), "jigsaw"))["date"]
    fraction = read(front_matter(matter(date_as="float"), "jigsaw"))["date"]
    assert (type(whole), type(fraction)) == (int, float)
    assert whole == fraction == OVER / 1_000
    assert "date: 1602803100.0\n" in front_matter(matter(date_as="float"), "jigsaw")


def test_dates_are_read_as_the_same_moment():
    moment = dt.datetime.fromtimestamp(OVER / 1_000, dt.UTC)
    assert read(front_matter(matter(), "hugo"))["date"] == moment
    ruby = "%Y-%m-%d %H:%M:%S %z"  # Ruby reads it as a time, PyYAML as text
    assert dt.datetime.strptime(read(front_matter(matter(), "jekyll"))["date"], ruby) == moment
    assert read(front_matter(matter(), "cstate"))["resolvedWhen"] == moment.replace(tzinfo=None)


def test_what_is_not_published_is_marked_so_that_no_site_shows_it_unasked():
    drafts = {generator: read(front_matter(matter(is_draft=True), generator)) for generator in GENERATORS}
    assert (drafts["hugo"]["draft"], drafts["cstate"]["draft"]) == (True, True)
    assert (drafts["jekyll"]["published"], drafts["hexo"]["published"]) == (False, False)


@pytest.mark.parametrize(
    ("impact", "severity"), [("none", "notice"), ("minor", "notice"), ("major", "disrupted"), ("critical", "down")]
)
def test_cstate_is_told_how_bad_it_was_and_whether_it_is_over(impact, severity):
    over = read(front_matter(matter(impact=impact), "cstate"))
    assert (over["severity"], over["resolved"]) == (severity, True)
    running = read(front_matter(matter(resolved_ms=None), "cstate"))
    assert running["resolved"] is False
    assert "resolvedWhen" not in running


def test_cstate_has_the_picture_in_its_text():
    made = document(facts(incident=incident()), version(), "cstate", image="/a b.png")
    assert "](/a%20b.png)\n\nText.\n" in made.text


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_read_back_as_words(generator, words):
    check(generator, words, words)


@pytest.mark.parametrize("generator", GENERATORS)
@settings(deadline=None)
@given(title=st.text(max_size=60), description=st.text(max_size=60))
def test_any_words_read_back_as_words(generator, title, description):
    check(generator, title, description)


def check(generator, title, description):
    text = front_matter(matter(title=title, description=description, affected=(title,), image=title), generator)
    found = read(text)
    assert found["title"].removesuffix("\n") == one_line(title)
    if generator != "cstate":
        assert found["description"].removesuffix("\n") == one_line(description)
    else:
        assert found["affected"] == [one_line(title)]
    assert text.split("\n").count("---") == 2


def test_a_title_of_jigsaws_is_a_folded_scalar_with_its_line_indented():
    text = front_matter(matter(title="a: b\n---\nc", description="# d"), "jigsaw")
    assert "\ntitle: >\n  a: b --- c\ndescription: >\n  # d\n" in text


def test_one_line_keeps_words_and_loses_what_no_title_has():
    assert one_line(" a\n\tb\u2028c\u0000d  🐦 ") == "a b c d 🐦"


def test_a_name_of_a_file_is_plain_letters_whatever_the_title_is():
    assert slug_of("Störung: Über/../uns — #1", "i1") == "storung-uber-uns-1"
    assert slug_of("停電", "i1") == "i1"
    assert len(slug_of("x" * 500, "i1")) == 60
