"""A condition on an entity's rows: so many (or fewer) of them lie in a span before or after the cutoff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.errors import DefinitionError
from workbench.tables.durations import Duration
from workbench.tables.expression import columns_of
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import expect_known, expect_mapping, names

PAST = ("any_in", "none_in", "at_least", "fewer_than", "where", "within", "match")
FUTURE = (*PAST, "until", "gap", "lag")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Whether at least (or fewer than) `at_least` rows of a table lie in a span.

    `within` is a span after the cutoff for an outcome and before it for eligibility; None means all history.
    `until` names a column of the frame's row (`contacts.end_date`): the day it holds belongs to the span. With both,
    the span ends with whichever comes first.
    """

    table: str
    wants_any: bool
    where: str | None = None
    within: Duration | None = None
    until: str | None = None
    match: tuple[str, ...] = ()
    gap: Duration = Duration(0)
    lag: Duration = Duration(0)
    at_least: int = 1

    def known_at(self, end: datetime) -> datetime:
        """When the outcome is known of a window that ends at `end`."""
        return self.lag.after(end)


@dataclass(frozen=True)
class Exclusion:
    """Whoever meets the condition before the cutoff is left out, counted under the reason."""

    condition: Condition
    reason: str


def parse_conditions(written: object, tables: TableSet, where: str) -> tuple[Condition, ...]:
    """One condition on the past, or a list of which all must hold."""
    listed = written if isinstance(written, list) else [written]
    if not listed:
        raise DefinitionError("WB-L01", f"{where}: the list is empty.", "Leave it out, or name a condition.")
    return tuple(
        parse_condition(one, tables, f"{where}, condition {number}" if len(listed) > 1 else where, PAST)
        for number, one in enumerate(listed, start=1)
    )


def parse_exclusions(written: object, tables: TableSet, where: str) -> tuple[Exclusion, ...]:
    listed = written if isinstance(written, list) else [written]
    found = []
    for number, one in enumerate(listed, start=1):
        place = f"{where}, entry {number}"
        settings = dict(expect_mapping(one, place))
        reason = parse_reason(settings.pop("reason", None), place)
        found.append(Exclusion(parse_condition(settings, tables, place, PAST), reason))
    return tuple(found)


def parse_reason(written: object, where: str) -> str:
    if not isinstance(written, str) or not written.strip():
        raise DefinitionError(
            "WB-L01",
            f"{where}: `reason:` is missing.",
            'Whoever is left out is counted under it: reason: "staff".',
        )
    return written.strip()


def parse_condition(written: object, tables: TableSet, where: str, allowed: tuple[str, ...]) -> Condition:
    """A condition whose settings are among `allowed` (PAST or FUTURE)."""
    chosen = expect_mapping(written, where)
    expect_known(chosen, allowed, where)
    if ("any_in" in chosen) == ("none_in" in chosen):
        raise DefinitionError(
            "WB-L01",
            f"{where}: expected either `any_in:` or `none_in:`.",
            "Name the table whose rows decide.",
        )
    wants_any = "any_in" in chosen
    table = events_table(chosen["any_in"] if wants_any else chosen["none_in"], tables, where)
    text = chosen.get("where")
    if text is not None:
        columns_of(str(text), where)
    return Condition(
        table=table,
        wants_any=wants_any,
        where=None if text is None else str(text),
        within=_within(chosen, where, outcome="lag" in allowed),
        until=None if chosen.get("until") is None else str(chosen["until"]),
        match=names(chosen.get("match"), f"{where}, match"),
        gap=Duration.parse(chosen.get("gap", "0d"), f"{where}, gap"),
        lag=Duration.parse(chosen.get("lag", "0d"), f"{where}, lag"),
        at_least=_at_least(chosen, where, wants_any=wants_any),
    )


def events_table(name: object, tables: TableSet, where: str) -> str:
    """The name of a table in which things happen at a time; else WB-T05 or WB-L02."""
    table = tables.table(str(name), where)
    if table.event_time is None:
        raise DefinitionError(
            "WB-L02",
            f"{where}: table '{table.name}' has no `event_time:`, so nothing happens in it at a time.",
            "Choose a table of events.",
        )
    return table.name


def whole_number(value: object, where: str, *, least: int = 0) -> int:
    """A whole number of at least `least`, or WB-L01."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DefinitionError("WB-L01", f"{where} is {value!r}.", f"Write a whole number, {least} or more.")
    return value


def _within(chosen: dict[str, Any], where: str, *, outcome: bool) -> Duration | None:
    within = chosen.get("within")
    if outcome and within in (None, "all"):
        if chosen.get("until") is None:
            raise DefinitionError(
                "WB-L01",
                f"{where}: an outcome needs an end, `within:` or `until:` or both.",
                "Write within: 60d, or until: contacts.end_date for a label with `row:`.",
            )
        return None
    if within in (None, "all"):
        return None
    return positive(Duration.parse(within, f"{where}, within"), f"{where}, within")


def positive(span: Duration, where: str) -> Duration:
    if span.count == 0:
        raise DefinitionError("WB-L01", f"{where} is {span}, which holds no moment.", "Write 1d or more.")
    return span


def _at_least(chosen: dict[str, Any], where: str, *, wants_any: bool) -> int:
    mine, other = ("at_least", "fewer_than") if wants_any else ("fewer_than", "at_least")
    if other in chosen:
        raise DefinitionError(
            "WB-L01",
            f"{where}: `{other}` does not go with `{'any_in' if wants_any else 'none_in'}`.",
            "Write any_in: TABLE, at_least: 3, or none_in: TABLE, fewer_than: 3.",
        )
    return whole_number(chosen.get(mine, 1), f"{where}: `{mine}`", least=1)
