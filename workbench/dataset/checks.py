"""`workbench check`: definitions and data of a dataset, everything at once, nothing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from workbench.config import Home
from workbench.dataset import build
from workbench.dataset.build import build_training_frame
from workbench.dataset.catalog import Dataset, load_dataset
from workbench.dataset.examples import failing_examples
from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.leakage import leakage_findings
from workbench.dataset.lineage import feature_lineage, shown
from workbench.dataset.permissions import forbidden_reads
from workbench.dataset.vendor_files import retro_scored, too_young
from workbench.errors import WorkbenchError, did_you_mean
from workbench.features.context import stop_if_unmatched
from workbench.features.definition import AnyFeature, FormulaFeature, RowsFeature
from workbench.labels import compile as labels_compile
from workbench.labels.compile import LabelRows
from workbench.labels.definition import FlatLabel, LabelDefinition
from workbench.labels.judging import stop_if_one_sided
from workbench.labels.overdue import Overdue
from workbench.labels.statuses import unseen_statuses
from workbench.labels.workshop import workshop
from workbench.tables.catalog import load_tables
from workbench.tables.checks import CheckReport, Finding, check_flat, check_tables
from workbench.tables.content_checks import of_plan
from workbench.tables.engine import Engine
from workbench.tables.noticed import is_fact
from workbench.text import counted

SAMPLED = 5_000  # rows of a label whose features are computed to look for leaks
_NAMED = 3  # cutoffs named in a finding; the rest are counted
FEW = 20  # rows of either class below which nothing can be learned


def check_dataset(home: Home, name: str, *, label: str | None = None) -> CheckReport:
    """All findings of a dataset, or of one of its labels, with codes and severities; never raises for bad content.

    For one label its features are also computed on a sample of rows, to look for columns that know too much. An unknown dataset or label name is a UsageError."""
    try:
        dataset = load_dataset(home, name)
    except WorkbenchError as error:
        if error.exit_code == 2:
            raise
        return _of_tables_alone(home, name, error)
    names = [label] if label is not None else list(dataset.labels)
    for one in names:
        dataset.label(one)
    if dataset.flat is not None:
        return _check_flat(home, dataset, names)
    asked = [d for n in names if isinstance(d := dataset.labels[n], LabelDefinition)]
    refused = [f for definition in asked for f in _forbidden(dataset, definition)]
    with Engine(dataset.tables) as engine:
        findings, profiles = check_tables(engine)
        told, events = of_plan(engine)
        broken = any(f.severity == "stop" for f in findings)
        findings += [*refused, *told]
        labels: list[dict[str, Any]] = []
        if not broken:
            for definition in asked:
                found = _check_label(engine, dataset, definition, findings, labels)
                if found is not None and label is not None:  # one label is looked at closely
                    looked = workshop(engine, definition)
                    labels[-1] |= {"workshop": looked.as_dict(), "told": looked.lines()}
                    if not refused:
                        findings += _leaks(engine, dataset, definition, found)
            findings += _unused(engine, dataset)
            findings += _examples(dataset, {t: list(engine.columns(t)) for t in engine.loaded})
    n_features = len({c.name for f in dataset.features.values() for c in f.columns()})
    return CheckReport(
        name,
        tuple(dict.fromkeys(findings)),
        tuple(profiles),
        tuple(labels),
        n_features,
        _lineage(dataset, asked),
        events.as_dict() if events is not None else None,
    )


def _of_tables_alone(home: Home, name: str, error: WorkbenchError) -> CheckReport:
    """The error of the definitions, and what is to be said of the tables if they at least can be read."""
    try:
        tables = load_tables(home, name)
    except WorkbenchError:
        return CheckReport(name, (Finding.of(error),), ())
    if tables.flat is not None:
        return CheckReport(name, (Finding.of(error),), ())
    with Engine(tables) as engine:
        findings, profiles = check_tables(engine)
    return CheckReport(name, (Finding.of(error), *findings), tuple(profiles))


def _lineage(dataset: Dataset, labels: list[LabelDefinition]) -> dict[str, list[str]]:
    """Feature column -> the table columns that it reads, for the labels asked about."""
    found: dict[str, set[str]] = {}
    for label in labels:
        try:
            reads = feature_lineage(dataset, label)
        except WorkbenchError:
            continue  # told by _forbidden
        for column, places in reads.items():
            found.setdefault(column, set()).update(shown(places))
    return {column: sorted(places) for column, places in found.items()}


def _leaks(engine: Engine, dataset: Dataset, label: LabelDefinition, found: LabelRows) -> list[Finding]:
    """Suspected leaks: features that alone say too much about the label, on a sample of its rows."""
    frame = build.sampled_frame(engine, dataset, label, found, rows=SAMPLED)
    return _suspects(frame) if frame.rows[LABEL].nunique() > 1 else []


def _suspects(frame: TrainingFrame) -> list[Finding]:
    # training asks the same and its gate decides; a check only points at what somebody should look at
    return [
        Finding(leak.code, "warn", frame.groups.get(leak.column, ""), leak.column, leak.message, leak.hint)
        for leak in leakage_findings(frame)
    ] + [
        Finding(
            "WB-D25",
            "warn",
            "",
            name,
            f"`known_before` of label '{frame.task}' names '{name}', which is no feature of it.",
            did_you_mean(name, frame.features),
        )
        for name in frame.known_before
        if name not in frame.features
    ]


def _forbidden(dataset: Dataset, label: LabelDefinition) -> list[Finding]:
    try:
        return [*forbidden_reads(dataset, label), *retro_scored(dataset, label)]
    except WorkbenchError as error:
        return [Finding.of(error, label.name)]


def _featureless(dataset: Dataset, label: LabelDefinition) -> list[Finding]:
    """A label is often chosen before any feature is written: worth saying, and stopped only by training."""
    try:
        build.stop_if_featureless(dataset, label)
    except WorkbenchError as error:
        return [replace(Finding.of(error, label.name), severity="warn")]
    return []


def _examples(dataset: Dataset, columns: dict[str, list[str]]) -> list[Finding]:
    try:
        return [
            Finding(
                "WB-F14",
                "stop",
                failed.table,
                failed.name,
                failed.sentence,
                "Correct the definition or its example.",
            )
            for failed in failing_examples(dataset, columns)
        ]
    except WorkbenchError as error:
        return [Finding.of(error, "examples")]


def _unused(engine: Engine, dataset: Dataset) -> list[Finding]:
    """Definitions that are in no label's frame: WB-F13 where `match:` names what its table lacks, else WB-F36."""
    labels = [x for x in dataset.labels.values() if isinstance(x, LabelDefinition)]
    used = {f.name for label in labels for f in dataset.features_for(label)}
    findings = []
    for feature in dataset.features.values():
        if feature.name in used or not labels:
            continue
        try:
            if isinstance(feature, RowsFeature):
                stop_if_unmatched(engine, feature)
        except WorkbenchError as error:
            findings.append(Finding.of(error, feature.name))
            continue
        findings.append(
            Finding(
                "WB-F36",
                "warn",
                "",
                feature.name,
                f"feature '{feature.name}' fits no label, so it is in no frame: {_why_unused(feature, labels)}.",
                "Correct it, or take it out.",
            )
        )
    return findings


def _why_unused(feature: AnyFeature, labels: list[LabelDefinition]) -> str:
    asked = [x for x in labels if not feature.only_for or x.name in feature.only_for]
    if isinstance(feature, FormulaFeature):
        return f"no label has all columns that it reads ({', '.join(feature.operands)})"
    said = "`match:`" if isinstance(feature, RowsFeature) else "`row:`"
    return f"{said} speaks of the label's own row, and {' and '.join(x.name for x in asked)} {'has' if len(asked) == 1 else 'have'} no `row:`"


def _check_label(
    engine: Engine,
    dataset: Dataset,
    label: LabelDefinition,
    findings: list[Finding],
    labels: list[dict[str, Any]],
) -> LabelRows | None:
    """The label's rows, or None where there are none to be had."""
    task = f"{dataset.name}/{label.name}"
    try:
        found = labels_compile.training_rows(engine, label)
        cutoffs = found.rows[labels_compile.CUTOFF_AT]
        findings += [*too_young(engine, dataset, label, cutoffs)]
        if label.cutoffs is None:
            findings += retro_scored(dataset, label, cutoffs.min().to_pydatetime())
        build.store_spine(engine, found.rows.head(0))
        # on no rows: columns and types are checked, of formulas too, and nothing is computed
        build.feature_values(engine, dataset.features_for(label), label, 0)
        findings += _featureless(dataset, label)
    except WorkbenchError as error:
        findings.append(Finding.of(error, label.name))
        return None
    outcome = found.rows[labels_compile.LABEL]
    events = int(outcome.sum())
    labels.append(
        {
            "task": task,
            "kind": label.kind,
            "rows": len(outcome),
            "events": events,
            "event_rate": events / len(outcome),
            "excluded": {k: v for k, v in found.counts.items() if v},
        }
    )
    if min(events, len(outcome) - events) < FEW:
        findings.append(
            Finding(
                "WB-L08",
                "stop",
                label.outcome.table,
                label.name,
                f"label '{label.name}' has {counted(events, 'event')} in {counted(len(outcome), 'row')}; at least {FEW} of each outcome are needed.",
                "Choose more cutoffs, a longer window or a wider `where`.",
                events,
            )
        )
    findings += [*_cutoffs_outside(engine, label), *_judged(engine, label, found)]
    if isinstance(label.outcome, Overdue):
        findings += [
            Finding("WB-L13", "warn", label.outcome.table, label.name, f"label '{label.name}': {said}", hint)
            for said, hint in unseen_statuses(engine, label.outcome)
        ]
    table = engine.tables.tables[label.outcome.table]
    if table.known_after.days > label.outcome.lag.days and label.outcome.until is None:
        findings.append(
            Finding(
                "WB-L09",
                "warn",
                label.outcome.table,
                label.name,
                f"label '{label.name}': '{label.outcome.table}' is known {table.known_after.phrase('en')} late, but the outcome's lag is {label.outcome.lag.phrase('en')}.",
                f"Add lag: {table.known_after} to the outcome, unless `observed_until` already allows for it.",
            )
        )
    return found


def _cutoffs_outside(engine: Engine, label: LabelDefinition) -> list[Finding]:
    """WB-L12 as a warning where some cutoffs lie before or after the data; where all do, no row is left and it stops."""
    moments = label.cutoffs.moments() if label.cutoffs else ()
    began, end = labels_compile.observed_from(engine, label), engine.tables.end_of_observation()
    early, late = [m for m in moments if m <= began], [m for m in moments if m > end]
    sides = (
        (
            early,
            f"on or before the data's first day, {began:%Y-%m-%d}",
            "Nothing is known by then: begin later.",
        ),
        (late, f"after the data's end on {end:%Y-%m-%d}", "They teach nothing until newer data are loaded."),
    )
    return [
        Finding(
            "WB-L12",
            "warn",
            label.outcome.table,
            label.name,
            f"label '{label.name}': {len(outside)} of its {counted(len(moments), 'cutoff')} {'lies' if len(outside) == 1 else 'lie'} {where}: {_days(outside)}.",
            hint,
            len(outside),
        )
        for outside, where, hint in sides
        if outside
    ]


def _days(moments: list[datetime]) -> str:
    more = f" and {len(moments) - _NAMED} more" if len(moments) > _NAMED else ""
    return ", ".join(f"{m:%Y-%m-%d}" for m in moments[:_NAMED]) + more


def _judged(engine: Engine, label: LabelDefinition, found: LabelRows) -> list[Finding]:
    try:
        stop_if_one_sided(label, found, engine.tables.end_of_observation())
    except WorkbenchError as error:
        return [Finding.of(error, label.name)]
    return []


def _check_flat(home: Home, dataset: Dataset, names: list[str]) -> CheckReport:
    findings: list[Finding] = []
    labels: list[dict[str, Any]] = []
    profiles = ()
    try:
        if dataset.flat is not None:
            told, profile = check_flat(dataset.flat)
            findings += told
            profiles = (profile,)
        noted = {n.sentence for p in profiles for n in p.noticed}
        for one in names:
            if isinstance(dataset.labels[one], FlatLabel):
                task = f"{dataset.name}/{one}"
                frame = build_training_frame(home, task)
                events = int(frame.rows["label"].sum())
                labels.append(
                    {
                        "task": task,
                        "kind": frame.kind,
                        "rows": len(frame.rows),
                        "events": events,
                        "event_rate": events / len(frame.rows),
                        "excluded": frame.counts,
                    }
                )
                findings += [
                    Finding("WB-T19", "note" if is_fact(note) else "warn", "flat", "", note)
                    for note in frame.notes
                    if note not in noted
                ]
                if len(names) == 1:
                    findings += _suspects(frame)
    except WorkbenchError as error:
        findings.append(Finding.of(error, "flat"))
    n_features = len(dataset.flat.columns) if dataset.flat is not None else 0
    return CheckReport(dataset.name, tuple(findings), profiles, tuple(labels), n_features)
