"""A plan of events (`events.yaml`): which events there should be, with which properties, against what came.

    table: app_events
    name: event                       # the column that holds the event's name
    events:
      login: {properties: {device: {type: text, required: true}, amount: {type: number}}}
      logout: {}

Types are text, number, integer, boolean and date. A required property may be missing in at most one row in a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import pandas as pd
from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.columns_profile import month_of
from workbench.tables.engine import AT, Engine, column, named
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, read_yaml

PropertyType = Literal["text", "number", "integer", "boolean", "date"]
FILE = "events.yaml"
MISSING_SHARE = 0.01  # of a required property's rows in a month
MISSING_ROWS = 3  # fewer are slips

_NUMBER = r"^\s*[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?\s*$"
_PATTERNS = {"number": _NUMBER, "integer": r"^\s*[-+]?[0-9]+([.]0*)?\s*$", "boolean": r"^\s*([Tt]rue|[Ff]alse|TRUE|FALSE|0|1)\s*$"}  # fmt: skip


@dataclass(frozen=True)
class Property:
    """What one property of an event must hold."""

    type: PropertyType = "text"
    required: bool = False


@dataclass(frozen=True)
class EventPlan:
    """The events that a table should hold, each with its properties."""

    table: str
    name: str
    events: dict[str, dict[str, Property]] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanCheck:
    """What came, per month and event: `counts` has month, event, planned, rows, share and, per property, how many rows
    have no value (`missing`) or one of another type (`wrong`)."""

    counts: pd.DataFrame
    unknown: dict[str, int]
    never: tuple[str, ...]
    pauses: dict[str, tuple[str, ...]]
    half_filled: dict[tuple[str, str], dict[str, float]]
    wrong: dict[tuple[str, str], dict[str, int]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "months": self.counts.to_dict("records"),
            "unknown": self.unknown,
            "never_seen": list(self.never),
            "missing_in": {e: list(m) for e, m in self.pauses.items()},
            "half_filled": [
                {"event": e, "property": p, "missing_share": m} for (e, p), m in self.half_filled.items()
            ],
            "wrong_type": [{"event": e, "property": p, "rows": m} for (e, p), m in self.wrong.items()],
        }


def load_plan(tables: TableSet) -> EventPlan | None:
    """The dataset's events.yaml, or None if it has none. Raises WB-T01, WB-T02 or WB-T05 with the line."""
    path = tables.folder / FILE
    return parse_plan(read_yaml(path), tables) if path.is_file() else None


def parse_plan(file: YamlFile, tables: TableSet) -> EventPlan:
    top = file.content
    expect_known(top, ("table", "name", "events"), file.path.name)
    for needed in ("table", "name", "events"):
        if not top.get(needed):
            raise DefinitionError(
                "WB-T02",
                f"{file.path.name}: `{needed}:` is missing.",
                "A plan names its table, the column with the event's name, and its events.",
            )
    table = tables.table(str(top["table"]), file.where("table"))
    if table.event_time is None:
        raise DefinitionError(
            "WB-T02",
            f"{file.where('table')}: table '{table.name}' has no `event_time:`, so it holds no events.",
            "Name the table of events, or give it its `event_time:` in tables.yaml.",
        )
    events = {}
    for name, settings in expect_mapping(top["events"], file.where("events")).items():
        where = f"{file.where('events', name)}, event '{name}'"
        chosen = expect_mapping({} if settings is None else settings, where)
        expect_known(chosen, ("properties", "say"), where)
        given = expect_mapping(chosen.get("properties") or {}, f"{where}, properties")
        events[name] = {p: _property(s, f"{where}, property '{p}'") for p, s in given.items()}
    return EventPlan(table.name, str(top["name"]), events)


def _property(written: object, where: str) -> Property:
    chosen = expect_mapping({"type": written} if isinstance(written, str) else written or {}, where)
    expect_known(chosen, ("type", "required", "say"), where)
    kind, required = chosen.get("type", Property.type), chosen.get("required", Property.required)
    if kind not in get_args(PropertyType):
        raise DefinitionError(
            "WB-T02", f"{where}: `type` is {kind!r}.", did_you_mean(str(kind), get_args(PropertyType))
        )
    if not isinstance(required, bool):
        raise DefinitionError("WB-T02", f"{where}: `required` is {required!r}.", "Write true or false.")
    return Property(cast(PropertyType, kind), required)


def check_plan(engine: Engine, plan: EventPlan) -> PlanCheck:
    """The plan against its loaded table, in one pass. Raises WB-T12 for a column that the table does not have."""
    offered = engine.columns(plan.table)
    properties = list(dict.fromkeys(p for event in plan.events.values() for p in event))
    for name in (plan.name, *properties):
        if name not in offered:
            raise DefinitionError(
                "WB-T12",
                f"{FILE}: table '{plan.table}' has no column '{name}'.",
                did_you_mean(name, offered, shown=40),
            )
    return _judged(plan, _counts(engine, plan, properties, offered))


def _counts(engine: Engine, plan: EventPlan, properties: list[str], offered: dict[str, str]) -> pd.DataFrame:
    event = exp.Cast(this=column(plan.name), to=exp.DataType.build("varchar"))
    month = month_of(column(AT))
    asked: list[exp.Expr] = [
        exp.alias_(month, "month", quoted=True),
        exp.alias_(event, "event", quoted=True),
        exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
    ]
    for i, name in enumerate(properties):
        asked.append(exp.alias_(exp.Count(this=column(name)), f"filled{i}", quoted=True))
        kinds = {e[name].type for e in plan.events.values() if name in e}
        asked += [
            exp.alias_(exp.Sum(this=_is_wrong(name, kind, offered[name])), f"{kind}{i}", quoted=True)
            for kind in sorted(kinds)
        ]
    query = exp.select(*asked).from_(named(plan.table)).group_by(month.copy(), event.copy())
    found = engine.frame(query).sort_values(["month", "event"], ignore_index=True)
    found["month"] = pd.to_datetime(found["month"]).dt.strftime("%Y-%m")
    found["event"] = found["event"].astype("object").where(found["event"].notna(), "")
    return found


def _is_wrong(name: str, kind: PropertyType, sql_type: str) -> exp.Expr:
    """1 for a value that is not of the kind, judged on what the column holds."""
    zero, one = exp.Literal.number(0), exp.Literal.number(1)
    upper = sql_type.upper()
    fits = {
        "text": ("VARCHAR", "TEXT"),
        "number": ("TINYINT", "SMALLINT", "INT", "BIGINT", "HUGEINT", "U", "FLOAT", "DOUBLE", "REAL", "DEC", "NUM"),
        "integer": ("TINYINT", "SMALLINT", "INT", "BIGINT", "HUGEINT", "U"),
        "boolean": ("BOOL",),
        "date": ("DATE", "TIMESTAMP"),
    }  # fmt: skip
    if kind == "text" or upper.startswith(fits[kind]):
        return zero
    text = exp.Cast(this=column(name), to=exp.DataType.build("varchar"))
    present = exp.not_(exp.Is(this=column(name), expression=exp.Null()))
    if kind == "date":
        read = exp.TryCast(this=text, to=exp.DataType.build("timestamp"))
        bad: exp.Expr = exp.Is(this=read, expression=exp.Null())
    else:
        bad = exp.not_(exp.RegexpLike(this=text, expression=exp.Literal.string(_PATTERNS[kind])))
    return exp.Case(ifs=[exp.If(this=exp.and_(present, bad), true=one)], default=zero)


def _judged(plan: EventPlan, found: pd.DataFrame) -> PlanCheck:
    properties = list(dict.fromkeys(p for event in plan.events.values() for p in event))
    half: dict[tuple[str, str], dict[str, float]] = {}
    wrong: dict[tuple[str, str], dict[str, int]] = {}
    told = []
    totals = found.groupby("month")["rows"].sum().to_dict()
    for record in found.to_dict("records"):
        event, month, rows = str(record["event"]), str(record["month"]), int(record["rows"])
        line: dict[str, Any] = {
            "month": month,
            "event": event,
            "planned": event in plan.events,
            "rows": rows,
            "share": round(rows / int(totals[record["month"]]), 6),
        }
        for name, rule in plan.events.get(event, {}).items():
            i = properties.index(name)
            missing, bad = rows - int(record[f"filled{i}"]), int(record[f"{rule.type}{i}"])
            line |= {f"{name}: missing": missing, f"{name}: wrong": bad}
            if rule.required and missing >= MISSING_ROWS and missing > MISSING_SHARE * rows:
                half.setdefault((event, name), {})[month] = round(missing / rows, 6)
            if bad:
                wrong.setdefault((event, name), {})[month] = bad
        told.append(line)
    seen = found.groupby("event")["rows"].sum().to_dict()
    months = sorted(totals)
    with_event = {e: set(found.loc[found["event"] == e, "month"]) for e in plan.events if e in seen}
    return PlanCheck(
        pd.DataFrame(told).astype("object").where(lambda t: t.notna(), None),
        {str(e): int(n) for e, n in seen.items() if e not in plan.events},
        tuple(e for e in plan.events if e not in seen),
        {e: gone for e, m in with_event.items() if (gone := tuple(x for x in months if x not in m))},
        half,
        wrong,
    )
