"""Reports in the whole status program: what a crowd says changes the page, behind a proxy too."""

import asyncio

import httpx

from tests.statuspage.reporting import Clock
from whimbrel.reliability.proxies import networks
from whimbrel.statuspage.program import Program
from whimbrel.statuspage.settings import Settings


async def minute_by_minute(program, clock, client):
    """Half an hour of quiet, then forty people a minute who cannot post, each seen through a trusted proxy."""
    for minute in range(37):
        if minute >= 30:
            for person in range(40):
                headers = {"x-forwarded-for": f"10.{person}.{minute}.1"}
                sent = {"service": "own", "kind": "posting"}
                assert (await client.post("/api/reports", json=sent, headers=headers)).status_code == 201
        clock.now += 60_000
        await program.turn()


def test_a_crowd_that_cannot_post_turns_posting_degraded_and_the_page_says_why(tmp_path):
    async def run():
        clock = Clock()
        settings = Settings(
            data=tmp_path, name="Birds", public_url="http://status.example", proxies=networks(["127.0.0.0/8"])
        )
        program = Program(settings, clock=clock)
        await program.start()
        try:
            over = httpx.ASGITransport(program.application())
            async with httpx.AsyncClient(transport=over, base_url="http://status.example") as client:
                await minute_by_minute(program, clock, client)
                summary = (await client.get("/api/v2/summary.json")).json()
                pages = [await client.get(path) for path in ("/report", "/services", "/services/own")]
            return summary, pages
        finally:
            await program.stop()

    summary, pages = asyncio.run(run())
    states = {one["name"]: one["status"] for one in summary["components"]}
    assert states["Posting"] == "degraded_performance"
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "Many users report trouble" in pages[1].text
    assert pages[0].headers["content-security-policy"].count("sha256-") == 2
    assert len(pages[0].content) < 5_000
    assert summary["incidents"]
