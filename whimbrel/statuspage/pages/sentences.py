"""What is known, said in the reader's language: states, reasons with their figures, what the program says by itself.

What people have written stays as they wrote it. What the program wrote is a template with figures, so everybody reads
it in their own words; in English they are the words of incidents/words.py, which goes out by feeds and mail. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from whimbrel.statuspage.catalogue.defaults import COMPONENTS
from whimbrel.statuspage.incidents.windows import Rule
from whimbrel.statuspage.incidents.words import name_of
from whimbrel.statuspage.pages.language import DEFAULT, Words
from whimbrel.statuspage.values import SEVERITY, Component, Incident, Maintenance, Reason, Update, Verdict

_DEFAULTS: Final = {component.id: component for component in COMPONENTS}
_NAMED_MAX: Final = 3
_TROUBLE: Final = SEVERITY["degraded_performance"]
_SHORT: Final = 2

Figures = Mapping[str, float | int | str]


def component_name(words: Words, component: Component) -> str:
    """What a component is called. The names that come with the program are translated, people's are kept."""
    usual = _DEFAULTS.get(component.id)
    return words(f"part.{component.id}") if usual is not None and usual.name == component.name else component.name


def component_text(words: Words, component: Component) -> str:
    """What a component is for."""
    usual = _DEFAULTS.get(component.id)
    known = usual is not None and usual.description == component.description
    return words(f"part.{component.id}.text") if known else component.description


def group_name(words: Words, group: str) -> str:
    """What a group is called."""
    return words(f"group.{group}") if f"group.{group}" in words else group


def names_in(words: Words, components: Sequence[Component]) -> dict[str, str]:
    """By id."""
    return {component.id: component_name(words, component) for component in components}


def reason(words: Words, found: Reason) -> str:
    """One sentence with the figures that anybody can check."""
    figures = {name: _figure(words, name, value) for name, value in found.figures.items()}
    if "rate" in found.figures:
        figures["rate"] = _known(words, "rate", found.figures["rate"])
    if "objective" in found.figures:
        figures["objective"] = _known(words, "objective", found.figures["objective"])
    sentence = words(f"reason.{found.code}", **figures)
    error = found.figures.get("error")
    return f"{sentence} {words('reason.error', error=error)}" if error else sentence


def disagreement(words: Words, verdict: Verdict) -> str:
    """What to say when people and probes disagree; empty when they do not."""
    if not verdict.disagreement:
        return ""
    crowd = next((one for one in verdict.reasons if one.code == "crowd"), None)
    since_ms = crowd.since_ms if crowd else verdict.since_ms
    return words(f"disagreement.{verdict.disagreement}", clock=words.clock(since_ms))


def waiting(words: Words, verdict: Verdict) -> str:
    """That it looks well and is being waited out; empty when it is not."""
    if verdict.better_since_ms is None:
        return ""
    patience = words.duration(1_000 * verdict.patience_seconds)
    return words("waiting", clock=words.clock(verdict.better_since_ms), patience=patience)


def incident_name(words: Words, incident: Incident, names: Mapping[str, str], english: Mapping[str, str]) -> str:
    """An incident's name: translated when the program gave it, kept when a person did."""
    first = incident.updates[-1] if incident.updates else None
    if first is None or first.template != "opened" or incident.name != name_of(first.components, english):
        return incident.name
    ordered = sorted(first.components, key=lambda component: -SEVERITY[first.components[component]])
    called = [names.get(component, component) for component in ordered]
    shown = ", ".join(called[:_NAMED_MAX])
    if len(called) <= _NAMED_MAX:
        return words("incident.name", names=shown)
    return words("incident.name_more", names=shown, more=words.number(len(called) - _NAMED_MAX))


def body(words: Words, update: Update, names: Mapping[str, str]) -> str:
    """What an update says."""
    if not update.template or f"update.{update.template}" not in words:
        return update.body
    if "title" in update.figures:
        return words(f"update.{update.template}", title=update.figures["title"])
    affected = {one: state for one, state in update.components.items() if SEVERITY[state] >= _TROUBLE}
    states = " ".join(words(f"says.{state}", name=names.get(one, one)) for one, state in affected.items())
    parts = [words(f"update.{update.template}", states=states).strip()]
    if update.template not in ("monitoring", "resolved"):
        parts += [*_measured(words, update.figures), words("update.safety"), words("update.breach")]
    elif update.template == "resolved":
        parts += [*_since(words, update.figures), words("update.safety")]
    due = update.figures.get("next_update_ms")
    return " ".join([*parts, *([words("update.next", moment=words.moment(int(due)))] if due is not None else [])])


def sent(words: Words, update: Update, names: Mapping[str, str]) -> str:
    """The same for what goes out by feeds and mail: in English letter for letter what programs are told."""
    return update.body if words.language == DEFAULT else body(words, update, names)


def recurrence(words: Words, rule: Rule) -> str:
    """How a window recurs."""
    every = words(f"recurs.{rule.frequency.lower()}", n=words.number(rule.interval))
    if rule.count is not None:
        return words("recurs.count", every=every, n=words.number(rule.count))
    return words("recurs.until", every=every, date=words.date(rule.until_ms)) if rule.until_ms is not None else every


def told_name(words: Words, told: Incident | Maintenance, names: Mapping[str, str], english: Mapping[str, str]) -> str:
    """The name of an incident or of a window."""
    return incident_name(words, told, names, english) if isinstance(told, Incident) else told.name


def _measured(words: Words, figures: Figures) -> list[str]:
    said = _since(words, figures)
    if "share" in figures:
        said.append(words("update.share", share=words.share(float(figures["share"]))))
    if "reports" in figures:
        said.append(words("update.reports", reports=words.number(float(figures["reports"]))))
    return said


def _since(words: Words, figures: Figures) -> list[str]:
    return [words("update.since", moment=words.moment(int(figures["since_ms"])))] if "since_ms" in figures else []


def _known(words: Words, kind: str, value: float | int | str) -> str:
    return words(f"{kind}.{value}") if f"{kind}.{value}" in words else str(value)


def _figure(words: Words, name: str, value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    if name.endswith("_seconds"):
        return words.duration(1_000 * value)
    if name == "share":
        return words.share(value, 1)
    if name == "tail":
        return words.power(value)
    return words.number(value, 0 if isinstance(value, int) else _SHORT)
