"""Six languages: each has every text with the same figures, writes numbers in its own way, and is chosen well."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from whimbrel.statuspage.catalogue.defaults import COMPONENTS
from whimbrel.statuspage.incidents.windows import rule_of
from whimbrel.statuspage.incidents.words import TEMPLATES, body_of, name_of
from whimbrel.statuspage.pages import sentences
from whimbrel.statuspage.pages.language import LANGUAGES, chosen, words_of
from whimbrel.statuspage.values import Incident, Reason, Update, Verdict
from whimbrel.statuspage.verdict import CLAUSES

PAGES = Path(sentences.__file__).parent
ROOMS = sorted(found.parent.name for found in PAGES.parent.glob("*/words"))
NOW = 1_602_794_000_000
STATES = {"home": "major_outage", "search": "degraded_performance", "media": "operational"}
FIGURES = {"since_ms": NOW - 60_000, "share": 0.62, "reports": 86.0, "next_update_ms": NOW + 300_000}
OF_CLAUSES = {
    "probes_all_failing": {"failing": 4, "probes": 4, "failures": 3, "error": "HTTP 503"},
    "probes_some_failing": {"failing": 2, "probes": 4, "failures": 3, "error": ""},
    "burning": {
        "objective": "availability",
        "long_burn": 31.2,
        "short_burn": 90.4,
        "long_seconds": 3_600,
        "short_seconds": 300,
    },
    "stale": {"share": 0.2, "age_seconds": 75.5},
    "fallen": {"rate": "posting", "actual": 1.5, "expected": 80.25},
    "crowd": {"reports": 86.0, "expected": 3.2, "tail": 3e-9, "weight": 1.0},
}
OF_SHARES = {"share": 0.665, "bad": 801, "total": 1_204, "window_seconds": 60}


def texts(language, room="pages"):
    return json.loads((PAGES.parent / room / "words" / f"{language}.json").read_text("utf-8"))


def figures_in(text):
    """The names in a text, those within the choices between one and many too."""
    parts = [(name, forms) for _, name, forms, _ in Formatter().parse(text) if name is not None]
    return {name for name, _ in parts}.union(*(figures_in(forms) for _, forms in parts))


def choices_in(text):
    """The choices between one and many in a text."""
    return [forms for _, _, forms, _ in Formatter().parse(text) if forms]


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_figures(language, room):
    ours, english = texts(language, room), texts("en", room)
    assert list(ours) == list(english)
    assert {key: figures_in(text) for key, text in ours.items()} == {
        key: figures_in(text) for key, text in english.items()
    }
    assert all(text.strip() for key, text in ours.items() if key != "thousands")
    assert all(forms.count("|") == 1 for text in ours.values() for forms in choices_in(text))
    assert {file.stem for file in (PAGES.parent / room / "words").iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_with_a_count_reads_for_one_and_for_many(language):
    words = words_of(language)
    assert len(texts(language)["months"].split("|")) == 12
    for room in ROOMS:
        said = words_of(language, f"whimbrel.statuspage.{room}")
        for key, text in texts(language, room).items():
            if choices_in(text):
                one, many = (said(key, **dict.fromkeys(figures_in(text), words.number(n))) for n in (1, 2))
                assert one != many.replace("2", "1"), (room, key)
                assert not {"|", "{"} & {*one, *many}, (room, key)


def test_one_is_said_as_people_there_say_it():
    figures = {"probes": 1, "failures": 3, "failing": 1}
    alone = Reason(code="probes_all_failing", state="major_outage", since_ms=NOW, figures=figures)
    assert sentences.reason(words_of("en"), alone) == "Our only probe fails, 3 times in a row by now."
    assert sentences.reason(words_of("es"), alone) == "Falla nuestra única sonda; ya van 3 veces seguidas."
    assert sentences.reason(words_of("de"), alone).startswith("Unsere einzige Prüfung schlägt fehl")
    forms = {
        language: " ".join(f"{words_of(language).number(n, 1):one|many}" for n in (0, 1, 1.5, 2, 1_000))
        for language in LANGUAGES
    }
    assert forms == {
        **dict.fromkeys(("en", "es", "de", "ja"), "many one many many many"),
        **dict.fromkeys(("fr", "pt"), "one one one many many"),
    }


@pytest.mark.parametrize(
    ("rule", "english", "german"),
    [
        ("FREQ=WEEKLY", "every week", "jede Woche"),
        ("FREQ=DAILY;INTERVAL=2", "every 2 days", "alle 2 Tage"),
        ("FREQ=WEEKLY;COUNT=1", "every week, for the last time", "jede Woche, zum letzten Mal"),
        (
            "FREQ=MONTHLY;COUNT=3",
            "every month, 3 times, this one included",
            "jeden Monat, 3-mal einschließlich dieses Mals",
        ),
        ("FREQ=DAILY;UNTIL=20201231", "every day, until 31 Dec 2020", "jeden Tag, bis 31. Dez. 2020"),
    ],
)
def test_how_a_window_recurs_is_said_in_words(rule, english, german):
    assert sentences.recurrence(words_of("en"), rule_of(rule)) == english
    assert sentences.recurrence(words_of("de"), rule_of(rule)) == german


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_nearly_every_text_is_translated(language, room):
    ours, english = texts(language, room), texts("en", room)
    same = {key for key in english if ours[key] == english[key] and re.search(r"[a-z]{4}", english[key])}
    assert len(same) < 12, same


def test_every_text_is_used_somewhere():
    files = [*PAGES.parent.rglob("*.py"), *PAGES.parent.rglob("*.html")]
    used = "\n".join(file.read_text("utf-8") for file in files)
    families = set(re.findall(r"""["'](\w+)\.(?:"\s*~|{)""", used)) | {"group", "objective", "rate"}
    endings = tuple(re.findall(r"""key ~ ["'](\w+)["']""", used))
    for room in ROOMS:
        unused = [
            key
            for key in texts("en", room)
            if f'"{key}"' not in used and key.partition(".")[0] not in families and not key.endswith(endings)
        ]
        assert unused == [], room


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_of_the_rule_can_be_said(language):
    words = words_of(language)
    for clause in CLAUSES:
        figures = OF_CLAUSES.get(clause.code, OF_SHARES)
        said = sentences.reason(words, Reason(code=clause.code, state=clause.state, since_ms=NOW, figures=figures))
        assert "{" not in said
        assert len(said) > 15


def test_a_reason_has_its_figures_in_it():
    reason = Reason(code="errors_major", state="major_outage", since_ms=NOW, figures=OF_SHARES)
    said = sentences.reason(words_of("en"), reason)
    assert said == "66.5% of the requests of the last 1\u00a0min failed (801 of 1,204)."
    assert sentences.reason(words_of("de"), reason).startswith("66,5\u00a0% der Anfragen")


def update(template, figures=FIGURES):
    return Update(
        id="i1-1",
        incident="i1",
        status="investigating",
        body="said",
        actor="",
        created_ms=NOW,
        displayed_ms=NOW,
        components=STATES,
        template=template,
        figures=figures,
    )


@pytest.mark.parametrize("figures", [FIGURES, FIGURES | {"reports": 1.0}], ids=["many", "one"])
@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_what_the_program_says_by_itself_reads_in_english_as_it_is_sent(template, figures):
    names = {component.id: component.name for component in COMPONENTS}
    sent = body_of(template, STATES, figures, names)
    shown = sentences.body(words_of("en"), update(template, figures), names)
    times = r"(\d\d:\d\d UTC on \d\d \w+ \d{4}|\d+ \w+ \d{4}, \d\d:\d\d UTC)"
    assert re.sub(times, "then", shown) == re.sub(times, "then", sent)


def test_people_are_quoted_in_every_language():
    for language in LANGUAGES:
        assert sentences.body(words_of(language), update(""), {}) == "said"


def test_an_incidents_own_name_is_translated_and_a_persons_is_kept():
    english = {component.id: component.name for component in COMPONENTS}
    words = words_of("ja")
    here = sentences.names_in(words, COMPONENTS)
    opened = Incident(
        id="i1",
        name=name_of(STATES, english),
        status="investigating",
        impact="critical",
        components=STATES,
        automatic=True,
        pain_ms=NOW,
        created_ms=NOW,
        changed_ms=NOW,
        updated_ms=NOW,
        updates=(update("opened"),),
    )
    assert sentences.incident_name(words, opened, here, english) == "ホームタイムライン, 検索とトレンド, メディアの障害"
    named = Incident(**{name: getattr(opened, name) for name in opened.__struct_fields__} | {"name": "A fire"})
    assert sentences.incident_name(words, named, here, english) == "A fire"


def test_disagreement_says_since_when():
    crowd = Reason(code="crowd", state="degraded_performance", since_ms=NOW, figures=OF_CLAUSES["crowd"])
    verdict = Verdict(
        component="home",
        state="degraded_performance",
        since_ms=NOW,
        at_ms=NOW,
        reasons=(crowd,),
        disagreement="crowd_against_probes",
    )
    said = sentences.disagreement(words_of("en"), verdict)
    assert said == "Users report trouble, our probes are green (since 20:33 UTC)."


def test_numbers_days_and_durations_are_written_as_people_there_write_them():
    english, german, japanese = words_of("en"), words_of("de"), words_of("ja")
    assert (english.number(1_234.5, 2), german.number(1_234.5, 2)) == ("1,234.5", "1.234,5")
    assert [words.date(NOW) for words in (english, german, japanese)] == [
        "15 Oct 2020",
        "15. Okt. 2020",
        "2020年10月15日",
    ]
    assert [english.duration(ms) for ms in (900, 61_000, 600_500, 3_660_000, 90_000_000)] == [
        "0\u00a0s",
        "1\u00a0min 1\u00a0s",
        "10\u00a0min",
        "1\u00a0h 1\u00a0min",
        "1\u00a0d 1\u00a0h",
    ]
    assert english.power(3e-9) == "3 × 10⁻⁹"


def test_a_share_is_not_rounded_up_to_a_whole():
    words = words_of("en")
    assert [words.share(value, 3) for value in (1.0, 0.999_999_9, 0.987_654)] == ["100%", "99.999%", "98.765%"]


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "en;q=0.1, ja;q=0.9", "ja"),
        ("", "fr;q=0, pt-BR;q=0.2", "pt"),
        ("es", "de", "es"),
        ("xx", "de", "de"),
        ("", "tlh, *;q=0.5", "en"),
        ("", "de;q=nonsense,;;,=", "en"),
    ],
)
def test_the_address_chooses_before_the_browser(asked, accepted, language):
    assert chosen(asked, accepted) == language
