"""Findings about what loaded tables hold: constants, drift, gaps, freshness, one file under two names, the event plan."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlglot import exp

from workbench.errors import WorkbenchError
from workbench.tables.columns_profile import ColumnProfile, identifiers
from workbench.tables.engine import AT, KNOWN, Engine, Loaded, column, moment, named
from workbench.tables.event_plan import EventPlan, PlanCheck, check_plan, load_plan
from workbench.tables.findings import Finding
from workbench.tables.level_drift import LevelChange, Shift, drifting
from workbench.tables.rhythm import Gap, rhythm_of
from workbench.tables.schema import Table, TableSet
from workbench.tables.twins import apart, contents
from workbench.text import counted

_SHOWN = 3


def of_columns(engine: Engine, table: Table, profiles: Sequence[ColumnProfile]) -> list[Finding]:
    """WB-T40 for columns that say nothing, WB-T41 and WB-T42 for levels and values that drift."""
    findings = []
    for profile in profiles:
        if profile.rows > 1 and profile.missing == profile.rows:
            findings.append(_dull(table, profile, "has no value in any row"))
        elif profile.rows > 1 and profile.distinct == 1 and profile.missing == 0:
            value = f" ('{profile.top[0][0]}')" if profile.top else ""
            findings.append(_dull(table, profile, f"has one value{value} in all rows"))
    shifts, changes = drifting(engine, table, profiles, identifiers(engine, table))
    findings += [_of_levels(table, name, found) for name, found in _by_column(changes).items()]
    told = {c.column for c in changes}
    return findings + [_of_shift(table, s, s.column in told) for s in shifts]


def of_time(engine: Engine, table: Table) -> list[Finding]:
    """WB-T38 for rows known before they happened, WB-T39 for gaps, WB-T43 for a table that fell silent."""
    if table.event_time is None:
        return []
    findings = []
    until = engine.tables.observed_until
    if table.known_at is not None:
        early = _count(engine, table, exp.LT(this=column(KNOWN), expression=column(AT)))
        if early:
            findings.append(
                Finding(
                    "WB-T38",
                    "warn",
                    table.name,
                    table.known_at,
                    f"table '{table.name}': {counted(early, 'row was', 'rows were')} known ({table.known_at}) before happening ({table.event_time}).",
                    "They count only once they have happened. Correct the two columns if they are mixed up.",
                    early,
                )
            )
    rhythm = rhythm_of(engine, table.name)
    gaps = rhythm.gaps()
    if gaps:
        findings.append(_of_gaps(table, gaps))
    quiet = rhythm.silence(until) if until is not None and rhythm.days else None
    if quiet is not None and until is not None and rhythm.usual_gap is not None:
        findings.append(
            Finding(
                "WB-T43",
                "warn",
                table.name,
                table.event_time,
                f"table '{table.name}' ends on {rhythm.days[-1]}, {quiet.days} days before `observed_until` ({until:%Y-%m-%d}); "
                f"its rows are usually at most {rhythm.usual_gap.days} days apart.",
                "Load what is missing: whatever it counts looks smaller than it is.",
                quiet.days,
            )
        )
    return findings


def rows_after(engine: Engine, table: Table, when: datetime) -> int:
    """Rows of a loaded table that lie after a moment."""
    return _count(engine, table, exp.GT(this=column(AT), expression=moment(when)))


def of_double_load(engine: Engine, table: Table, loaded: Loaded) -> list[Finding]:
    """WB-T34 where a period was loaded more than once: set aside, or told where equal rows are kept."""
    load = loaded.double_load
    kept = table.duplicates == "keep"
    if kept and loaded.rows:
        load = engine.double_load(table)
    if load is None:
        return []
    often = {2: "twice", 3: "three times", 4: "four times"}[load.times]
    differ = f" (they differ in '{load.differing}' at most)" if load.differing else ""
    return [
        Finding(
            "WB-T34",
            "warn" if kept else "quarantine",
            table.name,
            table.event_time or "",
            f"table '{table.name}': {load.period()} was loaded {often}: {counted(load.copies, 'row is a copy', 'rows are copies')}{differ} and "
            f"{'count again' if kept else 'are set aside'}.",
            "Write `duplicates: loads` to set them aside."
            if kept
            else "Take the period out of one of the files when you can.",
            load.copies,
        )
    ]


def of_sources(tables: TableSet) -> list[Finding]:
    """WB-T36 where two tables are the same file, by name or by content; not where they tell different sheets of it, or columns of it long."""
    earlier: dict[tuple[object, ...], list[str]] = {}
    findings = []
    for name, files in contents(tables).items():
        for file, content in files:
            others = earlier.setdefault(content, [])
            other = next(
                (o for o in others if o != name and not apart(tables.tables[o], tables.tables[name])), None
            )
            others.append(name)
            if other is not None:
                findings.append(
                    Finding(
                        "WB-T36",
                        "warn",
                        name,
                        "",
                        f"tables '{other}' and '{name}' are the same file ({file}){_shared_limits(tables, other, name)}.",
                        "If that is meant, let it be; else correct `source:`, or features count its rows twice.",
                    )
                )
    return findings


def _shared_limits(tables: TableSet, one: str, other: str) -> str:
    """What `allowed_for` says in one of them and therefore holds in the other."""
    told = [
        f"`allowed_for: [{', '.join(i.allowed_for)}]` in '{i.of}' holds for '{heir}{f'.{i.column}' if i.column else ''}' too"
        for heir, owner in ((one, other), (other, one))
        for i in tables.tables[heir].inherited
        if i.of == owner and i.allowed_for not in _own_limits(tables.tables[heir], i.column)
    ]
    return f"; {'; '.join(dict.fromkeys(told))}" if told else ""


def _own_limits(table: Table, name: str | None) -> tuple[tuple[str, ...], ...]:
    rule = table.columns.get(name) if name else None
    return (table.allowed_for, rule.allowed_for if rule else ())


def of_plan(engine: Engine) -> tuple[list[Finding], PlanCheck | None]:
    """WB-T46 ... WB-T49 where the events that came are not those of events.yaml."""
    try:
        plan = load_plan(engine.tables)
        if plan is None or plan.table not in engine.loaded:
            return [], None
        found = check_plan(engine, plan)
    except WorkbenchError as error:
        return [Finding.of(error, "events.yaml")], None
    return list(_of_plan(plan, found)), found


def _of_plan(plan: EventPlan, found: PlanCheck) -> Iterable[Finding]:
    table, name = plan.table, plan.name
    for event, rows in found.unknown.items():
        what = f"'{event}'" if event else "without a name"
        near = difflib.get_close_matches(event.lower(), list(plan.events), n=1, cutoff=0.8)
        guess = f"Is '{near[0]}' meant? " if near else ""
        yield Finding(
            "WB-T46", "warn", table, name, f"table '{table}': {counted(rows, 'event')} {what} {'is' if rows == 1 else 'are'} not in events.yaml.",
            f"{guess}Plan the event, or have it renamed where it is sent.", rows,
        )  # fmt: skip
    if found.never:
        yield Finding(
            "WB-T47", "warn", table, name,
            f"table '{table}': {_count_of(found.never, 'planned event')} never seen: {_few(found.never)}.",
            "Have them sent, or take them out of events.yaml.", len(found.never),
        )  # fmt: skip
    for event, months in found.pauses.items():
        yield Finding(
            "WB-T47", "warn", table, name,
            f"table '{table}': the event '{event}' is missing in {_count_of(months, 'month')}: {_few(months)}.",
            "Ask whether it was not sent, or did not happen.", len(months),
        )  # fmt: skip
    for (event, prop), shares in found.half_filled.items():
        worst = max(shares, key=lambda m: shares[m])
        yield Finding(
            "WB-T48", "warn", table, prop,
            f"table '{table}': '{prop}' is required for '{event}' but missing in {shares[worst]:.1%} of its rows in {worst}"
            f"{f' (and in {len(shares) - 1} more months)' if len(shares) > 1 else ''}.",
            "Have it filled where it is sent, or plan it as not required.", len(shares),
        )  # fmt: skip
    for (event, prop), months in found.wrong.items():
        rows = sum(months.values())
        yield Finding(
            "WB-T49", "warn", table, prop,
            f"table '{table}': {counted(rows, 'value')} of '{prop}' of '{event}' {'is' if rows == 1 else 'are'} of another type than planned ({_few(months)}).",
            "Have them sent in the planned type, or correct events.yaml.", rows,
        )  # fmt: skip


def _count(engine: Engine, table: Table, condition: exp.Expr) -> int:
    return int(
        engine.row(exp.select(exp.Count(this=exp.Star())).from_(named(table.name)).where(condition))[0]
    )


def _few(names: Iterable[Any]) -> str:
    listed = [str(n) for n in names]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _count_of(things: Collection[Any], what: str) -> str:
    return f"{len(things)} {what}" if len(things) == 1 else f"{len(things)} {what}s"


def _dull(table: Table, profile: ColumnProfile, what: str) -> Finding:
    return Finding(
        "WB-T40",
        "warn",
        table.name,
        profile.name,
        f"table '{table.name}': column '{profile.name}' {what}.",
        "No feature can learn from it; ask whether it was filled.",
        profile.rows,
    )


def _by_column(changes: Iterable[LevelChange]) -> dict[str, list[LevelChange]]:
    found: dict[str, list[LevelChange]] = {}
    for change in changes:
        found.setdefault(change.column, []).append(change)
    return found


def _of_levels(table: Table, name: str, changes: list[LevelChange]) -> Finding:
    told = [
        f"'{c.level}' {'appears in' if c.appears else 'is last seen in'} {c.month} ({c.share:.0%} of rows then)"
        for c in changes
    ]
    return Finding(
        "WB-T41",
        "warn",
        table.name,
        name,
        f"table '{table.name}': levels of '{name}' come and go: {_few(told)}.",
        "Ask whether its meaning or its source changed; a model learns the old levels only.",
        len(changes),
    )


def _of_shift(table: Table, shift: Shift, levels_told: bool) -> Finding:
    months = f"{len(shift.months)} months" if len(shift.months) > 1 else shift.worst
    return Finding(
        "WB-T42",
        "warn",
        table.name,
        shift.column,
        f"table '{table.name}': '{shift.column}' shifts strongly in {months}; most in {shift.worst} (PSI {shift.psi:.2f}, "
        f"{shift.bin}: {shift.share_before:.0%} -> {shift.share_then:.0%}).",
        "" if levels_told else "Ask whether its meaning, unit or source changed.",
        len(shift.months),
    )


def _of_gaps(table: Table, gaps: list[Gap]) -> Finding:
    told = [f"{g.first} to {g.last}" if g.first != g.last else f"{g.first}" for g in gaps]
    return Finding(
        "WB-T39",
        "warn",
        table.name,
        table.event_time or "",
        f"table '{table.name}' has no rows for {_few(told)}, where it usually has some.",
        "Load what is missing; if nothing happened then, let it be.",
        sum(g.usual_days for g in gaps),
    )
