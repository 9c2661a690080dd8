"""A server of one release on a data directory of its own, and the commands of both releases on it."""

import json
import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlencode

from tests.migrate.releases import Release
from tests.support.serving import Server, eventually

STEP_SECONDS = 60.0
PAGE = 40


class Household(Server):
    """Begins with `release`; whichever serves later, this is the server."""

    def __init__(self, data: Path, release: Release) -> None:
        super().__init__(data)
        self._environment = {name: value for name, value in self._environment.items() if name != "PYTHONPATH"}
        self.directory = data.parent  # a module is looked for there first: not in the tree
        self.use(release)

    def use(self, release: Release) -> None:
        """The next start, and the commands, are this release's."""
        self.program = release.command

    def run(self, release: Release, *words: str, code: int = 0) -> str:
        """A command of a release, to its end; what it printed, errors too when it was to fail."""
        done = subprocess.run(
            [*release.command, *words, "--data", str(self.data)],
            capture_output=True,
            text=True,
            env=self._environment,
            cwd=self.data.parent,
            timeout=2 * STEP_SECONDS,
            check=False,
        )
        said = f"{done.stdout}{done.stderr}"
        assert done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{said}\n{self.log.read_text()[-6000:]}"
        return said if code else done.stdout

    def run_until(self, release: Release, step: str, *words: str) -> None:
        """Begin a command, and kill it as soon as it has said that it begins this step."""
        with subprocess.Popen(
            [*release.command, *words, "--data", str(self.data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            cwd=self.data.parent,
        ) as command:
            said = []
            for line in command.stdout:
                said.append(line)
                if line.startswith(f"{step}: "):
                    break
            else:
                raise AssertionError(f"it never said {step!r}, but: {''.join(said)}")
            os.kill(command.pid, signal.SIGKILL)

    def serving(self) -> str:
        """The version that answers over HTTP."""
        client = self.client()
        reply = client.get("/api/v2/instance")
        client.close()
        assert reply.status == 200, reply
        return reply.json["version"].rpartition("Whimbrel ")[2].rstrip(")")

    def all_serve(self, release: Release) -> None:
        """Wait until the server is whole, and every process of this release."""
        eventually(self._all_ready, seconds=STEP_SECONDS, what="ready")
        eventually(
            lambda: (
                {str(release.python)}
                == {
                    Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
                    for pid in self.children().values()
                }
            ),
            seconds=STEP_SECONDS,
            what=f"all are of {release.version}",
        )

    def posted(self, token: str) -> dict[str, str]:
        """Every post of somebody as the pages of the account show them: text by id."""
        client, found, max_id = self.client(token), {}, None
        account_id = client.get("/api/v1/accounts/verify_credentials").json["id"]
        while True:
            query = {"limit": PAGE} | ({"max_id": max_id} if max_id else {})
            reply = client.get(f"/api/v1/accounts/{account_id}/statuses?{urlencode(query)}")
            assert reply.status == 200, reply
            if not reply.json:
                client.close()
                return found
            for post in reply.json:
                assert post["id"] not in found
                found[post["id"]] = json.dumps(post["content"])
            max_id = reply.json[-1]["id"]

    def stores(self) -> list[str]:
        """The files of stores that lie there, without their logs."""
        return sorted(
            path.name for path in self.data.glob("store-*.sqlite*") if path.suffix in (".sqlite", ".building")
        )
