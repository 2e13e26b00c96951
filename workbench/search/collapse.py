"""A model that collapses without one column: evidence that the column knows the answer.

Alone such a column may be no better than an honest one, because it says little until the others tell whom it is about:
how long a call lasted says much about a sale, yet only in the months in which anybody bought. Together with the others
it makes the model far too good, and nothing else in the table can replace it. Honest columns are rarely so lonely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.search.encoder import Encoded
from workbench.search.leaderboard import rank_auc
from workbench.search.narrowing import strongest

_MOST_ROWS = 10_000
_FEWEST_EVENTS = 100  # with fewer, what a column is worth is mostly chance
_ASKED = 3  # columns without which the model is fitted again
_GAIN_SHARE = 0.12  # of the first model's gain: a column with less cannot bring it down
_COPY = 0.98  # rank correlation from which two columns are one told twice
_RESAMPLES = 100
_WORTH_AN_INTERVAL = 0.15
_STREAM = 4391
_ROUNDS = 80
_BOOSTER = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.12,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "verbosity": -1,
    "deterministic": True,
}


@dataclass(frozen=True)
class Collapse:
    """What the model loses without a column and its near copies.

    `lost` is the share of what the model has above chance, (auc - auc_without) / (auc - 0.5); `lost_at_least` is the
    2.5% quantile of it over resampled rows (0 where little is lost).
    """

    column: str
    copies: tuple[str, ...]
    auc: float
    auc_without: float
    lost: float
    lost_at_least: float


def collapses(
    data: Encoded,
    y: np.ndarray,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    trusted: tuple[str, ...] = (),
) -> tuple[Collapse, ...]:
    """What a quick booster loses without each of its strongest columns, the greatest loss first.

    `y` holds 0 and 1. Rows of one of the `groups` (a customer) lie on one side. At most 10,000 rows are looked at, and
    none at all where they hold fewer than 100 events or other rows. Columns in `trusted` are not asked about.
    """
    rng = np.random.default_rng([seed, _STREAM])
    if data.rows > _MOST_ROWS:
        kept = np.sort(rng.choice(data.rows, _MOST_ROWS, replace=False))
        data, y = data.take(kept), y[kept]
        groups = None if groups is None else groups[kept]
    if min(y.sum(), len(y) - y.sum()) < _FEWEST_EVENTS:
        return ()
    part = _halves(len(y), groups, rng)
    columns = strongest(data, y)
    scores, gain = _crossed(data, y, part, columns, seed)
    auc = rank_auc(y, scores)
    if auc <= 0.5 or not gain.sum():
        return ()
    resamples = _resamples(len(y), groups, rng)
    found: list[Collapse] = []
    done: set[int] = set()
    for place in np.argsort(-gain)[: 2 * _ASKED]:
        column = columns[place]
        enough = gain[place] >= _GAIN_SHARE * gain.sum()
        if not enough or column in done or data.names[column] in trusted or len(found) == _ASKED:
            continue
        copies = _copies(data, column, columns)
        done |= {column, *copies}
        rest = tuple(j for j in columns if j != column and j not in copies)
        without = _crossed(data, y, part, rest, seed)[0] if rest else np.zeros(len(y))
        lost = _lost(y, scores, without)
        least = 0.0
        if lost >= _WORTH_AN_INTERVAL:
            again = [_lost(y[rows], scores[rows], without[rows]) for rows in resamples]
            least = float(np.quantile(again, 0.025))
        found.append(
            Collapse(
                data.names[column],
                tuple(data.names[j] for j in copies),
                auc,
                rank_auc(y, without),
                lost,
                least,
            )
        )
    return tuple(sorted(found, key=lambda c: -c.lost))


def _lost(y: np.ndarray, scores: np.ndarray, without: np.ndarray) -> float:
    if not 0 < y.sum() < len(y):
        return 0.0
    auc = rank_auc(y, scores)
    return (auc - max(0.5, rank_auc(y, without))) / (auc - 0.5) if auc > 0.5 else 0.0


def _resamples(rows: int, groups: np.ndarray | None, rng: np.random.Generator) -> list[np.ndarray]:
    """Row numbers drawn again with replacement; all rows of a group come together."""
    if groups is None:
        return [rng.integers(0, rows, rows) for _ in range(_RESAMPLES)]
    codes = np.unique(groups, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return [
        np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        for _ in range(_RESAMPLES)
    ]


def _halves(rows: int, groups: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    if groups is None:
        return rng.permutation(rows) % 2
    codes = np.unique(groups, return_inverse=True)[1]
    return (rng.permutation(int(codes.max()) + 1) % 2)[codes]


def _crossed(
    data: Encoded, y: np.ndarray, part: np.ndarray, columns: tuple[int, ...], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of each half by a booster of the other, and the gain by column."""
    import lightgbm

    scores, gain = np.zeros(len(y)), np.zeros(len(columns))
    categories = [i for i, j in enumerate(columns) if j in data.sizes]
    matrix = data.values[:, list(columns)]
    params = {**_BOOSTER, "seed": seed, "num_threads": 1}
    for half in (0, 1):
        learn, judge = part != half, part == half
        if not 0 < y[learn].sum() < learn.sum():
            continue
        rows = lightgbm.Dataset(
            matrix[learn], label=y[learn], categorical_feature=categories, params=params, free_raw_data=True
        )
        booster = lightgbm.train(params, rows, _ROUNDS)
        scores[judge] = booster.predict(matrix[judge], raw_score=True, num_threads=1)
        gain += booster.feature_importance("gain")
    return scores, gain


def _copies(data: Encoded, column: int, columns: tuple[int, ...]) -> tuple[int, ...]:
    """Other columns that order the rows as this one does: minutes beside seconds."""
    if column in data.sizes:
        own = data.values[:, column]
        return tuple(
            j for j in columns if j != column and j in data.sizes and _one_to_one(own, data.values[:, j])
        )
    own = _ranks(data.values[:, column])
    copies = []
    for j in columns:
        if j == column or j in data.sizes:
            continue
        other = _ranks(data.values[:, j])
        spread = float(own.std() * other.std())
        if spread and abs(float(np.mean((own - own.mean()) * (other - other.mean())))) >= _COPY * spread:
            copies.append(j)
    return tuple(copies)


def _one_to_one(left: np.ndarray, right: np.ndarray) -> bool:
    pairs = len(np.unique(np.column_stack([left, right]), axis=0))
    return pairs == len(np.unique(left)) == len(np.unique(right))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mean ranks; missing values share the lowest."""
    from scipy.stats import rankdata

    return rankdata(np.where(np.isnan(values), -np.inf, values))
