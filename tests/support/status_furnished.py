"""The whole status program on a day on which everything is to be seen, by the test's own clock: trouble by probes and
by a crowd, an incident led by people, one over with its write-up, windows, another service that denies, notes, an
operator. For whoever looks at pages.
"""

import asyncio
import base64
import itertools
import random
from urllib.parse import parse_qs, urlsplit

from tests.support.status_page import windows_at
from whimbrel.statuspage.board import rows
from whimbrel.statuspage.board.uptime import DAY_MS
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.operators import totp
from whimbrel.statuspage.operators.front import Attempt
from whimbrel.statuspage.operators.guard import COOKIE
from whimbrel.statuspage.program import Program
from whimbrel.statuspage.reports import places
from whimbrel.statuspage.reports.elsewhere import PageSeen
from whimbrel.statuspage.reports.intake import Report
from whimbrel.statuspage.reports.voices import person
from whimbrel.statuspage.settings import Settings
from whimbrel.statuspage.telling.mail import MailServer
from whimbrel.statuspage.values import ProbeResult, Service, Verdict

NOW = 1_602_794_040_000  # 15 October 2020, 20:34 UTC
MINUTE = 60_000
BANK = Service(
    id="bank", name="A <bank>", url="http://bank.example", kinds=("website", "app"), page_url="http://127.0.0.1:1"
)
LANDS = ("DE", "DE", "US-CA", "US", "JP", "BR", "FR", "ES", "IN", "ZA", "NG", "AU", "MX", "PT", "CA", "")
KINDS = ("timeline", "posting", "posting", "app", "media", "notifications")
SECRET = {"name": "ada", "password": "a long password of ada's"}


class Furnished:
    """The program, and what a test needs to know of it. Asynchronous methods belong to one loop."""

    def __init__(self, data, url):
        self.now_ms = NOW
        mail = MailServer(host="127.0.0.1", sender="status@example.org", port=1, tls="none")
        self.program = Program(Settings(data=data, name="Birds & Co", public_url=url, mail=mail), clock=self.clock)
        self.rooms, self.speaking = self.program.rooms, self.program.speaking
        self.app = self.program.application()
        self.ids, self.cookie = {}, ()
        self._people = itertools.count()

    def clock(self):
        """The test's own."""
        return self.now_ms

    async def furnish(self):
        """Live through the day."""
        await self._begin()
        await self._past()
        await self._story_that_is_over()
        await self._outage()
        await self._people_speak()
        await self._operator()
        self.now_ms += 10_000
        for _ in range(2):
            await self.program.turn()

    async def close(self):
        """Let go of everything."""
        await self.program.stop()

    async def _begin(self):
        await self.rooms.catalogue.load(own_service("Birds & Co", "http://127.0.0.1:8000"))
        await self.rooms.catalogue.put_service(BANK, actor="ada")
        await self.rooms.board.load()
        await self.rooms.reports.intake.start()
        await self.rooms.reports.turn()
        await self.speaking.telling.load("")

    async def _past(self):
        past = {3: "major_outage", 5: "degraded_performance", 8: "under_maintenance", 20: "partial_outage"}

        def write(pen):
            for component, ago in itertools.product(self.rooms.catalogue.components, range(60, 0, -1)):
                begins = self.now_ms - self.now_ms % DAY_MS - ago * DAY_MS
                for state, since, until in (
                    ("operational", begins, begins + DAY_MS - 60 * MINUTE),
                    (past.get(ago, "operational"), begins + DAY_MS - 60 * MINUTE, begins + DAY_MS),
                ):
                    rows.begin(pen, Verdict(component=component.id, state=state, since_ms=since, at_ms=until), since)

        await self.rooms.book.write(write)

    async def _story_that_is_over(self):
        incidents, writeups = self.rooms.incidents, self.rooms.writeups
        self.now_ms -= 26 * 60 * MINUTE
        lost = {"components": {"media": "partial_outage"}, "impact": "major"}
        opened = await incidents.open("Pictures fail", Saying(body="They do.", **lost), actor="ada", board={})
        self.now_ms += 50 * MINUTE
        await incidents.say(opened.id, Saying(body="They are back.", status="resolved"), actor="ada", board={})
        draft = await writeups.draft(opened.id, actor="ada")
        await writeups.publish(opened.id, version=draft.version, actor="ada")
        self.ids["over"], self.now_ms = opened.id, NOW

    async def _outage(self):
        """Half an hour of quiet, then ten minutes of people; probes see some of it."""
        self.now_ms -= 41 * MINUTE
        chance = random.Random(7)
        for minute in range(41):
            if minute >= 31:
                await asyncio.gather(*(self._report(chance) for _ in range(30)))
                await asyncio.gather(*(self._report(chance, self.rooms.catalogue.service("bank")) for _ in range(12)))
            self._probe(failing=minute >= 38)
            self.now_ms += MINUTE
            await (self.program.turn() if minute >= 30 else self.rooms.reports.turn())
        number = self.rooms.reports.intake.numbers["bank"]
        denied = PageSeen(indicator="none", description="All Systems Operational", since_ms=NOW, read_ms=NOW)
        self.rooms.reports.elsewhere.seen[number] = denied

    async def _report(self, chance, service=None):
        service = service or self.rooms.catalogue.service("own")
        kind = chance.choice(KINDS if service.own else service.kinds)
        place = places.chosen(chance.choice(LANDS))
        address = f"{10 + next(self._people) % 90}.{chance.randrange(250)}.{chance.randrange(250)}.7"
        words = "It is <b>down</b>" if chance.random() < 0.01 else ""
        await self.rooms.reports.intake.take(Report(service, kind, place, words), person(address, "Firefox"))

    def _probe(self, *, failing):
        for component in self.rooms.catalogue.components:
            if component.id == "media":
                continue  # of one part nothing is known
            bad = failing and component.id == "search"
            result = ProbeResult(
                probe="step",
                component=component.id,
                vantage="here",
                at_ms=self.now_ms + MINUTE,
                ok=not bad,
                error="HTTP 503 & more <b>" if bad else "",
                latency_ms=12.0,
            )
            self.rooms.observed.note_probe(result)

    async def _people_speak(self):
        incidents, board = self.rooms.incidents, self.rooms.board.verdicts
        told = Saying(
            body="A disk is full.\n\nWe are moving what is on it.",
            status="identified",
            components={"streaming": "partial_outage"},
            cause="A full disk.",
            workaround="Wait a minute.",
            next_update_ms=self.now_ms + 5_000,
        )
        opened = await incidents.open("Streams stand still", told, actor="ada", board=board)
        edited = await incidents.edit(opened.id, opened.updates[0].id, "A disk is full <really>.", actor="ada")
        self.ids |= {"open": opened.id, "update": edited.updates[0].id}
        for window in windows_at(self.now_ms):
            self.ids["window"] = (await incidents.schedule(window, "Pictures wait.", actor="ada")).id
        reports = self.rooms.reports
        first, *_ = await reports.waiting()
        await reports.decide(first.id, shown=True, actor="ada")
        asked = await self.speaking.subscriptions.by_mail("bo@example.org", (), language="en", network="here")
        links = self.speaking.subscriptions.links(asked)
        self.ids |= {"confirm": urlsplit(links.confirm).path, "unsubscribe": urlsplit(links.unsubscribe).path}

    async def _operator(self):
        operators = self.speaking.operators
        address = await operators.create(**SECRET, actor="test")
        secret = base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])
        code = totp.code_of(secret, totp.step_at(self.now_ms))
        await operators.add_key("ada", "deploys", actor="ada")
        self.cookie = (COOKIE, await operators.sign_in(Attempt(**SECRET, code=code, network="here")))
