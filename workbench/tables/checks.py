"""What a check finds in a dataset's tables, each finding with a stable code and a severity."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlglot import exp

from workbench.errors import DataError, WorkbenchError
from workbench.tables.columns_profile import profile_columns
from workbench.tables.content_checks import of_columns, of_double_load, of_sources, of_time, rows_after
from workbench.tables.engine import Engine, Loaded, column, named
from workbench.tables.findings import CheckReport, Finding
from workbench.tables.kinds import among
from workbench.tables.noticed import Noticed, is_fact, mixed_zones
from workbench.tables.profile import TableProfile
from workbench.tables.schema import FlatSource, Table, TableSet
from workbench.tables.shape import says_its_zone
from workbench.tables.sources import resolve
from workbench.tables.strangers import strangers
from workbench.text import Text, counted

__all__ = ["CheckReport", "Finding", "check_flat", "check_tables", "clock_ahead", "stop_if_clock_ahead"]


def check_tables(engine: Engine) -> tuple[list[Finding], list[TableProfile]]:
    """Load every declared table and report what is wrong; a table that cannot be read does not hide the others."""
    findings: list[Finding] = []
    profiles: list[TableProfile] = []
    for table in engine.tables.tables.values():
        try:
            loaded = engine.load(table.name, strict=False)
        except WorkbenchError as error:
            findings.append(Finding.of(error, table.name))
            continue
        findings += _of_rows(engine, table, loaded)
        title = table.title or Text.of(table.name.replace("_", " "))
        columns = profile_columns(engine, table) if loaded.rows else ()
        if loaded.rows:
            findings += [*of_columns(engine, table, columns), *of_time(engine, table)]
        profiles.append(
            TableProfile(
                table.name,
                title,
                loaded.rows,
                loaded.first,
                loaded.last,
                tuple(loaded.columns),
                # a sensitive column's values are not shown to whoever runs a check
                tuple(c.without_examples() if c.name in table.sensitive else c for c in loaded.read),
                profiles=columns,
            )
        )
    findings += [
        *_two_clocks(engine),
        *of_sources(engine.tables),
        *strangers(engine),
        *_of_period(engine, profiles),
    ]
    return findings, profiles


def check_flat(flat: FlatSource) -> tuple[list[Finding], TableProfile]:
    """What is wrong with a flat dataset's one table, and its profile."""
    from workbench.tables.read import read_table

    result = read_table(resolve(flat.source, flat.folder, table="flat"), options=flat.reading)
    keys = (flat.id,) if flat.id else ()
    table = Table("flat", flat.source, event_time=flat.time, keys=keys, keep_duplicates=True)
    tables = TableSet("flat", flat.folder, Text.of("flat"), flat.id or "", {"flat": table})
    findings = [of_noticed("flat", n) for n in result.noticed]
    with Engine(tables) as engine:
        loaded = engine.put_rows("flat", result.frame)
        columns = profile_columns(engine, table)
        findings += [*of_columns(engine, table, columns), *of_time(engine, table)]
    if loaded.repeated_keys:
        findings.append(
            Finding(
                "WB-T09",
                "warn",
                "flat",
                str(flat.id),
                f"{counted(loaded.repeated_keys, 'value')} of '{flat.id}' {'occurs' if loaded.repeated_keys == 1 else 'occur'} in more than one row (first: {loaded.repeated_example}).",
                "If a row is not one case of its own, say what is.",
                loaded.repeated_keys,
            )
        )
    return findings, TableProfile(
        "flat",
        Text("the table", "数据表"),
        loaded.rows,
        loaded.first,
        loaded.last,
        tuple(loaded.columns),
        read=result.columns,
        noticed=result.noticed,
        profiles=columns,
    )


def clock_ahead(tables: TableSet, first: datetime | None, last: datetime | None) -> Finding | None:
    """WB-T21 where `observed_until` lies after the newest event; a stop from a week or a tenth of the period on."""
    if tables.observed_until is None or first is None or last is None:
        return None
    gap = tables.observed_until - last
    if gap <= timedelta(days=2):
        return None
    return Finding(
        "WB-T21",
        "stop" if gap > max(timedelta(days=7), (last - first) / 10) else "warn",
        "",
        "observed_until",
        f"`observed_until` is {tables.observed_until:%Y-%m-%d}, but the newest event of any table is of {last:%Y-%m-%d}.",
        "Set `observed_until` to the end of the data: later outcomes are unknown, not absent.",
    )


def stop_if_clock_ahead(engine: Engine) -> None:
    """Raises DataError WB-T21 where the loaded tables end well before `observed_until`: unseen outcomes are no non-events."""
    moments = [m for t in engine.loaded.values() for m in (t.first, t.last) if m is not None]
    found = clock_ahead(engine.tables, min(moments, default=None), max(moments, default=None))
    if found is not None and found.severity == "stop":
        raise DataError(found.code, found.message, found.hint)


def _of_rows(engine: Engine, table: Table, loaded: Loaded) -> list[Finding]:
    findings: list[Finding] = []
    if loaded.rows == 0:
        findings.append(
            Finding("WB-T14", "stop", table.name, "", f"table '{table.name}' is empty.", "Load its rows.")
        )
        return findings
    limit = engine.tables.max_quarantine
    share = f"{loaded.quarantined_share:.1%} of its {loaded.rows:,} rows; allowed {limit:.1%}"
    aside = (
        (
            "WB-T15",
            "",
            loaded.duplicates,
            (
                "row repeats another row exactly and is set aside",
                "rows repeat another row exactly and are set aside",
            ),
        ),
        (
            "WB-T16",
            table.event_time or "",
            loaded.unreadable_times,
            ("row has no readable time and is set aside", "rows have no readable time and are set aside"),
        ),
        (
            "WB-T17",
            table.event_time or "",
            loaded.impossible_times,
            ("row has an impossible time and is set aside", "rows have an impossible time and are set aside"),
        ),
    )
    for code, where, count, what in aside:
        if count:
            findings.append(
                Finding(
                    code,
                    "quarantine",
                    table.name,
                    where,
                    f"table '{table.name}': {counted(count, *what)}.",
                    "Mend the source when you can.",
                    count,
                )
            )
    findings += of_double_load(engine, table, loaded)
    if loaded.quarantined_share > limit:
        findings.append(
            Finding(
                "WB-T08",
                "stop",
                table.name,
                "",
                f"table '{table.name}': too many rows are set aside, {share}.",
                "Mend the source, or raise `max_quarantine:` if this is known and accepted.",
                loaded.quarantined,
            )
        )
    if loaded.repeated_keys:
        findings.append(
            Finding(
                "WB-T09",
                "stop",
                table.name,
                ", ".join(table.unique),
                f"table '{table.name}' must have one row per key, but {counted(loaded.repeated_keys, 'key repeats', 'keys repeat')} (first: {loaded.repeated_example}).",
                "Correct the rows or the declared key: whatever looks them up would be multiplied.",
                loaded.repeated_keys,
            )
        )
    entity = engine.tables.entity
    if entity in loaded.columns:
        none = exp.Is(this=column(entity), expression=exp.Null())
        (missing,) = engine.row(exp.select(exp.Count(this=exp.Star())).from_(named(table.name)).where(none))
        if missing:
            findings.append(
                Finding(
                    "WB-T18",
                    "warn",
                    table.name,
                    entity,
                    f"table '{table.name}': {counted(missing, 'row has', 'rows have')} no {entity} and {'belongs' if missing == 1 else 'belong'} to nobody.",
                    "They are left out of every feature.",
                    missing,
                )
            )
    findings += [
        Finding(
            "WB-T19",
            "note" if is_fact(note) else "warn",
            table.name,
            "",
            f"table '{table.name}': {note}",
        )
        for note in loaded.notes
    ]
    placing = (table.event_time, table.known_at)
    findings += [of_noticed(table.name, n, placing=placing) for n in loaded.noticed]
    findings += [of_noticed(table.name, n, placing=placing) for n in _mixed_zones(engine, table, loaded)]
    findings += _orphans(engine, table, loaded)
    return findings


def _two_clocks(engine: Engine) -> list[Finding]:
    """WB-T51 where one table's moments were told in UTC and another's stand as they are: they may be hours apart."""
    utc, plain = {}, {}
    for name, loaded in engine.loaded.items():
        table = engine.tables.tables.get(name)
        if table is None or table.event_time is None or not loaded.rows:
            continue
        told = any(n.code == "WB-T28" and n.column == table.event_time for n in loaded.noticed)
        (utc if told else plain)[name] = table.event_time
    if not utc or not plain:
        return []
    some = ", ".join(f"'{n}'" for n in plain)
    return [
        Finding(
            "WB-T51",
            "warn",
            name,
            column_name,
            f"table '{name}': its moments name a time zone and were told in UTC, those of {some} name none and stand as they are: they may be hours apart.",
            f"State `time_zone:` for '{name}', the place whose clock the others show: Asia/Shanghai, Europe/Berlin.",
        )
        for name, column_name in utc.items()
    ]


def _mixed_zones(engine: Engine, table: Table, loaded: Loaded) -> list[Noticed]:
    """Moments that a source states as text (Parquet, a database) and of which some name their zone and some do not."""
    found = []
    for name in dict.fromkeys((table.event_time, table.known_at)):
        if name is None or loaded.columns.get(name) != "VARCHAR":
            continue
        zoned = (
            exp.Case().when(says_its_zone(column(name)), exp.Literal.number(1)).else_(exp.Literal.number(0))
        )
        told, there = engine.row(
            exp.select(exp.Sum(this=zoned), exp.Count(this=column(name))).from_(named(table.name))
        )
        if told and told < there:
            hint = f"State `types: {{{name}: date}}` and `time_zone:` (such as Asia/Shanghai) for the table."
            found.append(replace(mixed_zones(name, int(told), int(there - told)), hint=hint))
    return found


def of_noticed(table: str, noticed: Noticed, *, placing: tuple[str | None, ...] = ()) -> Finding:
    """What reading noticed, as a finding; moments hours apart in a `placing` column stop: a row might be known too early."""
    return Finding(
        noticed.code,
        "stop" if noticed.code == "WB-T27" and noticed.column in placing else noticed.severity,
        table,
        noticed.column,
        f"table '{table}': {noticed.message}",
        noticed.hint,
        noticed.count,
    )


def _orphans(engine: Engine, table: Table, loaded: Loaded) -> list[Finding]:
    """Rows whose look-up key is unknown to the look-up: features by that hop see nothing for them."""
    findings = []
    joined = {j.table: j.on for j in table.join}
    for other in engine.tables.tables.values():
        name = joined.get(other.name, other.key)
        if (
            other.key is None
            or name is None
            or other.name == table.name
            or name not in loaded.columns
            or other.name not in engine.loaded
        ):
            continue
        types = loaded.columns[name], engine.columns(other.name)[other.key]
        known = among(column(name), types[0], column(other.key), types[1], named(other.name))
        missing = exp.and_(
            exp.not_(exp.Is(this=column(name), expression=exp.Null())),
            exp.not_(known),
        )
        count = int(
            engine.row(exp.select(exp.Count(this=exp.Star())).from_(named(table.name)).where(missing))[0]
        )
        if count:
            findings.append(
                Finding(
                    "WB-T20",
                    "warn",
                    table.name,
                    name,
                    f"table '{table.name}': {counted(count, 'row has', 'rows have')} a {name} that '{other.name}' does not know.",
                    "Features by this hop are missing for them.",
                    count,
                )
            )
    return findings


def _of_period(engine: Engine, profiles: list[TableProfile]) -> list[Finding]:
    """`observed_until` against the data: a clock that runs ahead would call unseen outcomes non-events."""
    tables = engine.tables
    lasts = [p.last for p in profiles if p.last is not None]
    if tables.observed_until is None:
        return [
            Finding(
                "WB-T07",
                "stop",
                "",
                "observed_until",
                "tables.yaml does not say until when outcomes are known.",
                "Add `observed_until: YYYY-MM-DD`.",
            )
        ]
    findings = []
    slack = timedelta(days=2)
    firsts = [p.first for p in profiles if p.first is not None]
    ahead = clock_ahead(tables, min(firsts, default=None), max(lasts, default=None))
    if ahead is not None:
        findings.append(ahead)
    for profile in profiles:
        if profile.last is not None and profile.last > tables.observed_until + slack:
            after = rows_after(engine, tables.tables[profile.name], tables.observed_until)
            findings.append(
                Finding(
                    "WB-T22",
                    "warn",
                    profile.name,
                    "",
                    f"table '{profile.name}' reaches {profile.last:%Y-%m-%d}, after `observed_until` ({tables.observed_until:%Y-%m-%d}): {counted(after, 'row')}.",
                    "Move `observed_until` if outcomes are complete until then.",
                    after,
                )
            )
        if (
            profile.first is not None
            and tables.observed_from is not None
            and profile.first < tables.observed_from
        ):
            findings.append(
                Finding(
                    "WB-T23",
                    "warn",
                    profile.name,
                    "",
                    f"table '{profile.name}' begins on {profile.first:%Y-%m-%d}, before `observed_from` ({tables.observed_from:%Y-%m-%d}).",
                    "Rows whose story began earlier are left out as left-censored.",
                )
            )
    return findings
