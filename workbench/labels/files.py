"""labels.yaml read to definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from workbench.errors import DefinitionError, did_you_mean
from workbench.features.definition import Example
from workbench.features.files import parse_examples
from workbench.labels.conditions import (
    FUTURE,
    Condition,
    parse_condition,
    parse_conditions,
    parse_exclusions,
)
from workbench.labels.cutoffs import (
    parse_cutoffs,
    parse_day,
    parse_excluded_periods,
    parse_one_per,
    parse_per_event,
)
from workbench.labels.definition import AnyLabel, EachRow, FlatLabel, LabelDefinition
from workbench.labels.kinds import KINDS, Kind
from workbench.labels.overdue import Overdue, parse_overdue
from workbench.labels.templates import as_yaml, expanded
from workbench.tables.purposes import expect_purpose
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, names
from workbench.text import Text

_LABEL = (
    "kind",
    "row",
    "cutoffs",
    "per_event",
    "one_per",
    "eligible",
    "exclude",
    "exclude_periods",
    "outcome",
    "judge_from",
    "known_before",
    "say",
    "purpose",
    "examples",
)
_FLAT = ("kind", "column", "positive", "known_after_event", "known_before", "say", "purpose")


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
            _flat(name, label, tables, where)
            if tables.flat is not None
            else _label(name, label, tables, where, examples_at=file.places(name, "examples"))
        )
    return labels


def _flat(name: str, label: dict[str, Any], tables: TableSet, where: str) -> FlatLabel:
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
        known_before=names(label.get("known_before"), where),
        say=_say(label),
        purpose=_purpose(label, tables, where),
    )


def _label(
    name: str, written: dict[str, Any], tables: TableSet, where: str, *, examples_at: Callable[[int], str]
) -> LabelDefinition:
    own = {k: v for k, v in written.items() if k != "examples"}
    label = expanded(own, tables, where) if "template" in own else own
    expect_known(label, _LABEL, where)
    _expect_one_way_to_ask(label, where)
    if "outcome" not in label:
        raise DefinitionError(
            "WB-L01",
            f"{where}: `outcome:` is missing.",
            "Say what counts: outcome: {any_in: TABLE, within: 30d}, or {overdue_in: TABLE, ...} for a risk.",
        )
    row = None
    if "row" in label:
        row = _row(
            expect_mapping(label["row"], f"{where}, row"), tables, f"{where}, row", at="cutoffs" in label
        )
    per_event, one_per = (
        parse_per_event(label["per_event"], tables, f"{where}, per_event")
        if "per_event" in label
        else (None, None)
    )
    if "one_per" in label:
        if one_per is not None:
            raise DefinitionError(
                "WB-L01",
                f"{where}: `one_per:` and `first_per:` say the same thing twice.",
                "Keep one of them.",
            )
        one_per = parse_one_per(label["one_per"], f"{where}, one_per")
    return LabelDefinition(
        name=name,
        kind=_kind(label, where),
        outcome=_outcome(label, row, tables, f"{where}, outcome"),
        cutoffs=parse_cutoffs(label["cutoffs"], f"{where}, cutoffs") if "cutoffs" in label else None,
        row=row,
        per_event=per_event,
        one_per=one_per,
        eligible=parse_conditions(label["eligible"], tables, f"{where}, eligible")
        if "eligible" in label
        else (),
        exclude=parse_exclusions(label["exclude"], tables, f"{where}, exclude") if "exclude" in label else (),
        exclude_periods=parse_excluded_periods(label["exclude_periods"], f"{where}, exclude_periods")
        if "exclude_periods" in label
        else (),
        judge_from=parse_day(label["judge_from"], f"{where}, judge_from") if "judge_from" in label else None,
        known_before=names(label.get("known_before"), where),
        say=_say(label),
        purpose=_purpose(label, tables, where),
        examples=_examples(written.get("examples", []), where, examples_at),
        expanded=as_yaml({name: label}) if "template" in written else "",
    )


def _examples(written: object, where: str, places: Callable[[int], str]) -> tuple[Example, ...]:
    """Worked examples: given rows, the row asked about with its `cutoff_time`, and `expect` 1, 0 or `left out`."""
    if isinstance(written, list):
        for one in written:
            if not isinstance(one, dict) or one.get("expect") not in (0, 1, "left out") or "values" in one:
                raise DefinitionError(
                    "WB-L01",
                    f"{where}: an example of a label gives rows and expects 1, 0 or left out; got {one!r}.",
                    "Write {given: {table: [...]}, row: {..., cutoff_time: DATE}, expect: 1}.",
                )
        written = [{**one, "expect": {"label": one["expect"]}} for one in written]
    return parse_examples(written, where, written_at=places)


def _expect_one_way_to_ask(label: dict[str, Any], where: str) -> None:
    """`cutoffs`, `row`, both (each row at each cutoff), or `per_event`."""
    if ("per_event" in label) == ("row" in label or "cutoffs" in label):
        raise DefinitionError(
            "WB-L01",
            f"{where}: expected `cutoffs:`, `row:` or `per_event:`.",
            "`cutoffs: {every, from, to}` asks about every entity at each moment; `row: {each, key, cutoff}` about each row of a table; "
            "`per_event: {in, where}` about an entity at each of its events.",
        )


def _outcome(label: dict[str, Any], row: EachRow | None, tables: TableSet, where: str) -> Condition | Overdue:
    written = expect_mapping(label["outcome"], where)
    if "overdue_in" in written:
        if label.get("kind") != "risk":
            raise DefinitionError(
                "WB-L01",
                f"{where}: arrears are a risk, but the label's kind is {label.get('kind')!r}.",
                "Write kind: risk, or an outcome with any_in: or none_in:.",
            )
        return parse_overdue(written, tables, where, row_key=row.key if row is not None else None)
    outcome = parse_condition(written, tables, where, FUTURE)
    if outcome.until is not None and (row is None or outcome.until.partition(".")[0] != row.table):
        raise DefinitionError(
            "WB-L01",
            f"{where}: `until` is {outcome.until}, which is not a column of the label's own row.",
            "Write until: TABLE.column with the table of `row: {each: TABLE}`.",
        )
    return outcome


def _row(row: dict[str, Any], tables: TableSet, where: str, *, at: bool) -> EachRow:
    expect_known(row, ("each", "key", "cutoff", "responded"), where)
    table = tables.table(str(row.get("each")), where)
    key = names(row.get("key", list(table.keys)), f"{where}, key")
    if at and ("cutoff" in row or "responded" in row):
        raise DefinitionError(
            "WB-L01",
            f"{where}: `cutoffs:` and the row's own cutoff contradict each other.",
            "Leave one of them out: with `cutoffs:` each row is asked about at each of them.",
        )
    cutoff = None if at else row.get("cutoff", table.event_time)
    if (not cutoff and not at) or not key:
        raise DefinitionError(
            "WB-L01",
            f"{where}: `key:` and `cutoff:` are needed.",
            "Name the columns that identify a row, and the one that holds its cutoff time.",
        )
    if at and table.event_time is None:
        raise DefinitionError(
            "WB-L02",
            f"{where}: table '{table.name}' has no `event_time:`, so nothing says which rows had begun at a cutoff.",
            "Declare it in tables.yaml.",
        )
    if tables.entity not in key:
        raise DefinitionError(
            "WB-L01",
            f"{where}: the key {list(key)} lacks the entity {tables.entity}.",
            f"Add {tables.entity}.",
        )
    responded = None
    if row.get("responded") is not None:
        responded = parse_condition(
            row["responded"], tables, f"{where}, responded", ("any_in", "where", "match", "within", "until")
        )
    return EachRow(table.name, key, None if cutoff is None else str(cutoff), responded)


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


def _purpose(label: dict[str, Any], tables: TableSet, where: str) -> str | None:
    if label.get("purpose") is None:
        return None
    return expect_purpose(label["purpose"], tables.purposes, f"{where}, purpose", code="WB-L01")
