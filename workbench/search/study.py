"""Local search: what to try next, given what the candidates so far have shown."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.search.learners.contract import Config


@dataclass(frozen=True)
class Range:
    """Where one parameter may move."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


SPACES: dict[str, dict[str, Range]] = {
    "lightgbm": {
        "learning_rate": Range(0.015, 0.12, log=True),
        "num_leaves": Range(3, 160, log=True, whole=True),
        "min_data_in_leaf": Range(1, 80, log=True, whole=True),
        "feature_fraction": Range(0.3, 1.0),
        "bagging_fraction": Range(0.6, 1.0),
        "lambda_l1": Range(0.0, 2.0),
        "lambda_l2": Range(0.0, 5.0),
        "cat_smooth": Range(0.01, 80.0, log=True),
        "cat_l2": Range(0.01, 20.0, log=True),
    },
    "catboost": {
        "learning_rate": Range(0.02, 0.15, log=True),
        "depth": Range(3, 6, whole=True),
        "l2_leaf_reg": Range(0.3, 12.0, log=True),
        "one_hot_max_size": Range(3, 40, log=True, whole=True),
    },
    "xgboost": {
        "learning_rate": Range(0.02, 0.12, log=True),
        "max_depth": Range(3, 9, whole=True),
        "min_child_weight": Range(0.3, 12.0, log=True),
        "colsample_bylevel": Range(0.4, 1.0),
        "subsample": Range(0.6, 1.0),
        "lambda": Range(0.3, 12.0, log=True),
    },
    "logistic": {"strength": Range(0.003, 10.0, log=True)},
}
"""Where the local search may go (ranges after TabArena's search spaces, narrowed to what pays on two cores)."""


@dataclass(frozen=True)
class Outcome:
    """A candidate and its out-of-fold log-loss."""

    config: Config
    loss: float


def propose(family: str, outcomes: Sequence[Outcome], n: int, *, seed: int) -> list[Config]:
    """`n` new configurations of `family` by Optuna's tree-structured Parzen estimator over `outcomes`.

    The study is rebuilt from the outcomes each time, so a resumed search proposes what an unbroken one would.
    """
    import optuna

    space = SPACES[family]
    own = [o for o in outcomes if o.config.family == family]
    if not own:
        return []
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        # multivariate sampling is marked experimental; its behaviour is pinned by the lock file and a test
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=seed + 7919 * len(own), n_startup_trials=3, multivariate=True, constant_liar=True
        )
    study = optuna.create_study(sampler=sampler)
    ranges = {name: _distribution(r) for name, r in space.items()}
    for outcome in own:
        known = {
            k: v for k, v in ((k, inside(outcome.config, k, r)) for k, r in space.items()) if v is not None
        }
        study.add_trial(
            optuna.create_trial(params=known, distributions={k: ranges[k] for k in known}, value=outcome.loss)
        )
    best = min(own, key=lambda o: o.loss).config
    found = []
    for _ in range(n):
        trial = study.ask(ranges)
        found.append(best.with_params(**{k: rounded(trial.params[k], r) for k, r in space.items()}))
    return found


def _distribution(r: Range) -> Any:
    import optuna

    if r.whole:
        return optuna.distributions.IntDistribution(int(r.low), int(r.high), log=r.log)
    return optuna.distributions.FloatDistribution(r.low, r.high, log=r.log)


def inside(config: Config, name: str, r: Range) -> float | int | None:
    """The candidate's value of a parameter, moved into its range; None where it leaves the library's default."""
    if name not in config.params:
        return None
    value = min(max(float(config.params[name]), r.low), r.high)
    return int(value) if r.whole else value


def rounded(value: float, r: Range) -> float | int:
    """A plain Python number of at most three digits: what a person would write, and what JSON can hold."""
    return int(value) if r.whole else float(f"{value:.3g}")
