"""The whole search as one scikit-learn classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data

from workbench.dataset.frame import Kind
from workbench.dataset.splits import cross_validation
from workbench.search.budget import Deadline, seconds_of
from workbench.search.encoder import table_of
from workbench.search.search import SearchResult, search
from workbench.search.spec import SearchSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.scorecard import Scorecard

_SELF_EVIDENT = {  # the event of a pair whose meaning nobody doubts
    frozenset({"0", "1"}): "1",
    frozenset({"no", "yes"}): "yes",
    frozenset({"n", "y"}): "y",
    frozenset({"false", "true"}): "true",
    frozenset({"good", "bad"}): "bad",
    frozenset({"否", "是"}): "是",
}


class AutoModel(ClassifierMixin, BaseEstimator):
    """A two-class classifier that searches boosters and regressions and blends the best, within its budget.

    `budget` is wall time ("60s", "5m"); with `trials` the clock decides nothing and fits repeat exactly. `positive`
    names the event; by default it is the self-evident one (1, yes, true, bad), else the rarer class.
    `threads` fits run side by side, or with `workers` above 1 as many in processes of their own.
    `groups` given to `fit` (one value per row, say the customer) are never parted by a fold, `sample_weight` says how much
    a row counts. `monotone` names number columns with which the event may only become likelier (1) or rarer (-1).

    After `fit`: `classes_`, `event_` (the event's label), `leaderboard_`, `ensemble_`, `oof_log_odds_`,
    `n_trials_`, and on first use `scorecard_`.

    >>> model = AutoModel(trials=2).fit(X, y)              # doctest: +SKIP
    >>> model.predict_proba(X)[:, 1]                       # doctest: +SKIP
    """

    def __init__(
        self,
        budget: str | float = "60s",
        *,
        trials: int | None = None,
        seed: int = 0,
        threads: int = 2,
        workers: int = 1,
        positive: Any = None,
        kind: Kind = "response",
        monotone: Mapping[str, int] | None = None,
    ) -> None:
        self.budget = budget
        self.trials = trials
        self.seed = seed
        self.threads = threads
        self.workers = workers
        self.positive = positive
        self.kind = kind
        self.monotone = monotone

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> AutoModel:
        """Searches for `budget` or `trials`; `X` is a table of mixed columns or a matrix, `y` has two values.

        Raises ValueError for what scikit-learn calls invalid: one class, three classes, wrong lengths.
        """
        table = self._table(X, y, reset=True)
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) != 2:
            found = type_of_target(labels)
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {found}."
                if len(self.classes_) > 2
                else "Classifier can't train when only one class is present: two classes are needed."
            )
        event = _event_index(self.classes_, codes, self.positive)
        self.event_ = self.classes_[event]
        self._event_index = event
        events = (codes == event).astype(np.int64)
        spec = self._spec()
        result = search(
            table,
            events,
            folds=cross_validation(
                events, None if groups is None else np.asarray(groups), seed=self.seed, columns=table.shape[1]
            ),
            spec=spec,
            deadline=Deadline.after(None if spec.repeatable else spec.seconds),
            weights=_weights(sample_weight, table),
            directions=self.monotone,
        )
        self._keep(result)
        self._training = (table, events)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Log-odds of `classes_[1]`, shape (rows,)."""
        return self._log_odds(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities in the order of `classes_`, shape (rows, 2)."""
        from scipy.special import expit

        log_odds = self._log_odds(X)
        return np.column_stack([expit(-log_odds), expit(log_odds)])

    def predict(self, X: Any) -> np.ndarray:
        """The likelier class of each row."""
        chosen = (self._log_odds(X) > 0).astype(np.int64)
        return self.classes_[chosen]

    def explain(self, X: Any) -> pd.DataFrame:
        """Each column's share of the event's log-odds, and `(base)`; a row sums to the log-odds of `event_`."""
        check_is_fitted(self)
        shares = self.ensemble_.contributions(self._table(X, None, reset=False))
        return shares.set_axis(X.index, axis=0) if isinstance(X, pd.DataFrame) else shares

    @property
    def scorecard_(self) -> Scorecard:
        """The points card learned from the training rows; made on first use."""
        check_is_fitted(self)
        if not hasattr(self, "_scorecard"):
            from workbench.scorecard import build_scorecard

            table, events = self._training
            self._scorecard = build_scorecard(
                table, events, kind=self.kind, sentences={}, event_class=str(self.event_), seed=self.seed
            )
        return self._scorecard

    def _spec(self) -> SearchSpec:
        seconds = None if self.trials is not None else seconds_of(self.budget)
        return SearchSpec(
            seconds=seconds,
            trials=self.trials,
            seed=self.seed,
            threads=self.threads,
            workers=self.workers,
        )

    def _keep(self, result: SearchResult) -> None:
        self.ensemble_ = result.model
        self.leaderboard_ = result.leaderboard
        self.n_trials_ = result.n_trials
        sign = 1.0 if self._event_index == 1 else -1.0
        self.oof_log_odds_ = sign * result.oof_log_odds

    def _log_odds(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        log_odds = self.ensemble_.log_odds(self._table(X, None, reset=False))
        return log_odds if self._event_index == 1 else -log_odds

    def _table(self, X: Any, y: Any, *, reset: bool) -> pd.DataFrame:
        """`X` with checked shape: a DataFrame as it is, anything else as columns x0, x1, ..."""
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, "no_validation" if y is None else y, reset=reset, skip_check_array=True)
            if not len(X) or not len(X.columns):
                raise ValueError(
                    f"Found array with {len(X)} sample(s) and {len(X.columns)} feature(s) while a minimum of 1 is required."
                )
            if y is not None and len(X) != len(y):
                raise ValueError(f"X has {len(X)} rows, but y has {len(y)}.")
            return X.rename(columns=str).reset_index(drop=True)
        # text matrices come in as objects; numbers keep NaN, which means "missing" here
        checks = {"reset": reset, "dtype": None, "ensure_all_finite": "allow-nan"}
        matrix = validate_data(self, X, **checks) if y is None else validate_data(self, X, y, **checks)[0]
        return table_of(matrix).infer_objects()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.non_deterministic = self.trials is None
        return tags


def _weights(sample_weight: Any, table: pd.DataFrame) -> np.ndarray | None:
    if sample_weight is None:
        return None
    weights = check_array(sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
    if weights.shape != (len(table),):
        raise ValueError(f"sample_weight has shape {weights.shape}, but X has {len(table)} rows.")
    if weights.min() < 0 or not weights.sum() > 0:
        raise ValueError("Every sample_weight is zero, or one is negative.")
    return weights / weights.mean()


def _event_index(classes: np.ndarray, codes: np.ndarray, positive: Any) -> int:
    """Which of the two classes is the event: the one named, the self-evident one, else the rarer."""
    names = [str(c).strip().lower() for c in classes]
    if positive is not None:
        matches = [i for i, c in enumerate(classes) if c == positive or str(c) == str(positive)]
        if not matches:
            raise ValueError(f"`positive` must be one of {list(classes)}, but got {positive!r}.")
        return matches[0]
    numbers = [n.removesuffix(".0") for n in names]
    evident = _SELF_EVIDENT.get(frozenset(names)) or _SELF_EVIDENT.get(frozenset(numbers))
    if evident is not None:
        return names.index(evident) if evident in names else numbers.index(evident)
    counts = np.bincount(codes, minlength=2)
    return int(counts[1] <= counts[0])
