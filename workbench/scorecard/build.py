"""Builds a scorecard from raw columns and an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.dataset.frame import Kind
from workbench.errors import DataError
from workbench.scorecard.binning import Outcome, fit_bins
from workbench.scorecard.bins import Bins
from workbench.scorecard.card import Scorecard, Variable
from workbench.scorecard.curve import ProbabilityCurve
from workbench.scorecard.grades import grade_bands
from workbench.scorecard.honesty import out_of_fold_woe
from workbench.scorecard.logistic import RIDGE, Logit, fit_logit
from workbench.scorecard.points import Scale
from workbench.scorecard.selection import MIN_COEFFICIENT, POOL, choose, quick_iv
from workbench.scorecard.spec import CardSpec
from workbench.scorecard.woe import Floats
from workbench.text import Text

SELECTION_ROWS = 40_000  # the stepwise choice looks at no more rows than this; the final fit at all
SCREEN_ROWS = 5_000
REFERENCE_SHARE, REFERENCE_ROWS = 0.02, 50


def build_scorecard(
    X: pd.DataFrame,
    y: np.ndarray | pd.Series,
    *,
    kind: Kind,
    sentences: Mapping[str, Text] | None = None,
    event_class: str = "1",
    groups: Mapping[str, str] | None = None,
    weight: np.ndarray | None = None,
    spec: CardSpec | None = None,
    seed: int = 0,
) -> Scorecard:
    """A card of at most `spec.max_variables` variables of X for the event y = 1.

    X: any mixture of numbers, text or categoricals and dates, unique column names; y: 0/1, both present;
    `groups` says which columns give one reason together; `seed` draws the rows for the stepwise choice
    of large tables. Raises WB-C06 for an outcome that is not 0/1 with both values, WB-C07 for column names twice.
    """
    spec = spec or CardSpec()
    X = X.set_axis([str(column) for column in X.columns], axis=1)
    outcome_values = _checked(X, y)
    outcome = Outcome.of(outcome_values, weight)
    screened, all_iv = _screen(X, outcome_values, spec=spec, seed=seed)
    left_out = dict.fromkeys((name for name in X.columns if name not in set(screened)), "quick_iv")
    fitted: dict[str, Bins] = {}
    for name in screened:
        bins = fit_bins(X[name], outcome, spec=spec)
        all_iv[name] = bins.iv
        if bins.iv < spec.min_iv or _says_nothing(bins):
            left_out[name] = "iv"
        else:
            fitted[name] = bins
    chosen, logit, reasons = _fit(X, outcome_values, fitted, weight=weight, spec=spec, seed=seed)
    left_out |= reasons
    card = _assemble(
        chosen,
        logit,
        kind=kind,
        event_class=event_class,
        spec=spec,
        sentences=sentences or {},
        groups=groups or {},
    )
    card = replace(
        card,
        all_iv=dict(sorted(all_iv.items(), key=lambda item: -item[1])),
        left_out=left_out,
        notes=_notes(card, X, screened),
    )
    return _calibrated(card, X, outcome_values, weight=weight)


def _checked(X: pd.DataFrame, y: np.ndarray | pd.Series) -> Floats:
    values = np.asarray(y, dtype=float)
    if len(values) != len(X) or not np.isin(values, (0.0, 1.0)).all() or len(np.unique(values)) < 2:
        raise DataError(
            "WB-C06",
            f"A scorecard needs an outcome of 0 and 1, both present, one per row; got {len(values)} values for {len(X)} rows "
            f"with {len(np.unique(values))} different ones.",
            "Check the label.",
        )
    repeated = X.columns[X.columns.duplicated()]
    if len(repeated):
        raise DataError(
            "WB-C07", f"The column name {str(repeated[0])!r} occurs twice.", "Rename one of them."
        )
    return values


def _screen(X: pd.DataFrame, y: Floats, *, spec: CardSpec, seed: int) -> tuple[list[str], dict[str, float]]:
    """All columns if they are few; else the `spec.screen` with the largest quick IV, in the order of X."""
    if X.shape[1] <= spec.screen:
        return list(X.columns), {}
    rows = _sample(y, SCREEN_ROWS, seed)
    quick = {
        name: quick_iv(X[name].iloc[rows], y[rows], smoothing=spec.smoothing_rows(float(y[rows].mean())))
        for name in X.columns
    }
    # a trend or code declared by a person is a wish to see the column binned
    declared = [name for name in X.columns if name in spec.trends or name in spec.specials]
    strongest = sorted(X.columns, key=lambda name: -quick[name])[: spec.screen]
    kept = set(strongest) | set(declared)
    return [name for name in X.columns if name in kept], quick


def _sample(y: Floats, rows: int, seed: int) -> np.ndarray:
    """Row numbers: all, or a random part with the events in their share (at least half of the sample's if rare)."""
    if len(y) <= rows:
        return np.arange(len(y))
    generator = np.random.default_rng(seed)
    parts = [np.flatnonzero(y == value) for value in (0, 1)]
    small = min(parts, key=len)
    large = max(parts, key=len)
    take = min(len(small), max(round(rows * len(small) / len(y)), min(rows // 2, 1000)))
    chosen = np.concatenate(
        [
            generator.choice(small, size=take, replace=False),
            generator.choice(large, size=min(rows - take, len(large)), replace=False),
        ]
    )
    return np.sort(chosen)


def _says_nothing(bins: Bins) -> bool:
    """One ordinary bin, and neither missing nor special values that differ significantly from it."""
    filled = np.array(bins.events) + np.array(bins.non_events) > 0
    if filled.sum() < 2:
        return True
    if bins.ordinary > 1:
        return False
    by_chance = 6.0 * (1 / bins.all_events + 1 / bins.all_non_events)
    return bins.iv < by_chance * (filled.sum() - 1)


def _fit(
    X: pd.DataFrame,
    y: Floats,
    fitted: dict[str, Bins],
    *,
    weight: Floats | None,
    spec: CardSpec,
    seed: int,
) -> tuple[list[Bins], Logit, dict[str, str]]:
    """Chooses on a part of the rows, fits on all; a coefficient that is too small there leaves the card."""
    by_iv = sorted(fitted, key=lambda name: -fitted[name].iv)
    names = by_iv[:POOL]
    rows = _sample(y, SELECTION_ROWS, seed)
    part = X[names].iloc[rows].reset_index(drop=True)
    iv = np.array([fitted[name].iv for name in names])
    row_weight = None if weight is None else np.asarray(weight, dtype=float)[rows]
    matrix = out_of_fold_woe(part, y[rows], names, weight=row_weight, spec=spec, seed=seed)
    choice = choose(matrix, y[rows], iv, weight=row_weight, spec=spec, looked_at=X.shape[1])
    left_out = {name: "beyond_limit" for at, name in enumerate(by_iv) if at not in choice.chosen}
    left_out |= {names[at]: why for at, why in choice.dropped.items()}
    chosen = [fitted[names[at]] for at in choice.chosen]
    all_weights = None if weight is None else np.asarray(weight, dtype=float)
    while True:
        full = np.column_stack(
            [bins.woe[bins.index(X[bins.variable])] for bins in chosen] or [np.empty((len(X), 0))]
        )
        logit = fit_logit(full, y, weight=all_weights, ridge=RIDGE)
        if not chosen or logit.coefficients.min() >= MIN_COEFFICIENT:
            return chosen, logit, left_out
        left_out[chosen.pop(int(np.argmin(logit.coefficients))).variable] = "sign"


def _assemble(
    chosen: list[Bins],
    logit: Logit,
    *,
    kind: Kind,
    event_class: str,
    spec: CardSpec,
    sentences: Mapping[str, Text],
    groups: Mapping[str, str],
) -> Scorecard:
    scale = Scale.of(spec, kind)
    parts = []
    for bins, coefficient in zip(chosen, logit.coefficients, strict=True):
        exact = scale.part(
            bins.woe, coefficient=float(coefficient), intercept=logit.intercept, variables=len(chosen)
        )
        parts.append(
            Variable(
                bins=bins,
                coefficient=float(coefficient),
                sentence=Text.of(sentences.get(bins.variable, bins.variable)),
                group=groups.get(bins.variable, bins.variable),
                points=tuple(int(p) for p in np.rint(exact)),
                reference=0.0,
            )
        )
    return Scorecard(
        kind=kind,
        event_class=event_class,
        spec=spec,
        scale=scale,
        intercept=logit.intercept,
        parts=tuple(parts),
        constant=0 if parts else round(scale.score(logit.intercept)),
        curve=ProbabilityCurve.flat(0.5),
        grades=grade_bands(np.array([0.5]), np.array([0.0]), kind),
        reference=Text("", ""),
        all_iv={},
        left_out={},
        notes=(),
    )


def _notes(card: Scorecard, X: pd.DataFrame, screened: list[str]) -> tuple[Text, ...]:
    notes = []
    if len(screened) < X.shape[1]:
        notes.append(
            Text(
                f"Of {X.shape[1]} columns the {len(screened)} with the largest information value were binned exactly.",
                f"共 {X.shape[1]} 列，仅对信息值最高的 {len(screened)} 列做了最优分箱。",
            )
        )
    if not card.parts:
        notes.append(
            Text(
                "No column tells events from non-events: the card has no variable, and everyone has the same points.",
                "没有任何变量能区分事件与非事件：评分卡不含变量，所有人分数相同。",
            )
        )
    return tuple(notes)


def _calibrated(card: Scorecard, X: pd.DataFrame, y: Floats, *, weight: Floats | None) -> Scorecard:
    """With the probability refitted on rounded points, the grades, and the customers that reasons compare with."""
    parts = card.part_points(X)
    score = parts.sum(axis=1) + card.constant
    weights = None if weight is None else np.asarray(weight, dtype=float)
    curve = ProbabilityCurve.fit(score.astype(float), y, weight=weights, sign=card.scale.sign)
    p = curve(score)
    grades = grade_bands(p, y, card.kind, weights)
    rows = np.arange(len(X))
    reference = Text("the average customer of the training data", "训练数据中的平均客户")
    cut = grades.review_cut
    if card.kind == "risk" and cut is not None:
        passing = np.flatnonzero(p < cut)  # the safer side of the border between B and C
        wanted = max(REFERENCE_ROWS, round(REFERENCE_SHARE * len(X)))
        rows = passing[np.argsort(score[passing], kind="stable")][:wanted]
        reference = Text(
            f"the average of the {len(rows)} customers at or just above {int(score[rows].min())} points, the cut-off between grades",
            f"等级分界线 {int(score[rows].min())} 分及略高处 {len(rows)} 位客户的平均",
        )
    stand_for = np.ones(len(rows)) if weights is None else weights[rows]
    means = stand_for @ parts[rows] / stand_for.sum()
    variables = tuple(replace(v, reference=float(m)) for v, m in zip(card.parts, means, strict=True))
    return replace(card, parts=variables, curve=curve, grades=grades, reference=reference)
