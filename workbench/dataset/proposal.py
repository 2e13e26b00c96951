"""`workbench features propose`: walk the tables of a dataset and write definitions that a person can edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from workbench.config import Home
from workbench.dataset.catalog import Dataset
from workbench.dataset.lineage import feature_lineage
from workbench.errors import DefinitionError, UsageError, did_you_mean
from workbench.features.columns import CUTOFF_AT
from workbench.features.definition import AnyFeature
from workbench.features.facts import CONSTANT, EMPTY, TableFacts, table_facts
from workbench.features.files import parse_features
from workbench.features.synthesis import Group, RowContext, propose
from workbench.files import whole_file
from workbench.labels import compile as labels_compile
from workbench.labels.definition import LabelDefinition
from workbench.labels.files import parse_labels
from workbench.labels.purposes import purpose_of
from workbench.tables.catalog import load_tables
from workbench.tables.engine import Engine, in_order
from workbench.tables.expression import columns_of
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import YamlFile, read_yaml
from workbench.text import counted

PROPOSED = "features.proposed.yaml"
MOST = 300


@dataclass(frozen=True)
class Proposal:
    """Where the definitions went, and how many there are; `known_before` is the day after which nothing was looked at."""

    dataset: str
    label: str | None
    out: Path
    definitions: int
    columns: int
    known_before: datetime | None
    left_out: dict[str, list[str]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "label": self.label,
            "out": str(self.out),
            "definitions": self.definitions,
            "columns": self.columns,
            "known_before": None if self.known_before is None else f"{self.known_before:%Y-%m-%d}",
            "left_out": self.left_out,
        }

    def lines(self) -> list[str]:
        return [
            f"{self.definitions} definitions, {self.columns} columns -> {self.out}",
            *(f"  left out, {reason}: {', '.join(columns)}" for reason, columns in self.left_out.items()),
            f"Look them over, rename the file to features.yaml, then: workbench check {self.dataset}",
        ]


@dataclass(frozen=True)
class _Labelled:
    """What the label's rows say about time: nothing about their outcomes is used."""

    label: LabelDefinition
    first: datetime
    middle: datetime
    window_days: float


def write_proposal(
    home: Home,
    name: str,
    *,
    label: str | None = None,
    out: Path | None = None,
    most: int | None = MOST,
    force: bool = False,
) -> Proposal:
    """Write proposed definitions beside tables.yaml, as features.proposed.yaml or to `out`; deterministic.

    Levels, roles and rhythm come from rows known before the label's first cutoff (of all labels if none is named; all
    rows if there are none). Works without a features.yaml. Raises WB-F32 if the file exists and `force` is not set,
    WB-F31 for a flat dataset or one whose tables hold nothing that far back."""
    tables = load_tables(home, name)
    if tables.flat is not None:
        raise UsageError(
            "WB-F31",
            f"'{name}' is a flat dataset: its columns are its features.",
            "Propose for one with tables.",
        )
    target = out or tables.folder / PROPOSED
    if target.exists() and not force:
        raise UsageError(
            "WB-F32",
            f"{target.name} exists already and may have been edited.",
            "Choose another --out, or add --force.",
        )
    chosen = _labels(tables, label)
    with Engine(tables) as engine:
        usable, refused = _usable(tables)
        for one in in_order(usable, tables):
            engine.load(one)
        engine.close_files()
        labelled = [_labelled(engine, one) for one in chosen]
        known_before = min((x.first for x in labelled), default=None)
        facts = {n: table_facts(engine, tables.tables[n], known_before) for n in usable}
        row = next((_row_context(engine, x.label, facts) for x in labelled if x.label.row), None)
    groups = propose(
        tables,
        facts,
        history_days=_history(facts, labelled),
        label_days=labelled[0].window_days if len(labelled) == 1 else None,
        row=row,
        most=most,
    )
    _keep_to_purpose(Dataset(name, tables, _parsed(groups), {x.name: x for x in chosen}), groups)
    if not any(g.entries for g in groups):
        raise DefinitionError(
            "WB-F31",
            f"nothing can be proposed for '{name}': no table has usable rows before {known_before or 'the end'}.",
            "Choose later cutoffs in labels.yaml, or load an earlier period.",
        )
    text = _text(name, label, known_before, groups, refused)
    with whole_file(target) as part:
        part.write_text(text, encoding="utf-8")
        parse_features(read_yaml(part))  # what is proposed must load
    left_out: dict[str, list[str]] = dict(refused)
    for group in groups:
        for reason, columns in group.left_out.items():
            left_out.setdefault(reason, []).extend(columns)
    entries = [e for g in groups for e in g.entries]
    return Proposal(
        name, label, target, len(entries), sum(len(e.columns) for e in entries), known_before, left_out
    )


def _parsed(groups: list[Group]) -> dict[str, AnyFeature]:
    entries = {e.name: e.settings for g in groups for e in g.entries}
    return parse_features(YamlFile(Path(PROPOSED), entries))


def _keep_to_purpose(dataset: Dataset, groups: list[Group]) -> None:
    """Take out what reads, directly or through another table's columns, data that a label's purpose must not use."""
    forbidden: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for label in dataset.labels.values():
        if not isinstance(label, LabelDefinition):
            continue
        purpose = purpose_of(label, dataset.tables)
        for column, reads in feature_lineage(dataset, label).items():
            for read in reads:
                if not all(purpose.allowed_by(limit) for limit in read.limits):
                    forbidden[column] = read.place
                    reasons[read.place] = f"not allowed for {purpose.name}"
    for group in groups:
        gone = [e for e in group.entries if not forbidden.keys().isdisjoint(e.columns)]
        group.entries = [e for e in group.entries if e not in gone]
        for place in dict.fromkeys(forbidden[c] for e in gone for c in e.columns if c in forbidden):
            group.left_out.setdefault(reasons[place], []).append(place)


def _labels(tables: TableSet, label: str | None) -> list[LabelDefinition]:
    path = tables.folder / "labels.yaml"
    known = parse_labels(read_yaml(path), tables) if path.exists() else {}
    if label is not None and label not in known:
        raise UsageError(
            "WB-U04", f"dataset '{tables.name}' has no label '{label}'.", did_you_mean(label, known)
        )
    found = known.values() if label is None else [known[label]]
    return [x for x in found if isinstance(x, LabelDefinition)]


def _usable(tables: TableSet) -> tuple[list[str], dict[str, list[str]]]:
    """Tables that this dataset's purpose may use; the others by reason."""
    usable: list[str] = []
    refused: dict[str, list[str]] = {}
    for name in tables.tables:
        try:
            tables.usable(name, "a proposal")
            usable.append(name)
        except DefinitionError:
            refused.setdefault("a table that is not allowed for this purpose", []).append(name)
    return usable, refused


def _labelled(engine: Engine, label: LabelDefinition) -> _Labelled:
    rows = labels_compile.training_rows(engine, label).rows
    cutoffs = pd.to_datetime(rows[CUTOFF_AT])
    window = pd.to_datetime(rows[labels_compile.KNOWN_OUTCOME]) - cutoffs
    ordered = cutoffs.sort_values(ignore_index=True)
    return _Labelled(
        label,
        ordered.iloc[0].to_pydatetime(),
        ordered.iloc[len(ordered) // 2].to_pydatetime(),
        window.median().total_seconds() / 86400,
    )


def _row_context(engine: Engine, label: LabelDefinition, facts: dict[str, TableFacts]) -> RowContext | None:
    row = label.row
    if row is None or row.table not in facts:
        return None
    table = engine.tables.tables[row.table]
    known = facts[row.table]
    # before the first contact there was hardly one: what cannot be judged yet is taken by its type
    columns = tuple(
        replace(c, role=c.by_type) if c.reason in (EMPTY, CONSTANT) and c.name not in table.unique else c
        for c in known.columns
    )
    own = replace(known, columns=columns)
    condition = getattr(label.outcome, "where", None)
    decides = (
        {n for t, n in columns_of(condition, label.name) if t in (None, row.table)} if condition else set()
    )
    if label.outcome.table != row.table:
        decides = set()
    cutoff = row.cutoff or table.event_time or ""
    dates = tuple(c.name for c in own.of("time") if c.hop is None and c.name != cutoff)
    keys = tuple(k for k in row.key if k != engine.tables.entity)
    return RowContext(own, keys, cutoff, tuple(sorted(decides)), dates if cutoff else ())


def _history(facts: dict[str, TableFacts], labelled: Sequence[_Labelled]) -> float:
    """Days from the first event to the middle cutoff: what a window can see for half of the rows."""
    first = min((f.first for f in facts.values() if f.first is not None), default=None)
    last = max((f.last for f in facts.values() if f.last is not None), default=None)
    if first is None or last is None:
        return 0.0
    end = min((x.middle for x in labelled), default=last)
    return max((pd.Timestamp(end) - pd.Timestamp(first)).total_seconds() / 86400, 0.0)


def _text(
    name: str,
    label: str | None,
    known_before: datetime | None,
    groups: list[Group],
    refused: dict[str, list[str]],
) -> str:
    task = name if label is None else f"{name}/{label}"
    entries = [e for g in groups for e in g.entries]
    lines = [
        f"# Proposed features for {task}: {counted(len(entries), 'definition')}, {counted(sum(len(e.columns) for e in entries), 'column')}.",
        "# Edit what follows, better its words, take out what you do not believe in; save it as features.yaml.",
        "# Levels and rhythm come from "
        + (
            f"what was known before {known_before:%Y-%m-%d}; nothing later was looked at."
            if known_before is not None
            else "all rows, since there is no label yet. Propose again once there is one."
        ),
    ]
    lines += [f"# Left out, {reason}: {', '.join(tables)}." for reason, tables in refused.items()]
    for group in groups:
        first, *more = group.heading
        lines += ["", f"# --- {first} ".ljust(120, "-"), *(f"# {m}" for m in more)]
        lines += [
            f"# Left out, {reason}: {', '.join(columns)}." for reason, columns in group.left_out.items()
        ]
        for entry in group.entries:
            if entry.comment:
                lines.append(f"# {entry.comment}")
            written = yaml.safe_dump(
                {entry.name: entry.settings},
                allow_unicode=True,
                sort_keys=False,
                default_flow_style=None,
                width=10**6,
            )
            lines.append(written.rstrip("\n"))
    return "\n".join(lines) + "\n"
