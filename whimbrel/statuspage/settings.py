"""What the status program is told: a frozen value that its composition root makes of the configuration."""

from pathlib import Path
from typing import NamedTuple

from whimbrel.kernel.limits import CANARY_SECONDS
from whimbrel.reliability.proxies import Network
from whimbrel.statuspage.telling.account import Official
from whimbrel.statuspage.telling.mail import MailServer
from whimbrel.statuspage.verdict import DEFAULT
from whimbrel.statuspage.watching.reaching import Reach


class Settings(NamedTuple):
    """`data`: the program's own directory. `public_url`: where people find the page, without a slash at the end.

    `watched_url`: the service that is watched, empty for none; `name`: what people call it.
    `proxies`: networks whose word about who a client is is believed.
    `export`: a folder in which a copy of the page is kept for a second origin, or None.
    `official`: the account that posts each update; `mail`: the server by which e-mail is sent; None: neither is done.
    `webhooks_reach`: where the addresses of webhooks may lead. `nodes`: the addresses whose /metrics are read; none:
    that of the watched service.
    `canary_file`: the names and passwords of the canaries; None: `canary.json` in `data`.
    `every_seconds`: how often the canaries go round. `calm_seconds`: how long all must be well before trouble is over.
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
