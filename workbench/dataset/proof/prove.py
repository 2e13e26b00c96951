"""`workbench check --prove`: every proof for every task of a dataset, on the user's own definitions and data."""

from __future__ import annotations

from workbench.config import Home
from workbench.dataset.catalog import Dataset, load_dataset
from workbench.dataset.flat import flat_training_frame
from workbench.dataset.leakage import leakage_findings
from workbench.dataset.proof.assumed import assumptions, suspicions
from workbench.dataset.proof.boundaries import prove_boundaries
from workbench.dataset.proof.features import prove_features, prove_together
from workbench.dataset.proof.outcomes import prove_outcomes
from workbench.dataset.proof.report import Proof, ProofReport
from workbench.dataset.proof.sample import draw, tables_read
from workbench.labels import compile as labels_compile
from workbench.labels.definition import FlatLabel, LabelDefinition
from workbench.progress import Progress, silent
from workbench.tables.engine import Engine, in_order
from workbench.tables.sources import resolve


def prove_dataset(
    home: Home, name: str, *, label: str | None = None, progress: Progress = silent
) -> ProofReport:
    """Proves a dataset's tasks, or one of them, on a sample of customers that depends on nothing but their identity.

    Raises a WorkbenchError where definitions or data cannot be used; a proof that fails is in the report."""
    dataset = load_dataset(home, name)
    chosen = [dataset.label(one) for one in ([label] if label is not None else dataset.labels)]
    flat = [one for one in chosen if isinstance(one, FlatLabel)]
    tasks = {f"{name}/{one.name}": _prove_flat(dataset, one) for one in flat}
    labels = [one for one in chosen if isinstance(one, LabelDefinition)]
    if not labels:
        return ProofReport(name, tasks)
    with Engine(dataset.tables) as engine:
        needed = sorted(set().union(*(tables_read(dataset, one) for one in labels)))
        for table in in_order(needed, dataset.tables):
            engine.load(table)
        engine.close_files()
        for step, one in enumerate(labels):
            progress("proofs", step / len(labels), f"Proving {one.name}")
            tasks[f"{name}/{one.name}"] = tuple(_prove(engine, dataset, one))
    progress("proofs", 1.0, "done")
    return ProofReport(name, tasks)


def _prove(engine: Engine, dataset: Dataset, label: LabelDefinition) -> list[Proof]:
    training = labels_compile.training_rows(engine, label).rows
    sample = draw(engine, dataset, label, training)
    with sample.engine:
        proofs = [*prove_features(sample), prove_boundaries(sample), *prove_outcomes(sample)]
        proofs.append(prove_together(engine, sample, training))
    return [*proofs, *assumptions(engine, dataset, label), suspicions(engine, dataset, label, training)]


def _prove_flat(dataset: Dataset, label: FlatLabel) -> tuple[Proof, ...]:
    """A flat table says of no value when it was known: what was declared, and what looks suspicious."""
    flat = dataset.flat
    if flat is None:
        raise TypeError("a flat label belongs to a flat dataset")
    frame = flat_training_frame(
        resolve(flat.source, flat.folder, table="flat"),
        label=label.column,
        positive=label.positive,
        kind=label.kind,
        id_column=flat.id,
        time_column=flat.time,
        known_after_event=label.known_after_event,
        name=f"{dataset.name}/{label.name}",
    )
    later = ", ".join(label.known_after_event) or "none"
    n = len(frame.features)
    proofs = [
        Proof("flat table.*", "WB-V10", "warn", f"has no knowledge time: {n} columns are proven only by your word; declared as known later: {later}.", columns=n)
    ]  # fmt: skip
    findings = leakage_findings(frame)
    stop = any(f.severity == "stop" for f in findings)
    told = " ".join(f"{f.code} {f.message}" for f in findings) or "none"
    status = "failed" if stop else "warn" if findings else "ok"
    size = f"{len(frame.rows):,} rows, {n} columns each judged alone"
    return (
        *proofs,
        Proof("columns proven only by word", "WB-V12", status, f"{told} ({size})", len(frame.rows), 0, n),
    )
