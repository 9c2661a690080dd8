"""E-mail: plain text and HTML, one message for each subscriber and update, by SMTP in a thread with a deadline; in the
language in which its reader subscribed.

Promises: every message can be unsubscribed from with one click (RFC 8058); a message that is repeated because an
answer was lost has the same Message-ID; nothing that anybody wrote gets into a header but as text. Without a server to
send by, this channel is not there, and the page says so.
"""

import asyncio
import os
import re
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formataddr, formatdate, parseaddr
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import Final, Literal, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import Invalid, Misconfigured
from whimbrel.kernel.limits import EMAIL_CHARACTERS_MAX, MAIL_AT_ONCE_MAX, MAIL_SECONDS
from whimbrel.statuspage.telling.channels import DeliveryFailed, Message
from whimbrel.statuspage.telling.secret_file import secret_in
from whimbrel.statuspage.telling.wording import Wording, wording_of
from whimbrel.statuspage.telling.words import texts_of

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PERMANENT: Final = 500


class MailServer(NamedTuple):
    """By which server mail is sent. `sender`: an address, or `Name <address>`; the password is the file's only line.

    `password_variable`: the variable of the environment in which it stands instead; so it is in no value of ours.
    """

    host: str
    sender: str
    port: int = 587
    tls: Literal["none", "starttls", "tls"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    password_variable: str = ""

    def password(self) -> str:
        """The password, read now; empty for none. Raises Misconfigured."""
        if self.password_variable:
            return os.environ.get(self.password_variable, "")
        return secret_in(self.password_file) if self.password_file else ""


class Mail:
    """The channel."""

    def __init__(self, server: MailServer, *, clock: Clock) -> None:
        self._server, self._clock = server, clock
        self._threads = ThreadPoolExecutor(MAIL_AT_ONCE_MAX, thread_name_prefix="mail")
        if not parseaddr(server.sender)[1]:
            raise Misconfigured(f'sender: "{server.sender}"; expected an e-mail address')
        if server.password_file is not None:
            secret_in(server.password_file)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def send(self, message: Message) -> bool:
        """Hand it to the server. Confirming is done on the page that the message leads to."""
        composed = compose(message, self._server.sender, self._clock())
        await asyncio.get_running_loop().run_in_executor(
            self._threads, _failing_clearly(lambda: self._deliver(composed))
        )
        return False

    def _deliver(self, message: EmailMessage) -> None:
        server = self._server
        trusted = ssl.create_default_context() if server.tls != "none" else None
        with _connected(server, trusted) as smtp:
            if server.tls == "starttls":
                smtp.starttls(context=trusted)
            if server.user:
                smtp.login(server.user, server.password())
            smtp.send_message(message)


def _connected(server: MailServer, trusted: ssl.SSLContext | None) -> smtplib.SMTP:
    if server.tls == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=MAIL_SECONDS, context=trusted)
    return smtplib.SMTP(server.host, server.port, timeout=MAIL_SECONDS)


def _failing_clearly(deliver: Callable[[], None]) -> Callable[[], None]:
    def done() -> None:
        try:
            deliver()
        except smtplib.SMTPRecipientsRefused as error:
            (code, text), *_ = error.recipients.values()
            raise DeliveryFailed(f"the address was refused: {code} {text!r}", permanent=code >= _PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            raise DeliveryFailed(f"the mail server answered {error.smtp_code}") from error
        except Misconfigured as error:
            raise DeliveryFailed(error.public) from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(f"the mail server: {type(error).__name__}: {error}") from error

    return done


def check_address(address: str) -> str:
    """The address as it is kept. Raises Invalid for what cannot be one."""
    found = address.strip()
    if len(found) > EMAIL_CHARACTERS_MAX or not _ADDRESS.fullmatch(found):
        raise Invalid(f'email: "{found[:60]}"; expected an e-mail address such as name@example.org')
    local, _, domain = found.rpartition("@")
    return f"{local}@{domain.lower()}"


def compose(message: Message, sender: str, now_ms: int) -> EmailMessage:
    """The message as it is sent."""
    name, texts = message.shown.page.name, texts_of(message.to.language)
    mail = EmailMessage()
    mail["From"] = formataddr(parseaddr(sender))
    mail["To"] = message.to.address
    mail["Date"] = formatdate(now_ms / 1_000)
    mail["Message-ID"] = _message_id(message, sender)
    mail["Auto-Submitted"] = "auto-generated"
    if message.told is None:
        mail["Subject"] = texts("mail_confirm_subject", name=_one_line(name))
        mail.set_content(texts("mail_confirm_body", name=name, link=message.links.confirm))
        return mail
    wording = wording_of(message.told, texts, message.shown)
    mail["Subject"] = _one_line(f"[{name}] {wording.headline}")
    mail["List-Unsubscribe"] = f"<{message.links.unsubscribe}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    foot = texts("mail_foot", link=message.links.unsubscribe)
    mail.set_content(f"{wording.headline}\n\n{wording.body}\n\n{wording.url}\n\n-- \n{foot}\n")
    mail.add_alternative(_html(wording, foot, message.links.unsubscribe, texts.language), subtype="html")
    return mail


def _html(wording: Wording, foot: str, unsubscribe: str, language: str) -> str:
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in wording.body.split("\n\n"))
    unknown = ' lang=""' if wording.foreign else ""  # whoever listens must not hear it with this language's sounds
    link = f'<a href="{escape(unsubscribe)}">{escape(unsubscribe)}</a>'
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(wording.headline)}</title>'
        f"</head><body><h1>{escape(wording.headline)}</h1><div{unknown}>{paragraphs}</div>"
        f'<p><a href="{escape(wording.url)}">{escape(wording.url)}</a></p>'
        f"<hr><p>{escape(foot).replace(escape(unsubscribe), link)}</p></body></html>"
    )


def _message_id(message: Message, sender: str) -> str:
    named = f"{message.to.id} {message.subject} {message.to.asked_ms if message.told is None else ''}"
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{blake2b(named.encode(), digest_size=16).hexdigest()}@{domain}>"


def _one_line(text: str) -> str:
    return " ".join(text.split())
