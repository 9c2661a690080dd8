"""What clients send, in every encoding, hostile ones included: one tree out of it, or a clean 4xx."""

import json

import pytest

from whimbrel.api.bodies import body_tree, query_tree, tree
from whimbrel.api.parameters import Parameters, Upload
from whimbrel.kernel.errors import BadRequest, Invalid, TooLarge, WhimbrelError
from whimbrel.kernel.limits import FIELDS_MAX, JSON_DEPTH_MAX, QUERY_BYTES_MAX

FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"
MULTIPART = "multipart/form-data; boundary=frontier"


def part(name: str, value: str) -> str:
    return f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


def in_every_encoding(form: str, fields: list[tuple[str, str]], value: object) -> list[tuple[str, bytes]]:
    multipart = "".join(part(name, text) for name, text in fields) + "--frontier--\r\n"
    return [(FORM, form.encode()), (MULTIPART, multipart.encode()), (JSON, json.dumps(value).encode())]


@pytest.mark.parametrize("encoding", [0, 1, 2])
def test_a_list_is_the_same_in_a_form_a_multipart_body_and_json(encoding):
    sent = in_every_encoding("types[]=a&types[]=b", [("types[]", "a"), ("types[]", "b")], {"types": ["a", "b"]})
    content_type, body = sent[encoding]
    assert Parameters(body_tree(body, content_type)).texts("types") == ["a", "b"]


@pytest.mark.parametrize("encoding", [0, 1, 2])
def test_profile_fields_keep_their_order_in_every_encoding(encoding):
    fields = [(f"fields_attributes[{n}][{key}]", f"{key}{n}") for n in (10, 2) for key in ("name", "value")]
    form = "&".join(f"{name}={value}" for name, value in fields)
    rows = {"2": {"name": "name2", "value": "value2"}, "10": {"name": "name10", "value": "value10"}}
    content_type, body = in_every_encoding(form, fields, {"fields_attributes": rows})[encoding]
    each = Parameters(body_tree(body, content_type)).each("fields_attributes")
    assert each is not None
    assert [row.text("name") for row in each] == ["name2", "name10"]


def test_a_json_list_of_objects_is_read_like_numbered_fields():
    each = Parameters({"fields_attributes": [{"name": "a"}, {"name": "b"}]}).each("fields_attributes")
    assert each is not None
    assert [row.text("name") for row in each] == ["a", "b"]


def test_a_name_met_again_in_a_list_of_trees_begins_the_next_tree():
    assert tree([("a[][x]", "1"), ("a[][y]", "2"), ("a[][x]", "3")]) == {"a": [{"x": "1", "y": "2"}, {"x": "3"}]}


def test_a_file_is_an_upload_and_never_a_text():
    head = '--frontier\r\nContent-Disposition: form-data; name="avatar"; filename="me.png"\r\n'
    body = f"{head}Content-Type: image/png\r\n\r\nbytes\r\n--frontier--\r\n".encode()
    sent = Parameters(body_tree(body, MULTIPART))
    assert sent.values == {"avatar": Upload("me.png", "image/png", b"bytes")}
    with pytest.raises(Invalid, match="avatar must be a text"):
        sent.text("avatar")


def test_a_browsers_empty_file_field_is_an_empty_text():
    head = '--frontier\r\nContent-Disposition: form-data; name="avatar"; filename=""\r\n\r\n\r\n'
    assert Parameters(body_tree(f"{head}--frontier--\r\n".encode(), MULTIPART)).text("avatar") == ""


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"a[]=1&a=2"),
        (FORM, b"a=1&a[b]=2"),
        (FORM, b"status=%ff%fe"),
        (FORM, b"status=%00"),
        (FORM, b"a" + b"[b]" * (JSON_DEPTH_MAX + 1) + b"=1"),
        (FORM, b"&".join([b"a[]=1"] * (FIELDS_MAX + 1))),
        (JSON, b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
        (JSON, b"[" * 100_000),
        (JSON, b'{"a":' * (JSON_DEPTH_MAX + 1) + b"1" + b"}" * (JSON_DEPTH_MAX + 1)),
        (JSON, json.dumps({"a": list(range(FIELDS_MAX + 1))}).encode()),
        (JSON, b'{"status":"\\u0000"}'),
        (JSON, b'{"\\u0000":1}'),
        (JSON, b'{"status":"\\ud800"}'),
        (JSON, b'{"status":"\xff"}'),
        (JSON, b'{"limit":1' + b"0" * 5_000 + b"}"),
        (JSON, b'{"limit":NaN}'),
        (JSON, b'["a"]'),
        (JSON, b'"a"'),
        (JSON, b"{"),
        (JSON, b"\xef\xbb\xbf\xff"),
        (MULTIPART, b"no boundary at all"),
        (MULTIPART, part("status", "cut off").encode()),
        (MULTIPART, b"--frontier\r\n\r\nno name\r\n"),
        ("multipart/form-data", part("status", "x").encode()),
        ("text/plain", b"status=x"),
        ("", b"status=x"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_400_that_says_why(content_type, body):
    with pytest.raises(BadRequest) as refused:
        body_tree(body, content_type)
    assert refused.value.status == 400
    assert 10 < len(refused.value.public) < 200


@pytest.mark.parametrize("getter", ["text", "boolean", "integer", "id", "ids", "texts", "nested", "each"])
def test_a_name_given_twice_is_a_400_for_whoever_reads_it(getter):
    sent = Parameters(body_tree(b"status=one&status=two&other=1", FORM))
    with pytest.raises(BadRequest, match="twice"):
        getattr(sent, getter)("status")
    assert sent.text("other") == "1"


def test_an_empty_body_has_no_parameters_whatever_its_type():
    assert body_tree(b"", "text/plain") == body_tree(b"", JSON) == {}


def test_a_query_beyond_its_limit_is_refused_as_too_long():
    with pytest.raises(TooLarge) as refused:
        query_tree(b"q=" + b"x" * QUERY_BYTES_MAX)
    assert refused.value.status == 414


def test_words_of_the_query_are_decoded_as_forms_are():
    assert query_tree(b"q=caf%C3%A9+noir&empty=&=nameless&flag") == {"q": "caf\xe9 noir", "empty": "", "flag": ""}


@pytest.mark.parametrize(
    ("getter", "value", "expected"),
    [
        ("boolean", "true", True),
        ("boolean", "0", False),
        ("boolean", "", None),
        ("boolean", "on", True),
        ("boolean", 1, True),
        ("boolean", None, None),
        ("integer", "-5", -5),
        ("integer", "", None),
        ("integer", 7, 7),
        ("id", "9223372036854775807", 2**63 - 1),
        ("id", 12, 12),
        ("id", "", None),
        ("text", 12, "12"),
        ("text", "", ""),
        ("ids", ["3", 3, "1"], [3, 1]),
        ("ids", "4", [4]),
        ("ids", {"1": "6", "0": "5"}, [5, 6]),
        ("texts", None, []),
    ],
)
def test_values_are_read_as_what_they_stand_for(getter, value, expected):
    assert getattr(Parameters({"it": value}), getter)("it") == expected


@pytest.mark.parametrize(
    ("getter", "value"),
    [
        ("boolean", "maybe"),
        ("boolean", ["true"]),
        ("integer", "1e3"),
        ("integer", "9" * 19),
        ("integer", "\u0663"),
        ("integer", 1.5),
        ("integer", True),
        ("integer", 10**30),
        ("id", "-1"),
        ("id", "0"),
        ("id", "9223372036854775808"),
        ("id", "12abc"),
        ("id", {"a": 1}),
        pytest.param("id", 10**4_500, id="id-huge"),
        ("text", ["a"]),
        ("text", {"a": "b"}),
        ("text", True),
        ("ids", ["1", "x"]),
        ("texts", ["a", ["b"]]),
        ("nested", "flat"),
        ("nested", ["a"]),
        ("each", "flat"),
        ("each", ["flat"]),
    ],
)
def test_a_value_of_the_wrong_type_is_a_422_that_names_it(getter, value):
    with pytest.raises(WhimbrelError) as refused:
        getattr(Parameters({"it": value}), getter)("it")
    assert refused.value.status == 422
    assert refused.value.public.startswith("it must be ")
    assert len(refused.value.public) < 120
