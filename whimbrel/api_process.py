"""The entry of an API process: the product behind HTTP. How such a process lives is in api_server.py."""

from whimbrel.api_server import run
from whimbrel.wiring import build_api

if __name__ == "__main__":
    run(build_api)
