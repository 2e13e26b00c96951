"""`workbench check`: definitions and data of a dataset, everything at once, nothing changed."""

from __future__ import annotations

from typing import Any

from workbench.config import Home
from workbench.dataset import build
from workbench.dataset.build import build_training_frame
from workbench.dataset.catalog import Dataset, load_dataset
from workbench.dataset.examples import failing_examples
from workbench.errors import WorkbenchError
from workbench.labels import compile as labels_compile
from workbench.labels.definition import FlatLabel, LabelDefinition
from workbench.labels.overdue import Overdue
from workbench.labels.statuses import unseen_statuses
from workbench.labels.workshop import workshop
from workbench.tables.checks import CheckReport, Finding, check_tables, of_noticed
from workbench.tables.engine import Engine
from workbench.tables.profile import profile_file

FEW = 20  # rows of either class below which nothing can be learned


def check_dataset(home: Home, name: str, *, label: str | None = None) -> CheckReport:
    """All findings of a dataset, or of one of its labels, with codes and severities; never raises for bad content.

    An unknown dataset or label name is a UsageError."""
    try:
        dataset = load_dataset(home, name)
    except WorkbenchError as error:
        if error.exit_code == 2:
            raise
        return CheckReport(name, (Finding.of(error),), ())
    names = [label] if label is not None else list(dataset.labels)
    for one in names:
        dataset.label(one)
    if dataset.flat is not None:
        return _check_flat(home, dataset, names)
    with Engine(dataset.tables) as engine:
        findings, profiles = check_tables(engine)
        labels: list[dict[str, Any]] = []
        if not any(f.severity == "stop" for f in findings):
            for one in names:
                definition = dataset.labels[one]
                if isinstance(definition, LabelDefinition):
                    _check_label(engine, dataset, definition, findings, labels)
                    if label is not None and labels:  # one label is looked at closely
                        shown = workshop(engine, definition)
                        labels[-1] |= {"workshop": shown.as_dict(), "told": shown.lines()}
            findings += [
                Finding("WB-F14", "stop", "", feature, message, "Correct the definition or its example.")
                for feature, message in failing_examples(dataset)
            ]
    n_features = len({c.name for f in dataset.features.values() for c in f.columns()})
    return CheckReport(name, tuple(findings), tuple(profiles), tuple(labels), n_features)


def _check_label(
    engine: Engine,
    dataset: Dataset,
    label: LabelDefinition,
    findings: list[Finding],
    labels: list[dict[str, Any]],
) -> None:
    task = f"{dataset.name}/{label.name}"
    try:
        found = labels_compile.training_rows(engine, label)
        build.store_spine(engine, found.rows.head(0))
        for query in build.compiled_queries(engine, dataset, label):
            engine.frame(query.query)  # on no rows: columns and types are checked, nothing is computed
    except WorkbenchError as error:
        findings.append(Finding.of(error, label.name))
        return
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
                f"label '{label.name}' has {events:,} events in {len(outcome):,} rows; at least {FEW} of each outcome are needed.",
                "Choose more cutoffs, a longer window or a wider `where`.",
                events,
            )
        )
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


def _check_flat(home: Home, dataset: Dataset, names: list[str]) -> CheckReport:
    findings: list[Finding] = []
    labels: list[dict[str, Any]] = []
    profiles = ()
    try:
        if dataset.flat is not None:
            profiles = (profile_file(dataset.flat),)
            findings += [of_noticed("flat", n) for n in profiles[0].noticed]
        told = {n.sentence for p in profiles for n in p.noticed}
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
                    Finding("WB-T19", "warn", "flat", "", note) for note in frame.notes if note not in told
                ]
    except WorkbenchError as error:
        findings.append(Finding.of(error, "flat"))
    n_features = len(dataset.flat.columns) if dataset.flat is not None else 0
    return CheckReport(dataset.name, tuple(findings), profiles, tuple(labels), n_features)
