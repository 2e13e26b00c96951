"""labels.yaml read to definitions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from workbench.errors import DefinitionError, did_you_mean
from workbench.labels.definition import AnyLabel, Condition, Cutoffs, EachRow, FlatLabel, LabelDefinition
from workbench.labels.kinds import KINDS, Kind
from workbench.tables.durations import Duration
from workbench.tables.expression import columns_of
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, names
from workbench.text import Text

_LABEL = ("kind", "row", "cutoffs", "eligible", "outcome", "judge_from", "say")
_FLAT = ("kind", "column", "positive", "known_after_event", "say")
_ELIGIBLE = ("any_in", "none_in", "where", "within", "match")
_OUTCOME = (*_ELIGIBLE, "until", "gap", "lag")


def parse_labels(file: YamlFile, tables: TableSet) -> dict[str, AnyLabel]:
    """Every label of the file, checked as far as that needs no data. Raises WB-L01 ... WB-L03 with the line."""
    labels: dict[str, AnyLabel] = {}
    for name, settings in file.content.items():
        where = f"{file.where(name)}, label '{name}'"
        if not name.isidentifier():
            raise DefinitionError(
                "WB-L01", f"{where}: a label cannot be called '{name}'.", "Use letters, digits and _."
            )
        label = expect_mapping(settings, where)
        labels[name] = (
            _flat(name, label, where) if tables.flat is not None else _label(name, label, tables, where)
        )
    return labels


def _flat(name: str, label: dict[str, Any], where: str) -> FlatLabel:
    expect_known(label, _FLAT, where)
    if not isinstance(label.get("column"), str):
        raise DefinitionError(
            "WB-L01",
            f"{where}: `column:` is missing.",
            "Name the column of the flat table that holds the outcome.",
        )
    positive = label.get("positive")
    return FlatLabel(
        name=name,
        kind=_kind(label, where),
        column=label["column"],
        positive=None if positive is None else str(positive),
        known_after_event=names(label.get("known_after_event"), where),
        say=_say(label),
    )


def _label(name: str, label: dict[str, Any], tables: TableSet, where: str) -> LabelDefinition:
    expect_known(label, _LABEL, where)
    if ("row" in label) == ("cutoffs" in label):
        raise DefinitionError(
            "WB-L01",
            f"{where}: expected either `cutoffs:` or `row:`.",
            "`cutoffs: {every, from, to}` asks about every entity at each moment; `row: {each, key, cutoff}` about each row of a table.",
        )
    if "outcome" not in label:
        raise DefinitionError(
            "WB-L01",
            f"{where}: `outcome:` is missing.",
            "Say what counts: outcome: {any_in: TABLE, within: 30d}.",
        )
    row = (
        _row(expect_mapping(label["row"], f"{where}, row"), tables, f"{where}, row")
        if "row" in label
        else None
    )
    outcome = _condition(label["outcome"], tables, f"{where}, outcome", _OUTCOME)
    if (outcome.within is None) == (outcome.until is None):
        raise DefinitionError(
            "WB-L01",
            f"{where}, outcome: expected either `within:` or `until:`.",
            "An outcome needs an end: within: 60d, or until: contacts.end_date for a label with `row:`.",
        )
    if outcome.until is not None and (row is None or outcome.until.partition(".")[0] != row.table):
        raise DefinitionError(
            "WB-L01",
            f"{where}, outcome: `until` is {outcome.until}, which is not a column of the label's own row.",
            "Write until: TABLE.column with the table of `row: {each: TABLE}`.",
        )
    return LabelDefinition(
        name=name,
        kind=_kind(label, where),
        outcome=outcome,
        cutoffs=_cutoffs(label["cutoffs"], f"{where}, cutoffs") if "cutoffs" in label else None,
        row=row,
        eligible=_condition(label["eligible"], tables, f"{where}, eligible", _ELIGIBLE)
        if "eligible" in label
        else None,
        judge_from=_date(label["judge_from"], f"{where}, judge_from") if "judge_from" in label else None,
        say=_say(label),
    )


def _row(row: dict[str, Any], tables: TableSet, where: str) -> EachRow:
    expect_known(row, ("each", "key", "cutoff"), where)
    table = tables.table(str(row.get("each")), where)
    key = names(row.get("key", list(table.keys)), f"{where}, key")
    cutoff = row.get("cutoff", table.event_time)
    if not cutoff or not key:
        raise DefinitionError(
            "WB-L01",
            f"{where}: `key:` and `cutoff:` are needed.",
            "Name the columns that identify a row, and the one that holds its cutoff time.",
        )
    if tables.entity not in key:
        raise DefinitionError(
            "WB-L01",
            f"{where}: the key {list(key)} lacks the entity {tables.entity}.",
            f"Add {tables.entity}.",
        )
    return EachRow(table.name, key, str(cutoff))


def _condition(written: object, tables: TableSet, where: str, allowed: tuple[str, ...]) -> Condition:
    chosen = expect_mapping(written, where)
    expect_known(chosen, allowed, where)
    if ("any_in" in chosen) == ("none_in" in chosen):
        raise DefinitionError(
            "WB-L01",
            f"{where}: expected either `any_in:` or `none_in:`.",
            "Name the table whose rows decide.",
        )
    table = tables.table(str(chosen.get("any_in", chosen.get("none_in"))), where)
    if table.event_time is None:
        raise DefinitionError(
            "WB-L02",
            f"{where}: table '{table.name}' has no `event_time:`, so nothing happens in it at a time.",
            "Choose a table of events.",
        )
    within = chosen.get("within", None if "until" in chosen or "lag" not in allowed else "?")
    if chosen.get("where") is not None:
        columns_of(str(chosen["where"]), where)
    if within == "?":
        raise DefinitionError(
            "WB-L01", f"{where}: an outcome needs an end.", "Add within: 30d, or until: contacts.end_date."
        )
    return Condition(
        table=table.name,
        wants_any="any_in" in chosen,
        where=None if chosen.get("where") is None else str(chosen["where"]),
        within=None if within in (None, "all") else Duration.parse(within, f"{where}, within"),
        until=None if chosen.get("until") is None else str(chosen["until"]),
        match=names(chosen.get("match"), f"{where}, match"),
        gap=Duration.parse(chosen.get("gap", "0d"), f"{where}, gap"),
        lag=Duration.parse(chosen.get("lag", "0d"), f"{where}, lag"),
    )


def _cutoffs(written: object, where: str) -> Cutoffs:
    chosen = expect_mapping(written, where)
    expect_known(chosen, ("every", "from", "to"), where)
    first, last = (_date(chosen.get(k), f"{where}, {k}") for k in ("from", "to"))
    every = Duration.parse(chosen.get("every"), f"{where}, every")
    if last < first or every.count == 0:
        raise DefinitionError(
            "WB-L03",
            f"{where}: from {first} to {last} every {every} holds no cutoff.",
            "`from` must not lie after `to`.",
        )
    return Cutoffs(every, first, last)


def _date(value: object, where: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise DefinitionError("WB-L03", f"{where}: {value!r} is not a date.", "Write YYYY-MM-DD.")


def _kind(label: dict[str, Any], where: str) -> Kind:
    if label.get("kind") not in KINDS:
        raise DefinitionError(
            "WB-L01",
            f"{where}: `kind` is {label.get('kind')!r}.",
            did_you_mean(str(label.get("kind")), KINDS),
        )
    return cast(Kind, label["kind"])


def _say(label: dict[str, Any]) -> Text | None:
    return Text.of(label["say"]) if "say" in label else None
