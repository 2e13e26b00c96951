"""What stays of a run: the model's folder, its report, and its mirror in MLflow."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench import charts
from workbench.config import Home
from workbench.dataset.frame import CUTOFF, LABEL, TrainingFrame
from workbench.dataset.schema import schema_of
from workbench.dataset.splits import Splits
from workbench.explanation import (
    beeswarm_png,
    dependence,
    importance,
    one_customer,
    reference_rows,
    waterfall_png,
)
from workbench.feedback.drift import Reference
from workbench.files import write_json, write_text
from workbench.registry.artefact import Artefact
from workbench.registry.facts import Facts
from workbench.registry.record import Logged, RunInput, RunRecord
from workbench.registry.training_log import log_training
from workbench.search.search import SearchResult
from workbench.training.judgement import Judgement
from workbench.training.material import Material
from workbench.training.report import write_report
from workbench.training.request import TrainRequest

EXPLAINED_ROWS = 1_000
DEPENDENCE_OF_TOP = 6


def keep(
    home: Home,
    request: TrainRequest,
    material: Material,
    found: SearchResult,
    judgement: Judgement,
    challenge: dict[str, Any] | None,
    *,
    began: datetime,
    folder: Path,
) -> Logged:
    """Registers a version: the folder is whole before anybody sees it; MLflow may be away."""
    ended = datetime.now(UTC)
    frame, splits, features = material.frame, material.splits, material.features
    facts = facts_of(request, material, judgement, at=ended)
    known, probability = material.train.loc[material.plain, features], judgement.train_probability[material.plain]  # fmt: skip
    reference = reference_rows(known, probability, kind=frame.kind, cut=judgement.grades.review_cut)
    artefact = Artefact(
        facts=facts,
        schema=schema_of(frame),
        ensemble=found.model,
        scorecard=judgement.card,
        grades=judgement.grades,
        reference=reference,
    )
    with tempfile.TemporaryDirectory(dir=folder) as made:
        files = Path(made)
        explain(
            files,
            material,
            found,
            judgement,
            challenge,
            facts,
            reference,
            seed=request.seed,
        )
        write_json(
            files / "data" / "drift_reference.json",
            Reference.of(known, probability).as_dict(),
        )
        write_json(files / "config" / "request.json", request.as_dict())
        if found.failures:
            told = "\n\n".join(f"{reason}\n{trace}" for reason, trace in found.failures)
            write_text(files / "config" / "failed_candidates.txt", told)
        return log_training(
            home,
            RunRecord(
                artefact=artefact,
                metrics=judgement.metrics
                | {"search_seconds": found.seconds, "search_trials": float(found.n_trials)},
                params=params_of(request, frame, splits, found),
                started_at=began,
                ended_at=datetime.now(UTC),
                trials=found.leaderboard,
                files=files,
                inputs=inputs_of(request, frame, splits),
                trigger=request.trigger,
                tags={"split": splits.kind} | ({"stop": material.stops[0]} if material.stops else {}),
            ),
        )


def facts_of(
    request: TrainRequest,
    material: Material,
    judgement: Judgement,
    *,
    at: datetime,
) -> Facts:
    frame, train = material.frame, material.train
    return Facts(
        name=frame.name,
        task=frame.task,
        kind=frame.kind,
        event_class=frame.event_class,
        other_class=frame.other_class,
        features=frame.features,
        fingerprint=frame.fingerprint,
        seed=request.seed,
        train_rows=len(train),
        event_rate=float(frame.rows[LABEL].mean()),
        base_rate=material.base_rate,
        created_at=at.isoformat(),
        keys=frame.keys,
        entity=frame.entity,
        time=frame.time,
        sentences=frame.sentences,
        groups=frame.groups,
        sources=frame.sources,
        metrics=judgement.metrics,
        budget_seconds=None if request.trials else request.budget_seconds,
        trials=request.trials,
        period=period_of(train, frame),
        trained_by=request.user,
        job_id=request.job_id,
        notes=(*frame.notes, *material.notes, *judgement.notes, *material.stops),
    )


def period_of(rows: pd.DataFrame, frame: TrainingFrame) -> str:
    """The first and last cutoff that the model learned from, as `2017-04-01..2017-08-29`; empty without dates."""
    column = CUTOFF if CUTOFF in rows.columns else frame.time
    if column is None or column not in rows.columns:
        return ""
    moments = pd.to_datetime(rows[column])
    return f"{moments.min():%Y-%m-%d}..{moments.max():%Y-%m-%d}"


def params_of(
    request: TrainRequest, frame: TrainingFrame, splits: Splits, found: SearchResult
) -> dict[str, Any]:
    return {
        "task": frame.task,
        "kind": frame.kind,
        "event_class": frame.event_class,
        "features": len(frame.features),
        "rows_train": int(splits.train.sum()),
        "rows_test": int(splits.holdout.sum()),
        "split_kind": splits.kind,
        "split": splits.sentence["en"],
        "budget_seconds": request.budget_seconds if request.trials is None else "",
        "trials": request.trials or "",
        "seed": request.seed,
        "model_members": len(found.leaderboard[found.leaderboard["weight"] > 0]),
        **{f"left_out_{reason}": count for reason, count in frame.counts.items()},
    }


def inputs_of(request: TrainRequest, frame: TrainingFrame, splits: Splits) -> tuple[RunInput, ...]:
    source = request.task or Path(str(request.file)).name
    digest = frame.fingerprint
    return (
        RunInput(f"{frame.name}.train", "training", int(splits.train.sum()), digest, source),
        RunInput(f"{frame.name}.test", "testing", int(splits.holdout.sum()), digest, source),
    )


def explain(
    folder: Path,
    material: Material,
    found: SearchResult,
    judgement: Judgement,
    challenge: dict[str, Any] | None,
    facts: Facts,
    reference: pd.DataFrame,
    *,
    seed: int,
) -> None:
    """The report's tables and pictures, from a sample of hold-out rows."""
    frame, splits = material.frame, material.splits
    held = material.held[material.features].reset_index(drop=True)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(held))[:EXPLAINED_ROWS])
    sample = held.iloc[chosen].reset_index(drop=True)
    # one call for all, as in `pushes`
    both = found.model.contributions(pd.concat([reference[material.features], sample], ignore_index=True))
    contributions = both.iloc[len(reference) :].reset_index(drop=True)
    drivers = importance(contributions, frame.groups, frame.sentences, X=sample)
    top = int(contributions.sum(axis=1).to_numpy().argmax())
    likeliest = one_customer(
        found.model,
        sample.iloc[[top]],
        kind=frame.kind,
        sentences=frame.sentences,
        reference=reference,
        contributions=both.iloc[[*range(len(reference)), len(reference) + top]],
    )
    evaluation = judgement.evaluation
    tables = {
        "gains": evaluation.gains,
        "deciles": evaluation.deciles,
        "calibration": evaluation.calibration,
        "importance": drivers,
        "leaderboard": found.leaderboard.assign(config=found.leaderboard["config"].map(str)),
        "scorecard": judgement.card.table(),
        "scorecard_zh": judgement.card.table("zh"),
        "grades": judgement.grade_table,
        "dependence": pd.concat(
            [
                dependence(sample, contributions, str(name)).assign(feature=name)
                for name in drivers["feature"].head(DEPENDENCE_OF_TOP)
            ],
            ignore_index=True,
        ),
    }
    if evaluation.by_month is not None:
        tables["by_month"] = evaluation.by_month
    if evaluation.by_seen is not None:
        tables["by_seen"] = evaluation.by_seen
    plots = {
        "beeswarm": beeswarm_png(contributions, sample, frame.sentences, seed=seed),
        "waterfall": waterfall_png(likeliest),
        "gain_curve": charts.to_png(charts.gain_curve(evaluation.gains)),
        "calibration": charts.to_png(charts.calibration(evaluation.calibration)),
    }
    write_report(
        folder,
        summary={
            **{k: v for k, v in facts.as_dict().items() if k not in ("sentences", "groups", "features")},
            "split": splits.sentence["en"],
            "split_kind": splits.kind,
            "rows": len(frame.rows),
            "rows_test": int(splits.holdout.sum()),
            "counts": frame.counts,
            "grades": judgement.grades.sentence.as_dict(),
            "card_direction": judgement.card.direction.as_dict(),
            "search_seconds": found.seconds,
            "search_trials": found.n_trials,
            "skipped": list(found.skipped),
            "against_champion": challenge,
            "stops": list(material.stops),
            "suspects": [
                {"column": s.column, "code": s.code, "severity": s.severity, "message": s.message}
                for s in material.suspects
            ],
        },
        evaluation=evaluation.as_dict(),
        tables=tables,
        plots=plots,
    )
