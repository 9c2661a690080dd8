"""E-mail against a real SMTP server: nobody hears anything before they agreed, and one click ends it."""

import asyncio
import json
import re
import threading
from email import message_from_bytes, policy
from html import unescape

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from tests.statuspage.page_in_test import HOST, HOUR, MINUTE, opened_page, words_of
from whimbrel.kernel.errors import Invalid, Misconfigured
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.pages.language import LANGUAGES
from whimbrel.statuspage.pages.language import words_of as words_in
from whimbrel.statuspage.telling import rows
from whimbrel.statuspage.telling.mail import Mail, MailServer, check_address
from whimbrel.statuspage.values import Reason, Verdict

SENDER = f"Birds <birds@{HOST}>"


class Mailbox:
    """What arrives at the mail server, and what it says to senders."""

    def __init__(self):
        self.messages, self.refusal, self.signed_in = [], "", []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, given):
        self.signed_in.append((given.login, given.password))
        return AuthResult(success=True)


@pytest.fixture
def mailbox():
    mailbox = Mailbox()
    listening = Listening(mailbox)
    mailbox.port = listening.port
    yield mailbox
    listening.close()


class Listening:
    """aiosmtpd on a free port, in a thread with a loop of its own."""

    def __init__(self, mailbox):
        self._loop, self._mailbox, started = asyncio.new_event_loop(), mailbox, threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,))
        self._thread.start()
        assert started.wait(10)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, started):
        making = self._loop.create_server(self._connection, "127.0.0.1", 0)
        server = self._loop.run_until_complete(making)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(server.wait_closed())
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _connection(self):
        authenticate = self._mailbox.authenticate
        return SMTP(self._mailbox, authenticator=authenticate, auth_require_tls=False, loop=self._loop)


def server_of(mailbox, **more):
    return MailServer(host="127.0.0.1", port=mailbox.port, sender=SENDER, tls="none", **more)


@pytest.fixture
def page(tmp_path, mailbox):
    with opened_page(tmp_path, mail=server_of(mailbox)) as page:
        yield page


def subscribe(page, address="ada@example.org", **more):
    reply = page.browser().post("/subscribe", email=address, **more)
    page.settle()
    return reply


def link_in(message, path):
    text = message.get_body(("plain",)).get_content()
    return re.search(rf"http://{HOST}(/{path}/\S+)", text)[1]


def agreed(page, mailbox, address="ada@example.org", **more):
    subscribe(page, address, **more)
    assert page.browser().ask("POST", link_in(mailbox.messages[-1], "subscribe/confirm")).status == 200
    mailbox.messages.clear()


def say(page, body="Posts come late.", name="Home is slow", components=("home",)):
    saying = Saying(body=body, components=dict.fromkeys(components, "partial_outage"))
    incident = page.run(page.program.rooms.incidents.open(name, saying, actor="ada", board={}))
    page.turn()
    return incident


def test_nobody_is_told_before_they_agreed_and_a_look_at_the_link_is_no_agreement(page, mailbox):
    assert "mailbox" in words_of(subscribe(page))
    say(page)
    (asking,) = mailbox.messages
    assert (asking["To"], asking["From"]) == ("ada@example.org", SENDER)
    link = link_in(asking, "subscribe/confirm")
    assert "ada@example.org" in words_of(page.browser().get(link))
    say(page)
    assert len(mailbox.messages) == 1
    assert page.browser().ask("POST", link).status == 200
    say(page, "Found it.")
    assert [one["Subject"] for one in mailbox.messages[1:]] == ["[Birds] Investigating: Home is slow"]


def test_a_message_is_text_and_html_and_can_be_ended_with_one_click(page, mailbox):
    agreed(page, mailbox)
    incident = say(page, "Posts <b>come</b> late.\n\nReload helps.")
    (message,) = mailbox.messages
    text = message.get_body(("plain",)).get_content()
    assert "Posts <b>come</b> late." in text
    assert f"http://{HOST}/incidents/{incident.id}" in text
    assert "<p>Posts &lt;b&gt;come&lt;/b&gt; late.</p><p>Reload helps.</p>" in message.get_body(("html",)).get_content()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message["List-Unsubscribe"].strip("<>").removeprefix(f"http://{HOST}")
    assert page.browser().get(link).status == 200
    one_click = {"Content-Type": "application/x-www-form-urlencoded"}
    assert page.browser().ask("POST", link, body=b"List-Unsubscribe=One-Click", headers=one_click).status == 200
    say(page)
    assert len(mailbox.messages) == 1


def test_words_never_become_headers(page, mailbox):
    agreed(page, mailbox)
    say(page, name="Home\r\nBcc: all@example.org")
    (message,) = mailbox.messages
    assert message["Bcc"] is None
    assert "Bcc: all@example.org" in message["Subject"]


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@example.org", "ada@example.org\r\nBcc: bob@example.org", "a b@c", "x" * 252 + "@a.b"],
)
def test_what_is_no_address_is_refused_on_the_form(page, address, mailbox):
    with pytest.raises(Invalid, match="email"):
        check_address(address)
    assert subscribe(page, address).status == 422
    assert mailbox.messages == []


def test_an_answer_never_says_whether_an_address_is_known_and_one_message_is_enough(page, mailbox):
    first = subscribe(page)
    again = subscribe(page)
    assert first.body == again.body
    assert len(mailbox.messages) == 1
    body = json.dumps({"subscriber": {"email": "ada@example.org"}}).encode()
    replies = [page.browser().ask("POST", "/api/v2/subscribers.json", body=body)]
    agreed_link = link_in(mailbox.messages[-1], "subscribe/confirm")
    page.browser().ask("POST", agreed_link)
    replies.append(page.browser().ask("POST", "/api/v2/subscribers.json", body=body))
    assert replies[0].body == replies[1].body
    assert replies[0].json["mode"] == "email_sms"
    assert "secret" not in replies[0].body.decode()


def test_who_is_subscribed_changes_the_choice_only_by_agreeing_again(page, mailbox):
    agreed(page, mailbox, components=["media"])
    say(page)
    assert mailbox.messages == []
    page.later(11 * MINUTE)
    subscribe(page, components=["home"])
    (asking,) = mailbox.messages
    say(page)
    assert len(mailbox.messages) == 1, "a stranger's choice changes nothing"
    page.browser().ask("POST", link_in(asking, "subscribe/confirm"))
    say(page)
    assert len(mailbox.messages) == 2


def test_a_link_to_agree_is_good_for_a_day_and_for_one_request(page, mailbox):
    subscribe(page)
    first = link_in(mailbox.messages[-1], "subscribe/confirm")
    page.later(HOUR)
    subscribe(page)
    second = link_in(mailbox.messages[-1], "subscribe/confirm")
    assert page.browser().ask("POST", first).status == 410
    page.later(25 * HOUR)
    assert page.browser().ask("POST", second).status == 410
    assert page.browser().get("/subscribe/confirm/none/none").status == 410


@pytest.mark.parametrize(
    ("language", "said"),
    [("es", "Recibir avisos"), ("fr", "Être prévenu"), ("de", "Bescheid"), ("pt", "Receber"), ("ja", "お知らせ")],
)
def test_the_pages_and_the_question_are_in_the_readers_language(page, mailbox, language, said):
    browser = page.browser(**{"Accept-Language": language})
    assert said in words_of(browser.get("/subscribe"))
    browser.post("/subscribe", email="ada@example.org")
    page.settle()
    english = "Do you want to hear from Birds?"
    assert english not in mailbox.messages[0]["Subject"]
    link = link_in(mailbox.messages[0], "subscribe/confirm")
    assert f'lang="{language}"' in browser.get(link).body.decode()


def trouble(page):
    """The program opens an incident by itself, in its own words."""
    verdict = Verdict(
        component="home",
        state="major_outage",
        since_ms=page.now_ms - MINUTE,
        at_ms=page.now_ms,
        reasons=(Reason(code="probes_all_failing", state="major_outage", since_ms=page.now_ms - MINUTE),),
    )
    page.run(page.program.rooms.incidents.steer({"home": verdict}))
    page.run(page.telling.tell())
    page.settle()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_program_says_comes_in_the_language_in_which_somebody_subscribed(page, mailbox, language):
    words = words_in(language)
    browser = page.browser(**{"Accept-Language": "es"})
    browser.post(f"/subscribe?lang={language}", email="ada@example.org")
    page.settle()
    # The button on the page that the message leads to; the browser itself prefers another language.
    assert browser.ask("POST", link_in(mailbox.messages.pop(), "subscribe/confirm")).status == 200
    trouble(page)
    (message,) = mailbox.messages
    name = words("incident.name", names=words("part.home"))
    said = f"{words('label', text=words('status.investigating'))} {name}"
    assert message["Subject"] == f"[Birds] {' '.join(said.split())}"
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for key in ("update.safety", "update.breach"):
        assert words(key) in text
        assert words(key) in unescape(html)
    assert f'lang="{language}"' in html
    assert 'lang=""' not in html
    leave = link_in(message, "unsubscribe")
    assert f'lang="{language}"' in browser.get(leave).body.decode()


def test_what_people_wrote_stays_theirs_around_it_are_the_readers_words(page, mailbox):
    page.browser(**{"Accept-Language": "de"}).post("/subscribe", email="ada@example.org")
    page.settle()
    page.browser().ask("POST", link_in(mailbox.messages.pop(), "subscribe/confirm"))
    say(page, "Posts come late.")
    (message,) = mailbox.messages
    assert message["Subject"] == "[Birds] Wird untersucht: Home is slow"
    assert '<div lang=""><p>Posts come late.</p></div>' in message.get_body(("html",)).get_content()


def test_a_stranger_who_asks_in_another_language_changes_nothing_until_its_owner_agrees(page, mailbox):
    agreed(page, mailbox)
    page.later(11 * MINUTE)
    page.browser(**{"Accept-Language": "ja"}).post("/subscribe", email="ada@example.org")
    page.settle()
    asking = mailbox.messages.pop()
    assert asking["Subject"] == "Do you want to hear from Birds?"
    say(page)
    assert mailbox.messages.pop()["Subject"] == "[Birds] Investigating: Home is slow"
    page.browser().ask("POST", link_in(asking, "subscribe/confirm").replace("lang=en", "lang=fr"))
    say(page)
    assert "Home is slow" in mailbox.messages[0]["Subject"]
    assert "Investigating" not in mailbox.messages[0]["Subject"]


def test_an_address_that_is_refused_for_good_is_not_tried_again_and_one_refused_for_now_is(page, mailbox):
    agreed(page, mailbox)
    mailbox.refusal = "451 later"
    say(page)
    assert page.run(page.telling.waiting()) == 1
    mailbox.refusal = "550 nobody here"
    page.later(MINUTE)
    page.settle()
    assert page.run(page.telling.waiting()) == 0
    mailbox.refusal = ""
    say(page, "Second.")
    assert len(mailbox.messages) == 1


def test_a_message_that_is_sent_again_has_the_same_id(page, mailbox):
    agreed(page, mailbox)
    say(page)
    with page.book.look() as look:
        one = rows.of(look, "email", "ada@example.org")
        (sequence,) = look.one("SELECT max(sequence) FROM history WHERE action = 'incident opened'")
        (subject,) = look.one("SELECT subject FROM history WHERE sequence = :sequence", {"sequence": sequence})
    owed = {"subscription": one.id, "sequence": sequence, "subject": f"{subject}-1"}
    page.run(
        page.book.write(
            lambda pen: pen.run(
                "INSERT INTO outbox VALUES (:subscription, :sequence, :subject, '', 0, 0, '')",
                owed,
            )
        )
    )
    page.settle()
    assert len({message["Message-ID"] for message in mailbox.messages}) == 1
    assert len(mailbox.messages) == 2


def test_the_password_for_the_server_is_read_from_a_file_that_is_the_owners_alone(tmp_path, mailbox):
    secret = tmp_path / "mail.password"
    secret.write_text("not a real one\n")
    secret.chmod(0o644)
    server = server_of(mailbox, user="birds", password_file=secret)
    with pytest.raises(Misconfigured, match="0600"):
        Mail(server, clock=lambda: 0)
    secret.chmod(0o600)
    with opened_page(tmp_path / "data", mail=server) as page:
        subscribe(page)
    assert len(mailbox.messages) == 1
    assert mailbox.signed_in == [(b"birds", b"not a real one")]


def test_a_server_that_is_away_or_speaks_no_tls_is_a_failure_that_is_tried_again(tmp_path, mailbox):
    for server in (
        MailServer(host="127.0.0.1", port=1, sender=SENDER, tls="none"),
        MailServer(host="127.0.0.1", port=mailbox.port, sender=SENDER, tls="starttls"),
    ):
        with opened_page(tmp_path / f"{server.port}", mail=server) as page:
            subscribe(page)
            with page.book.look() as look:
                (owed,) = rows.due(look, page.now_ms + HOUR, 10)
            assert "the mail server" in owed.last_error
    assert mailbox.messages == []


def test_without_a_mail_server_the_page_says_so_and_offers_the_rest(tmp_path):
    with opened_page(tmp_path) as page:
        said = words_of(page.browser().get("/subscribe"))
        assert "does not send e-mail" in said
        assert "Atom" in said
        assert page.browser().post("/subscribe", email="ada@example.org").status == 404
