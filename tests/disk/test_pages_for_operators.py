"""docs/run: what an operator copies works, what a page says of the server is so, and links lead somewhere."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.house.tree import ROOT
from tests.support.serving import eventually, serving
from whimbrel.engines.store.numbered import store_in
from whimbrel.kernel import limits
from whimbrel.kernel.events import DISK_FULL_WORDS
from whimbrel.reliability.disk import LEVELS, STOPS_AT

RUN = ROOT / "docs" / "run"
PAGES = sorted(RUN.glob("*.md"))
SHOWN = {"whimbrel.service": "service.md", "Caddyfile": "reverse-proxy.md", "nginx.conf": "reverse-proxy.md"}
METRIC = re.compile(r"^\| `(whimbrel_\w+)` \|([^|]*)\|([^|]+)\|[^|]*\|$", re.MULTILINE)
ADDED = {"process", "le"}
NOT_ALWAYS = {"whimbrel_snapshot_age_seconds"}
SECONDS_MAX = 20.0


def page(name):
    return (RUN / name).read_text("utf-8")


@pytest.mark.parametrize(("file", "name"), SHOWN.items())
def test_a_page_shows_the_file_that_is_shipped(file, name):
    assert f"```\n{page(file)}```" in re.sub(r"```\w+\n", "```\n", page(name))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]


def test_the_index_names_every_page_and_the_front_page_names_the_index():
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", page("README.md")))
    assert listed == {path.name for path in PAGES} - {"README.md"}
    assert "(docs/run/README.md)" in (ROOT / "README.md").read_text("utf-8")


def unit():
    """The settings of the unit: each section's, in order."""
    sections, current = {}, []
    for line in page("whimbrel.service").splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            current = sections.setdefault(found[1], [])
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, f"no setting: {line}"
            assert re.fullmatch(r"[A-Z]\w+", name), line
            current.append((name, value))
    return sections


def test_the_unit_starts_reloads_and_stops_the_server_as_it_wants_to_be():
    sections = unit()
    assert set(sections) == {"Unit", "Service", "Install"}
    service = dict(sections["Service"])
    assert len(service) == len(sections["Service"]), "a setting stands there twice"
    assert service["ExecStart"].endswith("-m whimbrel serve --data /var/lib/whimbrel")
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > limits.API_DRAIN_SECONDS + limits.CORE_DRAIN_SECONDS
    assert int(service["LimitNOFILE"]) >= 60_000
    assert service["StateDirectory"] == "whimbrel"
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[name] == "yes"


def test_systemd_understands_the_unit_and_finds_it_hardened(tmp_path):
    if shutil.which("systemd-analyze") is None:
        assert unit()["Service"], "without systemd the test above is what reads it"
        return
    here = tmp_path / "whimbrel.service"
    here.write_text(page("whimbrel.service").replace("/opt/whimbrel/.venv/bin/python", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    rated = ["systemd-analyze", "security", "--offline=true", "--threshold=30", here]
    done = subprocess.run(rated, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def blocks(text):
    """An nginx configuration: nested lists of directives, each a list of words; blocks end with a list."""
    words = re.findall(r'"[^"]*"|[{};]|[^\s{};]+', re.sub(r"#.*", "", text))

    def until(end):
        found, current = [], []
        while words:
            word = words.pop(0)
            if word == ";":
                found.append(current)
                current = []
            elif word == "{":
                found.append([*current, until("}")])
                current = []
            elif word == "}":
                assert end == "}", "a brace too many"
                assert not current, f"no semicolon behind {current}"
                return found
            else:
                current.append(word)
        assert end is None, "a brace is not closed"
        assert not current, f"no semicolon behind {current}"
        return found

    return until(None)


def test_the_nginx_file_passes_streams_and_the_right_headers_on(tmp_path):
    mapped, server = blocks(page("nginx.conf"))
    assert mapped[:3] == ["map", "$http_upgrade", "$connection_upgrade"]
    headers = {words[1]: words[2] for words in server[-1] if words[0] == "proxy_set_header"}
    assert headers == {
        "Host": "$host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "Upgrade": "$http_upgrade",
        "Connection": "$connection_upgrade",
    }
    places = {words[1]: words[2] for words in server[-1] if words[0] == "location"}
    assert set(places) == {"/", "/api/v1/streaming"}
    # A location with a header of its own would inherit none of those above.
    assert not [words for place in places.values() for words in place if words[0] == "proxy_set_header"]
    assert ["proxy_buffering", "off"] in places["/api/v1/streaming"]
    nginx = shutil.which("nginx")
    if nginx is not None:
        certificate = "    ssl_certificate     /etc/ssl/birds.pem;\n    ssl_certificate_key /etc/ssl/birds.key;\n"
        plain = page("nginx.conf").replace(certificate, "").replace("443 ssl", "8443")
        whole = tmp_path / "nginx.conf"
        whole.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off;\n{plain}}}\n")
        done = subprocess.run([nginx, "-t", "-p", tmp_path, "-c", whole], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_caddy_file_hands_everything_to_the_server():
    assert page("Caddyfile").split() == ["birds.example.org", "{", "reverse_proxy", "127.0.0.1:8000", "}"]
    caddy = shutil.which("caddy")
    if caddy is not None:
        command = [caddy, "validate", "--adapter", "caddyfile", "--config", RUN / "Caddyfile"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def exposed(text):
    """Each metric that the server tells, with the labels of its own that its values carry."""
    found = {name: set() for name in re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE)}
    for name, labels in re.findall(r"^(\w+)\{(.*)\} ", text, re.MULTILINE):
        family = name if name in found else name.rpartition("_")[0]
        found[family] |= set(re.findall(r'(\w+)="', labels)) - ADDED
    return found


def test_the_page_of_metrics_lists_exactly_what_the_server_tells(tmp_path):
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels, _ in METRIC.findall(page("metrics.md"))}
    with serving(tmp_path / "data", options={"WHIMBREL_STATUS": "on"}) as server:
        client = server.client()
        client.get("/api/v2/instance")
        eventually(
            lambda: "whimbrel_status_" in client.get("/metrics").json, seconds=SECONDS_MAX, what="the page's are told"
        )
        told = exposed(client.get("/metrics").json)
        client.close()
    assert set(told) - set(listed) == set(), "told by the server, not on the page"
    assert set(listed) - set(told) - NOT_ALWAYS == set(), "on the page, not told by the server"
    assert not {name: labels - listed[name] for name, labels in told.items() if labels - listed[name]}
    queries = set(re.findall(r"(whimbrel_\w+?)(?:_bucket|_count)?\b(?=[\[{)`])", page("metrics.md")))
    assert queries <= set(listed)


def test_the_age_of_a_snapshot_is_told_once_there_is_one(tmp_path):
    with serving(tmp_path / "data") as server:
        server.provide(["ada"])
        server.settle()
        server.command("snapshot")
        client = server.client()
        told = eventually(
            lambda: set(exposed(client.get("/metrics").json)) & NOT_ALWAYS, seconds=SECONDS_MAX, what="its age is told"
        )
        client.close()
        assert told == NOT_ALWAYS
        assert store_in(server.data).exists()


def test_the_page_of_the_full_disk_says_what_the_rule_says():
    text = page("when-the-disk-fills.md")
    assert DISK_FULL_WORDS in text
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(LEVELS)
    assert f"less than {limits.DISK_FREE_SHARE_MIN:.0%} ".replace("%", " %") in text
    assert f"again at {limits.DISK_FREE_SHARE_BACK:.0%},".replace("%", " %") in text
    assert f"{limits.JOURNAL_RESERVE_BYTES // 2**20} MiB of the disk" in text
    low = re.search(r"^\| `low` .*$", text, re.MULTILINE)[0]
    assert all(activity in low for activity, level in STOPS_AT.items() if level == "low" and activity != "logs")
    assert "lines of log below a warning" in low


def test_every_figure_of_the_page_of_sizes_was_measured():
    measured = (ROOT / "docs" / "measured.md").read_text("utf-8").replace(",", "")
    tables = "\n".join(line for line in page("sizing.md").splitlines() if line.startswith("|"))
    figures = re.findall(r"\d+(?:\.\d+)?", tables.replace(",", ""))
    doubled = {"1.10"}
    assert len(figures) > 15
    assert not [figure for figure in figures if figure not in doubled and not re.search(rf"\b{figure}\b", measured)]
