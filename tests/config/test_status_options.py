"""The status page's own section: the same names for a server's page and for one by itself, and nothing half started."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from tests.cli.command import Commands
from tests.house.tree import ROOT
from whimbrel.cli.serve import written
from whimbrel.config import FILE_NAME, decode, encode, read
from whimbrel.kernel.errors import Misconfigured
from whimbrel.status_options import alone
from whimbrel.status_process import settings_of
from whimbrel.status_table import ALONE, COMPONENT, PAGE, PARTS, PASSWORD_VARIABLE, PROBES, SLO
from whimbrel.statuspage.catalogue.defaults import COMPONENTS, Wanted
from whimbrel.statuspage.watching.probing import DnsProbe, HttpProbe, TcpProbe, TlsProbe
from whimbrel.statuspage.watching.slo import Slo

SECRET = "hunter2 is no password"
TABLES = {
    "[status.mail]": 'host = "smtp.example.org"\nsender = "Birds <status@example.org>"\nuser = "birds"\n'
    'password_file = "mail"\nport = 465\ntls = "tls"',
    "[status.account]": 'url = "https://birds.example.org"\ntoken_file = "token"',
    "[status.components.shop]": 'name = "Shop"\ngroup = "Beside"\ndescription = "Buying."\nposition = 12',
    "[status.components.media]": "shown = false",
    "[status.components.home]": 'name = "Nest"\nonly_show_if_degraded = true',
    "[status.slo.shop]": "availability = 99.5\nlatency_seconds = 0.25",
    "[status.slo.home]": "latency = 95\nfreshness = 99\nfreshness_seconds = 30",
    "[status.probes.front]": 'kind = "http"\ncomponent = "shop"\nurl = "https://shop.example.org/a?b=c"\n'
    'statuses = [200, 204]\ncontains = "Basket"\nlatency_ms_max = 900\njson_path = "a.0"\njson_equals = true\n'
    "every_seconds = 5\nseconds = 4.5",
    "[status.probes.port]": 'kind = "tcp"\ncomponent = "shop"\nhost = "192.0.2.1"\nport = 25',
    "[status.probes.paper]": 'kind = "tls"\ncomponent = "web"\nhost = "shop.example.org"\ndays_min = 3',
    "[status.probes.name]": 'kind = "dns"\ncomponent = "web"\nname = "shop.example.org"\naddresses = ["192.0.2.1"]',
}
WHOLE = '[status]\nnodes = ["http://10.0.0.1:8000", "http://10.0.0.2:8000/"]\nwebhooks = "anywhere"\n' + "".join(
    f"{head}\n{body}\n" for head, body in TABLES.items()
)


@pytest.fixture
def folder(tmp_path):
    for name in ("mail", "token"):
        (tmp_path / name).write_text(f"{SECRET}\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def of_server(folder, text, flags=None, **environ):
    (folder / FILE_NAME).write_text(text, "utf-8")
    return read({"data": str(folder)} | (flags or {}), environ, directory=folder)


def by_itself(folder, text, flags=None, **environ):
    (folder / FILE_NAME).write_text(text, "utf-8")
    return alone({"data": str(folder)} | (flags or {}), environ, here=folder, data_default=Path("data"))[1]


def test_the_section_is_the_same_for_a_servers_page_and_for_one_by_itself(folder):
    server, page = of_server(folder, WHOLE).config.status_page, by_itself(folder, WHOLE).values
    assert {name: page[name] for name in server} == server
    assert server["nodes"] == ["http://10.0.0.1:8000", "http://10.0.0.2:8000"]


def test_what_is_configured_is_what_the_program_is_told(folder):
    settings = settings_of(decode(encode(of_server(folder, WHOLE).config)))
    assert (settings.mail.host, settings.mail.port, settings.mail.tls) == ("smtp.example.org", 465, "tls")
    assert (settings.mail.user, settings.mail.password()) == ("birds", SECRET)
    assert settings.official.url == "https://birds.example.org"
    assert settings.webhooks_reach == "anywhere"
    assert settings.slos["shop"] == Slo(availability=0.995, latency_seconds=0.25)
    assert settings.slos["home"] == Slo(latency=0.95, freshness=0.99, freshness_seconds=30.0)
    components = {one.id: one for one in settings.components}
    assert components["shop"] == Wanted(
        id="shop", name="Shop", group="Beside", description="Buying.", position=12, shown=True
    )
    assert (components["media"].shown, components["home"].only_show_if_degraded) == (False, True)
    probes = {one.id: one for one in settings.probes}
    assert probes["front"] == HttpProbe(
        id="front", component="shop", url="https://shop.example.org/a?b=c", statuses=(200, 204), contains="Basket",
        latency_ms_max=900.0, json_path="a.0", json_equals=True, every_seconds=5, seconds=4.5,
    )  # fmt: skip
    assert probes["port"] == TcpProbe(id="port", component="shop", host="192.0.2.1", port=25)
    assert probes["paper"] == TlsProbe(id="paper", component="web", host="shop.example.org", days_min=3)
    assert probes["name"] == DnsProbe(id="name", component="web", name="shop.example.org", addresses=("192.0.2.1",))


def test_without_a_section_the_page_is_as_it_was(tmp_path):
    settings = settings_of(read({}, {}, directory=tmp_path).config)
    assert (settings.mail, settings.official, settings.export, settings.probes) == (None, None, None, ())
    assert settings.nodes == (settings.watched_url,)


def test_a_page_that_watches_the_way_people_come_still_reads_its_own_servers_metrics(folder):
    settings = settings_of(of_server(folder, '[status]\nwatch = "https://birds.example.org"\n').config)
    assert settings.watched_url == "https://birds.example.org"
    assert settings.nodes == ("http://127.0.0.1:8000",)


@pytest.mark.parametrize("option", PAGE, ids=lambda option: option.name)
def test_an_option_is_read_from_a_flag_a_variable_and_the_file_alike(folder, option):
    raw, beside = {
        "watch": ("https://birds.example.org", ""),
        "name": ("Birds", ""),
        "nodes": ("http://10.0.0.1:8000", ""),
        "ca_file": ("mail", ""),
        "canary": ("canary", ""),
        "export": ("copy", ""),
        "webhooks": ("anywhere", ""),
        "mail_host": ("smtp.example.org", 'sender = "a@example.org"'),
        "mail_port": ("25", 'host = "localhost"\nsender = "a@example.org"'),
        "mail_tls": ("none", 'host = "localhost"\nsender = "a@example.org"'),
        "mail_user": ("ada", 'host = "localhost"\nsender = "a@example.org"\npassword_file = "mail"'),
        "mail_password_file": ("mail", 'host = "localhost"\nsender = "a@example.org"\nuser = "ada"'),
        "mail_sender": ("Birds <a@example.org>", 'host = "localhost"'),
        "account_url": ("https://birds.example.org", ""),
        "account_token_file": ("token", ""),
    }[option.name]
    rest = f"[status.mail]\n{beside}\n" if beside else ""
    rest += '[status.account]\ntoken_file = "token"\n' if option.name == "account_url" else ""
    variable = {f"WHIMBREL_STATUS_{option.name.upper()}": raw}
    found = [
        of_server(folder, rest, {f"status_{option.name}": raw}),
        of_server(folder, rest, **variable),
    ]
    page = [by_itself(folder, rest, {option.name: raw}), by_itself(folder, rest, **variable)]
    table, _, key = option.name.partition("_")
    if table not in ("mail", "account"):
        text = f'[status]\n{option.name} = "{raw}"\n{rest}'
    elif rest:
        text = rest.replace(f"[status.{table}]\n", f'[status.{table}]\n{key} = "{raw}"\n', 1)
    else:
        text = f'[status.{table}]\n{key} = "{raw}"\n'
    found.append(of_server(folder, text))
    page.append(by_itself(folder, text))
    values = [one.config.status_page[option.name] for one in found] + [one.values[option.name] for one in page]
    assert values[0] != option.default
    assert all(one == values[0] for one in values)
    assert found[0].status_sources[option.name] == f"the flag --status-{option.name.replace('_', '-')}"
    assert page[0].sources[option.name] == f"the flag --{option.name.replace('_', '-')}"
    assert "environment" in found[1].status_sources[option.name]
    assert found[2].status_sources[option.name] == str(folder / FILE_NAME)


def test_the_section_also_has_the_servers_options_of_its_page_and_nothing_twice(folder):
    config = of_server(folder, '[status]\nenabled = false\nport = 4000\nurl = "https://status.example.org"\n').config
    assert (config.status, config.status_port, config.status_url) == (False, 4000, "https://status.example.org")
    with pytest.raises(Misconfigured, match=r"status_port: 4000 .* stands in \[status\] too"):
        of_server(folder, "status_port = 4001\n[status]\nport = 4000\n")
    with pytest.raises(Misconfigured, match=r"status_every_seconds: 99 in .*whimbrel.toml: expected"):
        of_server(folder, "[status]\nevery_seconds = 99\n")


def test_a_page_by_itself_has_options_of_its_own(folder):
    text = '[status]\nenabled = true\nhost = "::1"\nport = 0\nurl = "https://status.example.org"\nlog_level = "debug"\n'
    more = (
        'trusted_proxies = "10.0.0.0/8"\nevery_seconds = 20\ncalm_seconds = 30\ntls_cert = "mail"\ntls_key = "token"\n'
    )
    found = by_itself(folder, text + more).values
    assert (found["host"], found["port"], found["url"]) == ("::1", 0, "https://status.example.org")
    assert (found["trusted_proxies"], found["every_seconds"], found["calm_seconds"]) == (["10.0.0.0/8"], 20, 30)
    assert (found["tls_cert"], found["tls_key"], found["log_level"]) == (
        str(folder / "mail"),
        str(folder / "token"),
        "debug",
    )
    with pytest.raises(Misconfigured, match="only for `whimbrel status serve`"):
        of_server(folder, '[status]\nhost = "::1"\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[status]\nexprot = 1", r'status\.exprot: 1 in .*whimbrel\.toml: .* did you mean "status\.export"'),
        ("[status]\nmail = 1", r"status\.mail: 1 in .*: expected a table \[status\.mail\]"),
        ('[status.mail]\nhots = "x"', r'status\.mail\.hots: "x" in .*: .*"status\.mail\.host"'),
        ('[status.mail]\nhost = "smtp.example.org"', r"status\.mail_host: .*mail_sender beside it"),
        ("[status.mail]\nport = 25", r"status\.mail_port: 25 .*mail_host beside it"),
        ('[status.mail]\nhost = "a b"\nsender = "a@b"', r'status\.mail_host: "a b" .*the name or the IP address'),
        ('[status.mail]\nhost = "a"\nsender = "ada"', r'status\.mail_sender: "ada" .*an e-mail address'),
        ('[status.mail]\nhost = "a"\nsender = "a@b"\nuser = "c"', r"status\.mail_user: .*mail_password_file or"),
        (
            '[status.mail]\nhost = "a"\nsender = "a@b"\nuser = "c"\npassword_file = "mail"\ntls = "none"',
            r'status\.mail\.tls: "none" .*another machine',
        ),
        ('[status.account]\nurl = "https://a.example"', r"status\.account_url: .*account_token_file beside it"),
        ('[status.account]\ntoken_file = "open"', r"status\.account_token_file: .*its mode 0600"),
        ('[status]\nexport = "mail"', r'status\.export: "mail" .*a folder of its own'),
        ('[status]\nnodes = ["ftp://a"]', r"status\.nodes: .*http\(s\)"),
        ("[status.slo.home]\navailability = 100.1", r"status\.slo\.home\.availability: 100\.1 .*below 100"),
        ("[status.slo.home]\navailability = 100", r"status\.slo\.home\.availability: 100 .*below 100"),
        ("[status.slo.home]\nlatency = true", r"status\.slo\.home\.latency: true .*a percentage"),
        ("[status.slo.attic]\nlatency = 99", r'status\.slo\.attic: "attic" .*\[status\.components\.attic\]'),
        ("[status.slo.home]\nspeed = 99", r"status\.slo\.home\.speed: 99"),
        ("[status.components.shop]\ngroup = 'x'", r"status\.components\.shop\.name: missing"),
        ("[status.components.Shop]\nname = 'x'", r"status\.components\.Shop in .*lower-case"),
        ("[status.components.home]\nposition = -1", r"status\.components\.home\.position: -1"),
        ("[status]\nprobes = []", r"status\.probes: \[\] .*a table"),
        ("[status.probes.a]\ncomponent = 'web'", r"status\.probes\.a\.kind: null .*one of http, tcp, tls, dns"),
        ("[status.probes.a]\nkind = 'tcp'\nhost = 'a'", r"status\.probes\.a\.component: missing"),
        (
            "[status.probes.a]\nkind = 'tcp'\ncomponent = 'web'\nhost = 'a'\nport = 0",
            r"probes\.a\.port: 0 .*1 to 65535",
        ),
        (
            "[status.probes.a]\nkind = 'http'\ncomponent = 'web'\nurl = 'ftp://a'",
            r'status\.probes\.a\.url: "ftp://a" .*begins with http',
        ),
        (
            "[status.probes.a]\nkind = 'http'\ncomponent = 'attic'\nurl = 'http://a'",
            r'status\.probes\.a\.component: "attic"',
        ),
        (
            "[status.probes.a]\nkind = 'http'\ncomponent = 'web'\nurl = 'http://a'\nstatuses = ['x']",
            r'status\.probes\.a\.statuses: \["x"\]',
        ),
        (
            "[status.probes.a]\nkind = 'http'\ncomponent = 'web'\nurl = 'http://a'\njson_path = 'x'",
            r"status\.probes\.a: .*json_equals",
        ),
        (
            "[status.probes.a]\nkind = 'dns'\ncomponent = 'web'\nname = 'a'\nseconds = 9\nevery_seconds = 5",
            r"status\.probes\.a\.seconds: 9 .*at most every_seconds",
        ),
        ("[status.probes.a]\nkind = 'dns'\ncomponent = 'web'\nname = 'a'\nport = 1", r"status\.probes\.a\.port: 1"),
        (
            "[status.components.web]\nshown = false\n[status.probes.a]\nkind = 'dns'\ncomponent = 'web'\nname = 'a'",
            r'component: "web"',
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_stops_both(folder, text, said):
    (folder / "open").write_text("x")
    (folder / "open").chmod(0o644)
    for reading in (of_server, by_itself):
        with pytest.raises(Misconfigured, match=f"^{said}" if said.startswith("status") else said):
            reading(folder, text)


def test_the_password_stands_in_the_environment_and_nowhere_else(folder, monkeypatch):
    text = '[status.mail]\nhost = "localhost"\nsender = "a@example.org"\nuser = "ada"\n'
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    config = of_server(folder, text, **{PASSWORD_VARIABLE: SECRET}).config
    assert SECRET not in encode(config) + repr(config) + repr(settings_of(config))
    assert settings_of(config).mail.password() == SECRET
    for more in ('password_file = "mail"\n', ""):
        with pytest.raises(Misconfigured, match=PASSWORD_VARIABLE):
            of_server(folder, text.replace('user = "ada"\n', more), **{PASSWORD_VARIABLE: SECRET})


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (f'[status.mail]\npassword = "{SECRET}"', {}),
        (f'[status.account]\ntoken = "{SECRET}"', {}),
        (f'[status.account]\ntoken_file = "{SECRET}"', {}),
        ("", {"WHIMBREL_STATUS_MAIL_PASSWROD_TOKEN": SECRET}),
        ("", {"WHIMBREL_MAIL_PASSWORD": SECRET}),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(folder, text, environ):
    with pytest.raises(Misconfigured) as error:
        of_server(folder, text, **environ)
    assert SECRET not in str(error.value) + error.value.public


def test_doctor_shows_the_page_s_options_and_no_secret(folder, monkeypatch):
    (folder / FILE_NAME).write_text(WHOLE, "utf-8")
    options = Commands(folder, monkeypatch).json("doctor")["options"]
    assert options["status.mail_host"] == {"value": "smtp.example.org", "source": str(folder / FILE_NAME)}
    assert options["status.webhooks"]["value"] == "anywhere"
    assert SECRET not in json.dumps(options)


def test_a_page_by_itself_with_a_wrong_section_does_not_start(folder, monkeypatch):
    (folder / FILE_NAME).write_text("[status.slo.home]\nlatency = 101\n", "utf-8")
    ended = Commands(folder, monkeypatch).run("status", "serve")
    assert (ended.code, ended.out) == (4, "")
    assert "status.slo.home.latency: 101" in ended.err
    assert not (folder / "status.sqlite").exists()


def test_the_tables_are_what_the_program_takes():
    assert tuple(one.id for one in COMPONENTS) == PARTS
    names = {"slo": (SLO, Slo, set()), "components": (COMPONENT, Wanted, {"id"})}
    kinds = {"http": HttpProbe, "tcp": TcpProbe, "tls": TlsProbe, "dns": DnsProbe}
    names |= {kind: (PROBES[kind], kinds[kind], {"id"}) for kind in PROBES}
    for table, struct, besides in names.values():
        assert {option.name for option in table} | besides == set(struct.__struct_fields__)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Slo)}
    assert {option.name: option.default for option in SLO} == defaults


def test_every_option_of_the_page_is_documented_as_it_is():
    text = (ROOT / "docs" / "status-options.md").read_text("utf-8")
    documented = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    tables = [PAGE, ALONE, COMPONENT, SLO, *PROBES.values()]
    assert documented == [
        (option.name, option.kind.expected, shown_default(option), option.meaning)
        for table in tables
        for option in table
    ]


def shown_default(option):
    if option.default in (None, "", ()):
        return "none"
    in_percent = "percentage" in option.kind.expected
    return f"`{written(round(100 * option.default, 9) if in_percent else option.default)}`"
