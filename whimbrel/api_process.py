"""The entry of an API process: the product behind HTTP. How such a process lives is in api_server.py."""

from whimbrel.api_server import run
from whimbrel.config import Config
from whimbrel.engines.journal.client import CoreLink
from whimbrel.reliability.draining import AsgiApp
from whimbrel.wiring import build_api, build_product


async def build(config: Config, link: CoreLink) -> AsgiApp:
    """The application, with its views full and fed by this process's link."""
    app: AsgiApp = build_api(config, await build_product(config, link))
    return app


if __name__ == "__main__":
    run(build)
