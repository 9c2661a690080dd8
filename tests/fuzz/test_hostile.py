"""Requests as nobody's client makes them, over real sockets: each is refused cleanly, and the server goes on."""

import gzip
from contextlib import ExitStack, closing

import pytest

from tests.support.raw import line_to, request
from whimbrel.kernel.limits import BODY_BYTES_MAX, QUERY_BYTES_MAX

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
POSTS = "/api/v1/statuses"
HOME = "/api/v1/timelines/home"
HELD_LINES = 150
TEN_GIGABYTES = str(10 * 1024**3)


@pytest.fixture
def say(server, tokens):
    """Sends one request with ada's token, and returns the answer."""

    def ask(method, target, *, body=b"", **headers):
        headers = {"authorization": f"Bearer {tokens['ada']}", **headers}
        with line_to(server.url) as line:
            said = line.send(request(method, target, body=body, **headers)).hear(bodiless=method == "HEAD")
        assert said is not None, f"{method} {target[:80]}: no answer"
        return said

    return ask


@pytest.fixture(autouse=True)
def _the_server_goes_on(server):
    yield
    with closing(server.client()) as anybody:
        assert anybody.get("/livez").status == 200


def posts_by(server, token):
    with closing(server.client(token)) as client:
        return client.get("/api/v1/accounts/verify_credentials").json["statuses_count"]


def refused(said, *codes):
    assert said.status in codes, (said.status, said.body[:200])
    assert said.json["error"]
    return said


def test_a_huge_body_is_refused_before_any_of_it_is_sent(say):
    for kind in (JSON, FORM, "multipart/form-data; boundary=x"):
        refused(say("POST", POSTS, content_type=kind, content_length=TEN_GIGABYTES), 413)
    refused(say("POST", POSTS, content_type=JSON, content_length=str(BODY_BYTES_MAX + 1)), 413)
    refused(say("GET", HOME, content_type=JSON, content_length=TEN_GIGABYTES), 413)


def test_a_huge_body_is_refused_to_strangers_and_at_the_other_doors_too(server):
    for target in ("/api/v1/apps", "/oauth/token", "/oauth/sign_in", "/api/v1/accounts", POSTS):
        with line_to(server.url) as line:
            said = line.send(request("POST", target, content_type=JSON, content_length=TEN_GIGABYTES)).hear()
        assert said.status in (401, 413), target


def test_a_client_that_waits_to_be_asked_for_its_huge_body_is_not_asked(say):
    refused(say("POST", POSTS, content_type=JSON, content_length=TEN_GIGABYTES, expect="100-continue"), 413)


def test_a_body_in_endless_pieces_is_cut_off_at_the_limit(server, tokens):
    head = request(
        "POST", POSTS, content_type=JSON, transfer_encoding="chunked", authorization=f"Bearer {tokens['ada']}"
    )
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with line_to(server.url) as line:
        refused(line.send(head, *[piece] * (BODY_BYTES_MAX // 0x10000 + 2)).hear(), 413)


def test_a_body_in_pieces_is_a_body(server, tokens):
    head = request(
        "POST", POSTS, content_type=JSON, transfer_encoding="chunked", authorization=f"Bearer {tokens['ada']}"
    )
    with line_to(server.url) as line:
        said = line.send(head, b'8\r\n{"status\r\n', b'a\r\n":"piece"}\r\n', b"0\r\n\r\n").hear()
    assert (said.status, said.json["content"]) == (200, "<p>piece</p>")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_length": "abc"},
        {"content_length": "-1"},
        {"content_length": "1e3"},
        {"content_length": "99999999999999999999999"},
        {"content_length": "5", "transfer_encoding": "chunked"},
        {"transfer_encoding": "gzip"},
        {"transfer_encoding": "chunked, chunked"},
    ],
    ids=str,
)
def test_a_length_that_is_none_is_no_way_in(server, headers):
    with line_to(server.url) as line:
        said = line.send(request("POST", "/api/v1/apps", content_type=JSON, **headers)).hang_up().hear()
    assert said is None or 400 <= said.status < 500


def test_a_compressed_body_was_called_bad_json(say):
    said = refused(
        say("POST", POSTS, body=gzip.compress(b'{"status":"a"}'), content_type=JSON, content_encoding="GZIP"), 415
    )
    assert said.headers["accept-encoding"] == "identity"
    assert say("POST", POSTS, body=b"status=a", content_type=FORM, content_encoding="utf-8").status == 200


def test_a_body_that_ends_early_publishes_nothing(server, tokens):
    before = posts_by(server, tokens["ada"])
    with line_to(server.url) as line:
        sent = request(
            "POST", POSTS, body=b'{"status":"ha', authorization=f"Bearer {tokens['ada']}", content_length="99"
        )
        said = line.send(sent).hang_up().hear()
    assert said is None or said.status == 400
    assert posts_by(server, tokens["ada"]) == before


def test_a_slow_body_holds_up_nobody_else(server, tokens, say):
    body = b'{"status":"slowly"}'
    head = request(
        "POST", POSTS, content_type=JSON, content_length=str(len(body)), authorization=f"Bearer {tokens['ada']}"
    )
    with line_to(server.url) as line:
        line.send(head, body[:5])
        assert say("GET", HOME).status == 200
        assert line.send(body[5:]).hear().json["content"] == "<p>slowly</p>"


def test_hundreds_of_requests_that_never_end_hold_up_nobody(server, say):
    half_a_head = b"GET /livez HTTP/1.1\r\nHos"
    half_a_body = request("POST", "/api/v1/apps", content_type=JSON, content_length="100") + b"{"
    with ExitStack() as held:
        for sent in (half_a_head, half_a_body) * HELD_LINES:
            held.enter_context(line_to(server.url)).send(sent)
        assert say("GET", HOME).status == 200
        assert say("POST", POSTS, body=b"status=through", content_type=FORM).status == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b"[" * 10_000 + b"]" * 10_000),
        (JSON, b'{"status":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001),
        (JSON, b'{"status":"\xff\xfe"}'),
        (JSON, b'{"status":"a\\u0000b"}'),
        (JSON, b'{"status":"\\ud800"}'),
        (JSON, b'{"status":'),
        (JSON, b'"status"'),
        (JSON, b"null"),
        (JSON, b'{"status":["a"]}'),
        (JSON, b'{"status":{"a":1}}'),
        (JSON, b'{"status":"a","in_reply_to_id":' + b"9" * 5_000 + b"}"),
        (JSON, b'{"status":"a","in_reply_to_id":1e400}'),
        (JSON, b'{"status":"a","sensitive":"perhaps"}'),
        (JSON, b'{"status":"a","visibility":"everybody"}'),
        (JSON, b'{"status":"a","language":"' + b"x" * 1_000 + b'"}'),
        (JSON, b'{"status":"' + b"a" * 900_000 + b'"}'),
        (FORM, b"status=%ff%fe"),
        (FORM, b"status=a%00b"),
        (FORM, b"status=a&status=b"),
        (FORM, b"status[]=a"),
        (FORM, b"status[a]=b"),
        (FORM, b"&".join(b"a%d=1" % number for number in range(5_000))),
        (FORM, b"a" + b"[b]" * 5_000 + b"=1"),
        (FORM, b"status=a&in_reply_to_id=" + b"9" * 5_000),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--y\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\nhalf'),
        ("multipart/form-data; boundary=" + "x" * 5_000, b"--x--"),
        ("text/plain", b"status=a"),
        ("application/xml", b"<status/>"),
        ("\xff/\xfe", b"status=a"),
    ],
    ids=range(31),
)
def test_a_body_that_cannot_be_meant_publishes_nothing(say, kind, body):
    refused(say("POST", POSTS, body=body, content_type=kind), 400, 413, 415, 422)


ABSURD_IDS = (
    "0",
    "-1",
    "1.5",
    "9" * 19,
    "9" * 20,
    "9" * 5_000,
    "abc",
    "%00",
    "%ff",
    "..%2f..",
    "1%0d%0aX-A:%201",
    "１",
)


@pytest.mark.parametrize("number", ABSURD_IDS, ids=range(len(ABSURD_IDS)))
def test_an_absurd_id_names_nothing(say, number):
    number = "".join(character if character.isascii() else "%EF%BC%91" for character in number)
    for method, target in (
        ("GET", f"{POSTS}/{number}"),
        ("GET", f"{POSTS}/{number}/context"),
        ("DELETE", f"{POSTS}/{number}"),
        ("POST", f"{POSTS}/{number}/favourite"),
        ("GET", f"/api/v1/accounts/{number}"),
        ("POST", f"/api/v1/accounts/{number}/follow"),
        ("GET", f"/api/v1/notifications/{number}"),
        ("GET", f"/@ada/{number}"),
        ("GET", f"/@{number}"),
    ):
        said = say(method, target)
        assert said.status == 404, (method, target[:60], said.status)
        assert "x-a" not in said.headers


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=0",
        "limit=abc",
        "limit=" + "9" * 1_000,
        "limit=1&limit=2",
        "max_id=abc",
        "max_id=" + "9" * 1_000,
        "max_id[]=1",
        "max_id=1&max_id=2",
        "min_id=-5",
        "since_id=%00",
        "since_id=%ff",
        "max_id=%0d%0aX-A:%201",
    ],
)
def test_an_absurd_page_is_refused_by_name(say, query):
    said = refused(say("GET", f"{HOME}?{query}"), 400, 422)
    assert "x-a" not in said.headers


def test_strange_but_harmless_queries_are_answered(say):
    for query in ("&&&", "=", "a=b=c", "limit=", "%", "%zz", "limit=1&unknown[]=%F0%9F%90%A6", "limit=99999"):
        assert say("GET", f"{HOME}?{query}").status == 200, query


def test_a_link_header_never_carries_what_was_put_into_a_query(say):
    say("POST", POSTS, body=b"status=linked", content_type=FORM)
    said = say("GET", f"{HOME}?limit=1&x=%0d%0aSet-Cookie:%20a=b&y=%3E;rel=%22next%22")
    assert said.status == 200
    assert "set-cookie" not in said.headers
    assert said.headers["link"].count('rel="next"') == 1


def test_an_endless_address_query_or_header_is_refused(server, say):
    assert say("GET", f"{HOME}?x=" + "a" * QUERY_BYTES_MAX).status == 414
    for sent in (
        request("GET", "/" + "a" * 200_000),
        request("GET", "/livez", x_endless="a" * 2_000_000),
        request("GET", "/livez", **{f"x_{number}": "1" for number in range(5_000)}),
    ):
        with line_to(server.url) as line:
            said = line.send(sent).hear()
        assert said is None or said.status in (400, 404, 414, 431)


def test_what_is_no_http_is_no_way_in(server):
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"SSH-2.0-client\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /livez\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nx: a\x00b\r\n\r\n",
        b"GET /li\x00vez HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n" * 10_000,
        b"\x00" * 100_000,
    ):
        with line_to(server.url) as line:
            said = line.send(sent).hang_up().hear()
        assert said is None or said.status in (400, 404, 505), sent[:30]


def test_the_oldest_http_is_answered_too(server):
    with line_to(server.url) as line:
        said = line.send(b"GET /api/v2/instance HTTP/1.0\r\n\r\n").hear()
        assert said.status == 200
        assert said.json["title"]
        assert line.hear() is None


def test_requests_sent_all_at_once_are_answered_in_order(server):
    targets = ("/api/v1/custom_emojis", "/api/v1/statuses/1", "/api/v2/instance", "/health")
    with line_to(server.url) as line:
        line.send(b"".join(request("GET", target) for target in targets))
        assert [line.hear().status for _ in targets] == [200, 404, 200, 200]


def test_a_connection_is_kept_after_a_refusal(server):
    with line_to(server.url) as line:
        body = b"nonsense"
        assert line.send(request("POST", "/api/v1/apps", body=body, content_type=JSON)).hear().status == 400
        assert line.send(request("GET", "/health")).hear().status == 200


@pytest.mark.parametrize("method", ["BREW", "TRACE", "CONNECT", "PROPFIND", "GeT", "PUT", "DELETE"])
def test_a_method_that_means_nothing_here_is_refused(server, method):
    with line_to(server.url) as line:
        said = line.send(request(method, HOME)).hang_up().hear()
    assert said is None or said.status in (400, 405, 501)


def test_options_says_which_methods_there_are(say):
    said = say("OPTIONS", POSTS)
    assert said.status == 204
    assert said.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert say("OPTIONS", "/api/v1/nowhere").status == 404


def test_head_sends_no_body_and_the_connection_goes_on(server):
    with line_to(server.url) as line:
        said = line.send(request("HEAD", "/api/v2/instance")).hear(bodiless=True)
        assert said.status == 200
        assert int(said.headers["content-length"]) > 0
        assert line.send(request("GET", "/health")).hear().body == b"OK"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 50_000,
        "bearer x y z",
        "Bearer ' OR 1=1 --",
        "Bearer ../..",
    ],
    ids=range(7),
)
def test_a_token_that_is_none_opens_nothing(say, authorization):
    assert say("GET", HOME, authorization=authorization).status in (400, 401, 431)


def test_no_way_leads_out_of_the_folder_of_files(server):
    for target in (
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2f..%2fetc/passwd",
        "/static//etc/passwd",
        "/static/%00",
        "/static/whimbrel.css%00.txt",
        "//etc/passwd",
        "/./api/../etc/passwd",
    ):
        with line_to(server.url) as line:
            said = line.send(request("GET", target)).hear()
        assert said.status in (400, 404), (target, said.status)
        assert b"root:" not in said.body


def test_strange_ways_to_write_an_address_find_nothing_or_the_same(server):
    for target, codes in (
        ("/api/v2/instance//", (404,)),
        ("/api//v2/instance", (404,)),
        ("/api/v2/%69nstance", (200, 404)),
        ("http://127.0.0.1/api/v2/instance", (200,)),
        ("http://elsewhere.example.test/api/v2/instance", (200, 404)),
        ("/api/v2/instance;a=b", (404,)),
        ("/API/V2/INSTANCE", (404,)),
    ):
        with line_to(server.url) as line:
            assert line.send(request("GET", target)).hear().status in codes, target


def test_an_idempotency_key_may_be_anything_that_is_short(say):
    for number, key in enumerate(("\xff\xfe", "a b", "'; DROP", "x" * 255)):
        body = b"status=keyed+%d" % number
        first = say("POST", POSTS, body=body, content_type=FORM, idempotency_key=key)
        second = say("POST", POSTS, body=body, content_type=FORM, idempotency_key=key)
        assert first.status == second.status == 200
        assert first.json["id"] == second.json["id"]
    refused(say("POST", POSTS, body=b"status=a", content_type=FORM, idempotency_key="x" * 256), 422)
