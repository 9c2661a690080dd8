"""The front of the catalogue: read once into memory, changed under somebody's name.

Promises: what `components` and `services` give is what the book has; a change is in the history before it is shown.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import CATALOGUE_LINE_CHARACTERS_MAX, COMPONENTS_MAX, SERVICE_KINDS_MAX, SERVICES_MAX
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import COMPONENTS, Wanted
from whimbrel.statuspage.values import Component, Service

_SQL = Queries("whimbrel.statuspage.catalogue")
_LAST: Final = 1_000
"""The place of a component that nobody has given one."""
BY_CONFIGURATION: Final = "the configuration"
"""Who has changed a component when the program's own configuration has."""
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ADDRESS: Final = re.compile(r"https?://[^\s/@]+(/\S*)?")
_POSITION_MAX: Final = 10**9
_encode = msgspec.msgpack.Encoder().encode
_component = msgspec.msgpack.Decoder(Component).decode
_service = msgspec.msgpack.Decoder(Service).decode


class Catalogue:
    """Components and services. For the program's one loop; `load` first."""

    def __init__(self, *, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock
        self._components: tuple[Component, ...] = ()
        self._services: dict[str, Service] = {}

    async def load(self, own: Service, wanted: Sequence[Wanted] = ()) -> None:
        """Read the book. A new one begins with the default components; `own` is kept as the program was told.

        What `wanted` says of components is made so, and in the history, where it is not so already.
        """
        components, services = await self._book.read(_all)
        if not components:
            for component in COMPONENTS:
                await self.put_component(component, actor=history.BY_ITSELF)
        else:
            self._components = components
        self._services = {service.id: service for service in services}
        if self._services.get(own.id) != own:
            await self.put_service(own, actor=history.BY_ITSELF)
        for one in wanted:
            await self._make_so(one)

    async def _make_so(self, wanted: Wanted) -> None:
        before = next((one for one in self._components if one.id == wanted.id), None)
        if not wanted.shown:
            if before is not None:
                await self.remove_component(wanted.id, actor=BY_CONFIGURATION)
            return
        given = {
            name: told
            for name in ("name", "group", "description", "position", "only_show_if_degraded")
            if (told := getattr(wanted, name)) is not None
        }
        fresh = next(
            (one for one in COMPONENTS if one.id == wanted.id), Component(id=wanted.id, name=wanted.id, position=_LAST)
        )
        after = replace(before or fresh, **given)
        if after != before:
            await self.put_component(after, actor=BY_CONFIGURATION)

    async def reread(self) -> None:
        """Know what another process has written, and what a process beside the program's needs to know."""
        self._components, services = await self._book.read(_all)
        self._services = {service.id: service for service in services}

    @property
    def components(self) -> Sequence[Component]:
        """In the page's order."""
        return self._components

    @property
    def services(self) -> Mapping[str, Service]:
        """By id."""
        return self._services

    def names(self) -> dict[str, str]:
        """What each component is called."""
        return {component.id: component.name for component in self._components}

    def service(self, id_: str) -> Service:
        """One service. Raises NotFound."""
        try:
            return self._services[id_]
        except KeyError:
            raise NotFound(f'there is no service "{id_}" here') from None

    async def put_component(self, component: Component, *, actor: str) -> Component:
        """Add or change one. Raises Invalid, or Conflict above COMPONENTS_MAX."""
        _check_slug(component.id)
        component = _checked(component)
        known = {one.id: one for one in self._components}
        if component.id not in known and len(known) >= COMPONENTS_MAX:
            raise Conflict(f"a page shows at most {COMPONENTS_MAX} components")
        now_ms = self._clock()
        created_ms = known[component.id].created_ms if component.id in known else now_ms
        component = replace(component, created_ms=created_ms, updated_ms=now_ms)
        row = {"id": component.id, "position": component.position, "value": _encode(component)}
        await self._book.write(
            lambda pen: _put(
                pen, _SQL.put_component, row, told=("component set", component), actor=actor, now_ms=now_ms
            )
        )
        known[component.id] = component
        self._components = tuple(sorted(known.values(), key=lambda one: (one.position, one.id)))
        return component

    async def remove_component(self, id_: str, *, actor: str) -> None:
        """Show it no more. Raises NotFound."""
        if not any(one.id == id_ for one in self._components):
            raise NotFound(f'there is no component "{id_}"')
        await self._remove(_SQL.remove_component, id_, "component removed", actor)
        self._components = tuple(one for one in self._components if one.id != id_)

    async def put_service(self, service: Service, *, actor: str) -> Service:
        """Add or change one. Raises Invalid, or Conflict above SERVICES_MAX."""
        _check_slug(service.id)
        service = _checked_service(service)
        if service.id not in self._services and len(self._services) >= SERVICES_MAX:
            raise Conflict(f"reports are taken about at most {SERVICES_MAX} services")
        now_ms = self._clock()
        row = {"id": service.id, "value": _encode(service)}
        await self._book.write(
            lambda pen: _put(pen, _SQL.put_service, row, told=("service set", service), actor=actor, now_ms=now_ms)
        )
        self._services[service.id] = service
        return service

    async def remove_service(self, id_: str, *, actor: str) -> None:
        """Take no more reports about it. Raises NotFound; Invalid for the watched service itself."""
        if self.service(id_).own:
            raise Invalid("the watched service itself stays")
        await self._remove(_SQL.remove_service, id_, "service removed", actor)
        del self._services[id_]

    async def _remove(self, sql: str, id_: str, action: str, actor: str) -> None:
        now_ms = self._clock()
        await self._book.write(
            lambda pen: _put(pen, sql, {"id": id_, "now_ms": now_ms}, told=(action, {}), actor=actor, now_ms=now_ms)
        )


def _all(look: Reading) -> tuple[tuple[Component, ...], list[Service]]:
    components = tuple(_component(row[0]) for row in look.all(_SQL.components))
    return components, [_service(row[0]) for row in look.all(_SQL.services)]


def _put(
    pen: Writing, sql: str, row: Mapping[str, object], *, told: tuple[str, object], actor: str, now_ms: int
) -> None:
    pen.run(sql, row)
    action, details = told
    history.add(pen, action, str(row["id"]), details, actor=actor, now_ms=now_ms)


def _check_slug(id_: str) -> None:
    if not _SLUG.fullmatch(id_):
        raise Invalid(f'id: "{id_[:60]}"; expected lower-case letters, digits and hyphens, at most 40')


def _checked(component: Component) -> Component:
    """In lines that can be shown. Raises Invalid."""
    if abs(component.position) > _POSITION_MAX:
        raise Invalid(f"position: expected a whole number of at most {_POSITION_MAX:,}")
    lines = {name: _line(name, getattr(component, name)) for name in ("name", "group", "description")}
    return replace(component, **lines)


def _checked_service(service: Service) -> Service:
    """The same of a service, each kind once. Raises Invalid."""
    for name, address in (("url", service.url), ("page_url", service.page_url)):
        if address is not None and not (_ADDRESS.fullmatch(address) and address.isprintable()):
            raise Invalid(f'{name}: "{address[:100]}"; expected an address that begins with http:// or https://')
        _line(name, address or "")
    if not service.name.strip() or not service.kinds:
        raise Invalid("a service has a name, and at least one kind of trouble")
    for kind in service.kinds:
        _check_slug(kind)
    kinds = tuple(dict.fromkeys(service.kinds))
    if len(kinds) > SERVICE_KINDS_MAX:
        raise Invalid(f"kinds: expected at most {SERVICE_KINDS_MAX}, got {len(kinds)}")
    return replace(service, name=_line("name", service.name), kinds=kinds)


def _line(name: str, text: str) -> str:
    """One line without control characters. Raises Invalid for one that is too long."""
    line = "".join(one for one in " ".join(text.split()) if unicodedata.category(one) not in ("Cc", "Cs"))
    if len(line) > CATALOGUE_LINE_CHARACTERS_MAX:
        raise Invalid(f"{name}: expected at most {CATALOGUE_LINE_CHARACTERS_MAX} characters, got {len(line)}")
    return line
