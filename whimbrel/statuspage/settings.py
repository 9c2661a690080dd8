"""What the status program is told: a frozen value that its composition root makes of the configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from whimbrel.kernel.errors import Misconfigured
from whimbrel.kernel.limits import CANARY_SECONDS
from whimbrel.reliability.proxies import Network
from whimbrel.statuspage.catalogue.defaults import Wanted
from whimbrel.statuspage.telling.account import Official
from whimbrel.statuspage.telling.mail import MailServer
from whimbrel.statuspage.verdict import DEFAULT
from whimbrel.statuspage.watching.probes import check
from whimbrel.statuspage.watching.probing import Probe
from whimbrel.statuspage.watching.reaching import Reach
from whimbrel.statuspage.watching.slo import Slo


class Settings(NamedTuple):
    """`data`: the program's own directory. `public_url`: where people find the page, without a slash at the end.

    `watched_url`: the service that is watched, empty for none; `name`: what people call it.
    `proxies`: networks whose word about who a client is is believed.
    `export`: a folder in which a copy of the page is kept for a second origin, or None.
    `official`: the account that posts each update; `mail`: the server by which e-mail is sent; None: neither is done.
    `webhooks_reach`: where the addresses of webhooks may lead. `nodes`: the addresses whose /metrics are read; none:
    that of the watched service.
    `canary_file`: the names and passwords of the canaries; None: `canary.json` in `data`.
    `ca_file`: certificates that are trusted besides when the service is asked; empty for none.
    `every_seconds`: how often the canaries go round. `calm_seconds`: how long all must be well before trouble is over.
    `components`: what is otherwise than a new page has it; `slos`: what is promised, by component; `probes`: further
    ones, which nobody can change on the page itself.
    """

    data: Path
    name: str
    public_url: str
    watched_url: str = ""
    export: Path | None = None
    proxies: tuple[Network, ...] = ()
    official: Official | None = None
    mail: MailServer | None = None
    webhooks_reach: Reach = "public"
    nodes: tuple[str, ...] = ()
    canary_file: Path | None = None
    every_seconds: float = CANARY_SECONDS
    calm_seconds: int = DEFAULT.clean_seconds
    ca_file: str = ""
    components: tuple[Wanted, ...] = ()
    slos: Mapping[str, Slo] = {}
    probes: tuple[Probe, ...] = ()


def configured(settings: Settings, told: Mapping[str, Any]) -> Settings:
    """The settings with what a person has configured. `told`: the options of the page, read and checked before.

    A page that watches something else than `settings` say still reads the metrics where they say.
    """
    watched = told["watch"] or settings.watched_url
    return settings._replace(
        name=told["name"] or settings.name,
        watched_url=watched,
        nodes=tuple(told["nodes"]) or ((settings.watched_url,) if settings.watched_url else ()),
        ca_file=told["ca_file"] or "",
        canary_file=_path(told["canary"]) or settings.canary_file,
        export=_path(told["export"]),
        webhooks_reach=told["webhooks"],
        mail=_mail(told),
        official=_official(told, watched),
        components=tuple(msgspec.convert({"id": id_, **one}, Wanted) for id_, one in told["components"].items()),
        slos={id_: msgspec.convert(one, Slo) for id_, one in told["slo"].items()},
        probes=tuple(_probe(id_, one) for id_, one in told["probes"].items()),
    )


def _mail(told: Mapping[str, Any]) -> MailServer | None:
    if told["mail_host"] is None:
        return None
    return MailServer(
        host=told["mail_host"],
        sender=told["mail_sender"],
        port=told["mail_port"],
        tls=told["mail_tls"],
        user=told["mail_user"],
        password_file=_path(told["mail_password_file"]),
        password_variable=told["mail_password_variable"],
    )


def _official(told: Mapping[str, Any], watched: str) -> Official | None:
    file, url = _path(told["account_token_file"]), told["account_url"] or watched
    if file is None:
        return None
    if not url:
        raise Misconfigured("status.account_url: missing: nothing is watched, so expected where the account posts")
    return Official(url, file)


def _probe(id_: str, told: Mapping[str, Any]) -> Probe:
    given = {name: one for name, one in told.items() if one is not None}
    probe: Probe = msgspec.convert({"id": id_, **given}, Probe)
    check(probe)
    return probe


def _path(told: str | None) -> Path | None:
    return None if told is None else Path(told)
