"""A real Chromium, driven over its own protocol (chromedevtools.github.io): pages, media, scripts, what was logged."""

import http.client
import itertools
import json
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

from tests.support.serving import eventually

SECONDS = 30.0
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio")


class Tab:
    """One page of the browser."""

    def __init__(self, socket):
        self._socket, self._numbers = socket, itertools.count(1)
        self._loaded = False
        self.complaints = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method, **params):
        """One command, and its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=SECONDS))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def open(self, url):
        """Go to an address and wait until it has loaded."""
        self._loaded = False
        told = self.do("Page.navigate", url=url)
        assert "errorText" not in told, told
        while not self._loaded:
            self._note(json.loads(self._socket.recv(timeout=SECONDS)))

    def send(self, path, fields):
        """Send a form to a path, with the token that the forms of this page carry, and wait for the answer."""
        self._loaded = False
        self.ask(
            f"""(([path, fields]) => {{
              const form = document.createElement("form");
              const token = document.querySelector("input[name=csrf]");
              for (const [name, value] of [...fields, ["csrf", token ? token.value : ""]]) {{
                const input = document.createElement("input");
                [input.name, input.value] = [name, value];
                form.append(input);
              }}
              [form.method, form.action, form.hidden] = ["post", path, true];
              document.body.append(form);
              form.submit();
            }})({json.dumps([path, list(fields.items())])})"""
        )
        while not self._loaded:
            self._note(json.loads(self._socket.recv(timeout=SECONDS)))

    def ask(self, script):
        """The value of a script; a promise is waited for."""
        told = self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script, what):
        """Wait until a script gives something true, and return it."""
        return eventually(lambda: self.ask(script), seconds=SECONDS, what=what)

    def text(self, selector="main"):
        """What a person reads there."""
        return self.ask(f"document.querySelector({json.dumps(selector)}).innerText")

    def prefer(self, scheme):
        """Be a browser of somebody who wants it `light` or `dark`."""
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def be_wide(self, pixels):
        """Have a window of this width."""
        size = {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": pixels < 500}
        self.do("Emulation.setDeviceMetricsOverride", **size)

    def _note(self, message):
        params = message.get("params", {})
        if message.get("method") == "Page.loadEventFired":
            self._loaded = True
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"])
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])


@contextmanager
def browsing():
    """A browser with one tab, for as long as the block runs."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    assert program, f"these tests look at pages in a real browser: install Chromium ({', '.join(_NAMES)})"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [program, *_FLAGS, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                port = _port(Path(folder))
                with connect(f"ws://127.0.0.1:{port}{_page(port)}", proxy=None, max_size=None) as socket:
                    yield Tab(socket)
            finally:
                process.terminate()
                process.wait(SECONDS)


def _port(folder):
    told = folder / "DevToolsActivePort"
    text = eventually(
        lambda: told.exists() and "\n" in (text := told.read_text()) and text, seconds=SECONDS, what="Chromium listens"
    )
    return int(text.splitlines()[0])


def _page(port):
    """The path of the first tab's socket: asked of the browser as a whole, because it opens one itself."""
    text = _listed(port)
    return next(one["webSocketDebuggerUrl"] for one in text if one["type"] == "page").partition(str(port))[2]


def _listed(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/json/list")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
