"""The live model and the new one, side by side on the new one's hold-out."""

from __future__ import annotations

from typing import Any

from workbench.config import Home
from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.schema import conform
from workbench.dataset.splits import Splits
from workbench.errors import DataError
from workbench.evaluation import paired_difference
from workbench.registry import models
from workbench.registry.facts import Facts
from workbench.training.judgement import Judgement


def against_champion(
    home: Home, frame: TrainingFrame, splits: Splits, judgement: Judgement, *, seed: int
) -> dict[str, Any] | None:
    """AUC of the new model less that of the live one with its interval, or why the two cannot be compared fairly.

    Fair: the live model never learned from a row of this hold-out. None where nothing is live.
    """
    live = models.champion(home, frame.name)
    if live is None:
        return None
    ref = models.resolve(home, f"{frame.name}@{live}")
    artefact = models.load(home, ref)
    why_not = _unfair(artefact.facts, frame, splits, seed=seed)
    held = frame.rows[splits.holdout]
    try:
        theirs = artefact.ensemble.predict_proba(
            conform(held, artefact.schema)[list(artefact.facts.features)]
        )
    except DataError as error:
        return {"version": live, "comparable": False, "why_not": error.message}
    entity = held[frame.entity].to_numpy() if frame.entity else None
    difference, low, high = paired_difference(
        held[LABEL].to_numpy(), judgement.probability, theirs, entity=entity, seed=seed
    )
    return {
        "version": live,
        "comparable": why_not is None,
        "why_not": why_not,
        "metric": "auc",
        "difference": float(difference),
        "low": float(low),
        "high": float(high),
    }


def _unfair(theirs: Facts, frame: TrainingFrame, splits: Splits, *, seed: int) -> str | None:
    """Why the live model may have seen rows of this hold-out; None if it cannot have."""
    if splits.test_from is not None:
        learned_until = theirs.period.partition("..")[2]
        if learned_until and learned_until < str(splits.test_from)[:10]:
            return None
        return f"it learned from rows until {learned_until or 'an unknown date'}, which reaches into this hold-out"
    if (theirs.fingerprint, theirs.seed) == (frame.fingerprint, seed):
        return None
    return "it was trained on another table or seed, so it may have learned from rows of this hold-out"
