"""What a person has configured of the status page: the section `[status]`, `WHIMBREL_STATUS_*`, flags.

Read by `whimbrel serve` for the server's own page, and by `whimbrel status serve` for a page by itself; the same names
mean the same in both. Promises: anything wrong stops the start with the place, the value and what was expected, before
anything runs. Secrets are not here: a file is named in which one stands, or a variable. What options do is not known
here. Standard library only, because `whimbrel serve` reads it.
"""

import json
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any, Final, NamedTuple

from whimbrel.kernel.errors import Misconfigured
from whimbrel.kernel.limits import COMPONENTS_MAX, CONFIGURED_PROBES_MAX
from whimbrel.option_reading import Written, document_in, refused, source_of, unknown, value
from whimbrel.option_table import BY_NAME as OF_SERVER
from whimbrel.option_table import Option, is_loopback
from whimbrel.status_table import (
    ALONE,
    COMPONENT,
    NEEDED,
    PAGE,
    PARTS,
    PASSWORD_VARIABLE,
    PROBES,
    SLO,
    SLUG,
)

SECTION: Final = "status"
PREFIX: Final = "WHIMBREL_STATUS_"
OF_THE_SERVER: Final = {
    "enabled": "status",
    "port": "status_port",
    "url": "status_url",
    "every_seconds": "status_every_seconds",
    "calm_seconds": "status_calm_seconds",
}
"""What stands in the section of a server and is an option of the server under another name."""
_TABLES: Final = ("mail", "account", "slo", "components", "probes")
_PLACES: Final = ("data", "config")
_ALONE_NAMES: Final = frozenset(option.name for option in ALONE)

Table = Mapping[str, object]


class Told(NamedTuple):
    """Every option of the page by name, with `slo`, `components` and `probes` by id; and where each came from.

    All as JSON has it, because it is handed from process to process. `mail_password_variable`: where the password
    stands when that is the environment, else empty.
    """

    values: dict[str, Any]
    sources: dict[str, str]


def flag_of(option: Option, *, alone: bool) -> str:
    """How the option is given in a command line: of `whimbrel status serve`, or of `whimbrel serve`."""
    words = option.name.replace("_", "-")
    return f"--{words}" if alone else f"--status-{words}"


def of_server(section: Table, file: Path, environ: Mapping[str, str], flags: Mapping[str, str], here: Path) -> Told:
    """The page of a server. `flags`: by option, as written. Raises Misconfigured."""
    written = _of_section({name: raw for name, raw in section.items() if name not in OF_THE_SERVER}, file)
    written |= _of_environment(environ, here, skip={PREFIX + name.upper() for name in OF_THE_SERVER})
    for name in written.keys() & _ALONE_NAMES:
        raise refused(
            f"{SECTION}.{name}", written[name], "it only for `whimbrel status serve`: a server's page has the server's"
        )
    written |= _of_flags(flags, here, alone=False)
    return _told(PAGE, written, _tables(section, file), environ)


def alone(flags: Mapping[str, str], environ: Mapping[str, str], *, here: Path, data_default: Path) -> tuple[Path, Told]:
    """A page by itself: its directory, and what it is told. Reads one file. Raises Misconfigured."""
    data = (here / Path(flags.get("data") or environ.get(PREFIX + "DATA") or data_default).expanduser()).resolve()
    given = flags.get("config") or environ.get(PREFIX + "CONFIG")
    file = here / Path(given).expanduser() if given else data / "whimbrel.toml"
    section = _section_in(document_in(file, must_exist=bool(given)), file)
    written = _of_section({name: raw for name, raw in section.items() if name != "enabled"}, file)
    written |= _of_environment(environ, here, skip={PREFIX + place.upper() for place in _PLACES})
    written |= _of_flags({name: raw for name, raw in flags.items() if name not in _PLACES}, here, alone=True)
    told = _told((*ALONE, *PAGE), written, _tables(section, file), environ)
    _check_pair(told, written, "tls_cert", "tls_key")
    return data, told


def server_options_in(section: object) -> dict[str, object]:
    """What the section says about options of the server: by their own names. Raises Misconfigured."""
    if not isinstance(section, Mapping):
        return {SECTION: section}
    return {OF_THE_SERVER[name]: raw for name, raw in section.items() if name in OF_THE_SERVER}


def _section_in(document: Table, file: Path) -> Table:
    for name, raw in document.items():
        if name not in OF_SERVER:
            raise unknown(name, raw, str(file), [*OF_SERVER])
    section = document.get(SECTION, {})
    return section if isinstance(section, Mapping) else {}


def _of_section(section: Table, file: Path) -> dict[str, Written]:
    """The options of the page that stand in the section, by name."""
    found: dict[str, Written] = {}
    known = {option.name for option in (*PAGE, *ALONE)}
    outside = {name for name in known if _table_of(name) is None}
    for name, raw in section.items():
        if name in outside:
            found[name] = Written(raw, str(file), file.parent)
        elif name not in _TABLES:
            raise unknown(f"{SECTION}.{name}", raw, str(file), _placed([*outside, *_TABLES, *OF_THE_SERVER]))
        elif not isinstance(raw, Mapping):
            raise refused(f"{SECTION}.{name}", Written(raw, str(file), file.parent), f"a table [{SECTION}.{name}]")
        elif name in ("mail", "account"):
            found |= _of_table(name, raw, file, known)
    return found


def _of_table(table: str, within: Table, file: Path, known: Set[str]) -> dict[str, Written]:
    """The options of the page that stand in a table of the section, such as `[status.mail]`, by name."""
    for key, raw in within.items():
        if f"{table}_{key}" not in known:
            near = [f"{table}.{one.removeprefix(f'{table}_')}" for one in known if _table_of(one) == table]
            raise unknown(f"{SECTION}.{table}.{key}", raw, str(file), _placed(near))
    return {f"{table}_{key}": Written(raw, str(file), file.parent) for key, raw in within.items()}


def _of_environment(environ: Mapping[str, str], here: Path, *, skip: set[str]) -> dict[str, Written]:
    allowed = {PREFIX + option.name.upper(): option.name for option in (*PAGE, *ALONE)}
    found: dict[str, Written] = {}
    for variable, raw in environ.items():
        if not variable.startswith(PREFIX) or variable in skip or variable == PASSWORD_VARIABLE:
            continue
        if variable not in allowed:
            raise unknown(variable, raw, "the environment", [*allowed, PASSWORD_VARIABLE])
        found[allowed[variable]] = Written(raw, f"the environment ({variable})", here)
    return found


def _of_flags(flags: Mapping[str, str], here: Path, *, alone: bool) -> dict[str, Written]:
    by_name = {option.name: option for option in (*PAGE, *ALONE)}
    return {name: Written(raw, f"the flag {flag_of(by_name[name], alone=alone)}", here) for name, raw in flags.items()}


def _tables(section: Table, file: Path) -> dict[str, dict[str, Any]]:
    """Components, promises and probes, by id. Raises Misconfigured."""
    components = {
        id_: _filled(COMPONENT, table, f"components.{id_}", file)
        for id_, table in _ids(section, "components", COMPONENTS_MAX, file)
    }
    for id_, told in components.items():
        if id_ not in PARTS and told["shown"] and told["name"] is None:
            raise Misconfigured(f"{SECTION}.components.{id_}.name: missing in {file}: a part that you add needs a name")
    there = [*PARTS, *components]
    known = [id_ for id_ in dict.fromkeys(there) if components.get(id_, {"shown": True})["shown"]]
    slo = {
        _known(id_, f"slo.{id_}", known, file): _filled(SLO, table, f"slo.{id_}", file)
        for id_, table in _ids(section, "slo", COMPONENTS_MAX, file)
    }
    probes = {
        id_: _probe(id_, table, known, file) for id_, table in _ids(section, "probes", CONFIGURED_PROBES_MAX, file)
    }
    return {"components": components, "slo": slo, "probes": probes}


def _ids(section: Table, name: str, count_max: int, file: Path) -> Iterable[tuple[str, Table]]:
    """The tables `[status.NAME.ID]`."""
    tables = section.get(name, {})
    assert isinstance(tables, Mapping), "the section was looked at before"
    if len(tables) > count_max:
        raise Misconfigured(f"{SECTION}.{name}: {len(tables)} of them in {file}: expected at most {count_max}")
    for id_, table in tables.items():
        place = f"{SECTION}.{name}.{id_}"
        if not isinstance(table, Mapping):
            raise refused(place, Written(table, str(file), file.parent), f"a table [{place}]")
        if not SLUG.fullmatch(id_):
            raise Misconfigured(f"{place} in {file}: expected lower-case letters, digits and hyphens, at most 40")
        yield id_, table


def _filled(options: Iterable[Option], table: Table, place: str, file: Path) -> dict[str, Any]:
    options = tuple(options)
    known = [option.name for option in options]
    for name, raw in table.items():
        if name not in known:
            raise unknown(f"{SECTION}.{place}.{name}", raw, str(file), _placed([f"{place}.{one}" for one in known]))
    written = {name: Written(raw, str(file), file.parent) for name, raw in table.items()}
    return {option.name: value(option, written.get(option.name), place=f"{SECTION}.{place}.") for option in options}


def _probe(id_: str, table: Table, components: Iterable[str], file: Path) -> dict[str, Any]:
    place = f"probes.{id_}"
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in PROBES:
        raise refused(f"{SECTION}.{place}.kind", Written(kind, str(file), file.parent), f"one of {', '.join(PROBES)}")
    told = _filled(PROBES[kind], {name: raw for name, raw in table.items() if name != "kind"}, place, file)
    for name in NEEDED[kind]:
        if told[name] is None:
            raise Misconfigured(f"{SECTION}.{place}.{name}: missing in {file}: a probe of this kind needs it")
    _known(told["component"], f"{place}.component", components, file)
    if told["seconds"] > told["every_seconds"]:
        if "seconds" in table or "every_seconds" not in table:
            raise Misconfigured(
                f"{SECTION}.{place}.seconds: {told['seconds']:g} in {file}: expected at most every_seconds, "
                f"{told['every_seconds']}"
            )
        told["seconds"] = float(told["every_seconds"])
    if kind == "http" and (told["json_path"] == "") != (told["json_equals"] is None):
        raise Misconfigured(f"{SECTION}.{place}: in {file}: expected json_path and json_equals, or neither")
    return {"kind": kind, **told}


def _known(id_: str, place: str, components: Iterable[str], file: Path) -> str:
    components = list(components)
    if id_ not in components:
        raise Misconfigured(
            f'{SECTION}.{place}: "{id_}" in {file}: there is no such component; expected one of '
            f"{', '.join(sorted(components))}, or a table [{SECTION}.components.{id_}]"
        )
    return id_


def _told(
    options: Iterable[Option],
    written: Mapping[str, Written],
    tables: Mapping[str, Mapping[str, Any]],
    environ: Mapping[str, str],
) -> Told:
    options = tuple(options)
    values = {option.name: value(option, written.get(option.name), place=f"{SECTION}.") for option in options}
    sources = {option.name: source_of(written.get(option.name)) for option in options}
    variable = PASSWORD_VARIABLE if environ.get(PASSWORD_VARIABLE) else ""
    told = Told(_plain({**values, **tables, "mail_password_variable": variable}), sources)
    _check_mail(told, written)
    if values["account_url"] is not None and values["account_token_file"] is None:
        raise _lonely("account_url", written, "account_token_file")
    return told


def _check_mail(told: Told, written: Mapping[str, Written]) -> None:
    values = told.values
    given = [name for name in written if name.startswith("mail_")]
    if values["mail_host"] is None:
        if given:
            raise _lonely(given[0], written, "mail_host")
        return
    if values["mail_sender"] is None:
        raise _lonely("mail_host", written, "mail_sender")
    in_file, in_environment = values["mail_password_file"] is not None, bool(values["mail_password_variable"])
    if in_file and in_environment:
        raise Misconfigured(
            f"{SECTION}.mail.password_file: in {written['mail_password_file'].source}: expected one password; "
            f"{PASSWORD_VARIABLE} is set too"
        )
    if bool(values["mail_user"]) != (in_file or in_environment):
        there = "mail_user" if values["mail_user"] else "mail_password_file"
        if there not in written:
            raise Misconfigured(f"{PASSWORD_VARIABLE} is set: expected {SECTION}.mail.user beside it")
        raise _lonely(there, written, f"mail_password_file or {PASSWORD_VARIABLE}" if in_file is False else "mail_user")
    if values["mail_tls"] == "none" and values["mail_user"] and not is_loopback(values["mail_host"]):
        raise refused(
            f"{SECTION}.mail.tls", written["mail_tls"], "starttls or tls, because a password goes to another machine"
        )


def _check_pair(told: Told, written: Mapping[str, Written], first: str, second: str) -> None:
    if (told.values[first] is None) != (told.values[second] is None):
        there, missing = (first, second) if told.values[first] is not None else (second, first)
        raise _lonely(there, written, missing)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return plain


def _lonely(name: str, written: Mapping[str, Written], missing: str) -> Misconfigured:
    return refused(f"{SECTION}.{name}", written[name], f"{missing} beside it, which is not given")


def _table_of(name: str) -> str | None:
    table, _, rest = name.partition("_")
    return table if rest and table in ("mail", "account") else None


def _placed(names: Iterable[str]) -> list[str]:
    return [f"{SECTION}.{name}" for name in names]
