"""What a run is warned of before its search: columns that may know the outcome, each with the question to ask."""

from __future__ import annotations

import numpy as np

from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.leakage import ASK, LeakFinding, leakage_findings
from workbench.dataset.splits import Splits
from workbench.errors import DataError, did_you_mean
from workbench.search.collapse import Collapse, collapses
from workbench.search.encoder import Encoder

STOP_LOST, STOP_AUC = 0.30, 0.90
WARN_LOST, WARN_AUC = 0.25, 0.75
_CERTAIN = 0.8  # of a threshold that the loss keeps in all but 2.5% of resampled rows
_MOST_ROWS = 20_000


def suspects(
    frame: TrainingFrame, splits: Splits, *, seed: int, known_before: tuple[str, ...] = ()
) -> tuple[LeakFinding, ...]:
    """Findings of single columns (WB-D21 to WB-D23) and of models that collapse without one (WB-D24), stops first.

    Only training rows are fitted. Columns in `known_before` were vouched for by a person. Raises DataError WB-D25 if one
    of them is no feature.
    """
    trusted = (*frame.known_before, *known_before)
    for name in known_before:
        if name not in frame.features:
            raise DataError(
                "WB-D25",
                f"--known-before names '{name}', which the model does not learn from.",
                did_you_mean(name, frame.features),
            )
    alone = leakage_findings(frame, seed=seed, known_before=known_before)
    named = {finding.column for finding in alone if finding.severity == "stop"}
    train = np.flatnonzero(splits.train)
    if len(train) > _MOST_ROWS:
        train = np.sort(np.random.default_rng([seed, 1]).choice(train, _MOST_ROWS, replace=False))
    rows = frame.rows.iloc[train]
    features = [name for name in frame.features if name not in named]
    if not features:
        return alone
    X = rows[features]
    together = collapses(
        Encoder.fit(X).transform(X),
        rows[LABEL].to_numpy(dtype=np.float64),
        seed=seed,
        groups=rows[frame.entity].to_numpy() if frame.entity in rows else None,
        trusted=trusted,
    )
    found = [f for f in map(_finding, together) if f is not None]
    worse = {f.column for f in found}
    kept = [f for f in alone if f.column not in worse]
    return tuple(sorted([*kept, *found], key=lambda f: f.severity != "stop"))


def _finding(collapse: Collapse) -> LeakFinding | None:
    stop = collapse.lost >= STOP_LOST and collapse.auc >= STOP_AUC
    least = _CERTAIN * (STOP_LOST if stop else WARN_LOST)
    if collapse.lost < WARN_LOST or collapse.auc < WARN_AUC or collapse.lost_at_least < least:
        return None
    copies = f" (and {', '.join(collapse.copies)}, which say the same)" if collapse.copies else ""
    return LeakFinding(
        "WB-D24",
        "stop" if stop else "warn",
        collapse.column,
        f"Without column '{collapse.column}'{copies} a model falls from AUC {collapse.auc:.3f} to "
        f"{collapse.auc_without:.3f}: nothing else in the table can replace it, as if it had been filled in by the outcome.",
        ASK,
        collapse.auc,
    )
