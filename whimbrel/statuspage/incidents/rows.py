"""The rows of incidents and maintenance windows: whole values in, whole values out."""

from collections.abc import Iterable

import msgspec

from whimbrel.kernel.contracts import Reading, Row, Writing
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.values import Incident, Maintenance

_SQL = Queries("whimbrel.statuspage.incidents")
_encode = msgspec.msgpack.Encoder().encode
_incident = msgspec.msgpack.Decoder(Incident).decode
_maintenance = msgspec.msgpack.Decoder(Maintenance).decode


def put_incident(rows: Writing, incident: Incident) -> None:
    """Write an incident as it stands now."""
    lowered = any(lowering.counts for lowering in incident.lowered.values())
    rows.run(_SQL.keep_lowered if lowered else _SQL.drop_lowered, {"id": incident.id})
    rows.run(
        _SQL.put_incident,
        {
            "id": incident.id,
            "created_ms": incident.created_ms,
            "resolved_ms": incident.resolved_ms,
            "value": _encode(incident),
        },
    )


def incident(rows: Reading, id_: str) -> Incident:
    """One incident. Raises NotFound."""
    row = rows.one(_SQL.incident, {"id": id_})
    if row is None:
        raise NotFound(f'there is no incident "{id_}"')
    return _incident(row[0])


def open_incidents(rows: Reading) -> list[Incident]:
    """What is not resolved, oldest first."""
    return _incidents(rows.all(_SQL.open_incidents))


def steered_incidents(rows: Reading) -> list[Incident]:
    """What is not resolved, and those resolved in which something was called better, as long as it counts."""
    return _incidents(rows.all(_SQL.steered_incidents))


def incidents_before(rows: Reading, before_ms: int, limit: int) -> list[Incident]:
    """The newest incidents that were opened before, newest first."""
    return _incidents(rows.all(_SQL.incidents_before, {"before_ms": before_ms, "limit": limit}))


def put_maintenance(rows: Writing, window: Maintenance) -> None:
    """Write a window as it stands now."""
    rows.run(
        _SQL.put_maintenance,
        {
            "id": window.id,
            "scheduled_ms": window.scheduled_ms,
            "completed_ms": window.updated_ms if window.status == "completed" else None,
            "value": _encode(window),
        },
    )


def maintenance(rows: Reading, id_: str) -> Maintenance:
    """One window. Raises NotFound."""
    row = rows.one(_SQL.maintenance, {"id": id_})
    if row is None:
        raise NotFound(f'there is no maintenance window "{id_}"')
    return _maintenance(row[0])


def open_maintenances(rows: Reading) -> list[Maintenance]:
    """What is not completed, by when it begins."""
    return [_maintenance(row[0]) for row in rows.all(_SQL.open_maintenances)]


def maintenances_before(rows: Reading, before_ms: int, limit: int) -> list[Maintenance]:
    """The newest windows that were to begin before, newest first."""
    found = rows.all(_SQL.maintenances_before, {"before_ms": before_ms, "limit": limit})
    return [_maintenance(row[0]) for row in found]


def _incidents(found: Iterable[Row]) -> list[Incident]:
    return [_incident(row[0]) for row in found]
