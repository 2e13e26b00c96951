"""What the hold-out says, of the champion and of its scorecard, asked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.dataset.frame import CUTOFF, LABEL, TrainingFrame
from workbench.evaluation import Evaluation, evaluate
from workbench.scorecard.build import build_scorecard
from workbench.scorecard.card import Scorecard
from workbench.scorecard.grades import Grades, grade_bands
from workbench.search.search import SearchResult
from workbench.training.material import Material


@dataclass(frozen=True)
class Judgement:
    """The hold-out's verdict, the card that was judged beside the champion, and the grades cut on training rows."""

    evaluation: Evaluation
    probability: np.ndarray  # of the hold-out rows, in their order
    train_probability: (
        np.ndarray
    )  # out of fold, of the training rows; the model's own where a row was in no fold
    card: Scorecard
    card_auc: float
    grades: Grades
    grade_table: pd.DataFrame
    metrics: dict[str, float]
    notes: tuple[str, ...]


def judge(material: Material, found: SearchResult, *, seed: int) -> Judgement:
    """Card and grades are made from training rows only; then each is looked at on the hold-out."""
    frame, splits, features = material.frame, material.splits, material.features
    train, held, stand_for = material.train, material.held, material.stand_for
    y_train, y = material.y_train, held[LABEL].to_numpy()
    card = build_scorecard(
        train[features],
        y_train,
        kind=frame.kind,
        sentences=frame.sentences,
        groups=frame.groups,
        event_class=frame.event_class,
        weight=_product(stand_for, material.weights),
        seed=seed,
    )
    known = np.isfinite(found.oof_log_odds)
    taught = 1.0 / (1.0 + np.exp(-found.oof_log_odds))
    if not known.all():
        taught[~known] = found.model.predict_proba(train.loc[~known, features])
    grades = grade_bands(
        taught[known], y_train[known], frame.kind, None if stand_for is None else stand_for[known]
    )
    probability = found.model.predict_proba(held[features])
    entity = held[frame.entity].to_numpy() if frame.entity else None
    evaluation = evaluate(
        y,
        probability,
        entity=entity,
        months=months_of(held, frame),
        seen=held[frame.entity].isin(train[frame.entity]).to_numpy()
        if frame.entity and splits.kind == "out_of_time"
        else None,
        seed=seed,
    )
    by_card = evaluate(y, card.probability(held[features]), entity=entity, n_boot=0, seed=seed)
    return Judgement(
        evaluation=evaluation,
        probability=probability,
        train_probability=taught,
        card=card,
        card_auc=by_card.metrics["auc"],
        grades=grades,
        grade_table=grades.table(probability, y),
        metrics=flat_metrics(evaluation, by_card, found, y_train, stand_for),
        notes=tuple(note["en"] for note in card.notes),
    )


def months_of(rows: pd.DataFrame, frame: TrainingFrame) -> np.ndarray | None:
    """The calendar month of each row's cutoff, where the task has dates."""
    column = CUTOFF if CUTOFF in rows.columns else frame.time
    if column is None or column not in rows.columns:
        return None
    return pd.to_datetime(rows[column]).dt.strftime("%Y-%m").to_numpy()


def flat_metrics(
    evaluation: Evaluation,
    by_card: Evaluation,
    found: SearchResult,
    y_train: np.ndarray,
    stand_for: np.ndarray | None,
) -> dict[str, float]:
    """One flat set of names, the same in every run: `test_` the hold-out, `cv_` out of fold, `card_` the scorecard."""
    known = np.isfinite(found.oof_log_odds)
    out_of_fold = 1.0 / (1.0 + np.exp(-found.oof_log_odds[known]))
    cv = evaluate(y_train[known], out_of_fold, n_boot=0).metrics
    if stand_for is not None:
        cv = cv | _for_all(y_train[known], out_of_fold, stand_for[known])
    metrics = {f"test_{name}": value for name, value in evaluation.metrics.items()}
    for name, (low, high) in evaluation.intervals.items():
        metrics |= {f"test_{name}_low": low, f"test_{name}_high": high}
    metrics |= {f"card_{name}": by_card.metrics[name] for name in ("auc", "ks", "lift_10", "logloss")}
    metrics |= {f"cv_{name}": cv[name] for name in ("auc", "ks", "lift_10", "logloss", "brier")}
    return {name: float(value) for name, value in metrics.items()}


def _for_all(y: np.ndarray, p: np.ndarray, stand_for: np.ndarray) -> dict[str, float]:
    """The figures that depend on the event's share, as all the rows would give them that the sample stands for.

    Area and KS do not depend on it.
    """
    order = np.argsort(-p, kind="stable")
    reached = np.cumsum(stand_for[order]) / stand_for.sum()
    found = np.cumsum((y * stand_for)[order]) / (y * stand_for).sum()
    clear = np.clip(p, 1e-15, 1 - 1e-15)
    losses = -np.where(y == 1, np.log(clear), np.log1p(-clear))
    return {
        "lift_10": float(np.interp(0.1, reached, found) / 0.1),
        "logloss": float(np.average(losses, weights=stand_for)),
        "brier": float(np.average((p - y) ** 2, weights=stand_for)),
    }


def _product(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if one is None or other is None:
        return one if other is None else other
    return one * other
