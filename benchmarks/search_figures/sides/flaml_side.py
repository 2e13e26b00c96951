"""FLAML with its default learners. `log_loss` is the metric its documentation names for probabilities."""

from __future__ import annotations

import pickle
from pathlib import Path


def start(*, threads: int, folder: Path) -> None:
    import catboost  # noqa: F401
    import lightgbm  # noqa: F401
    import xgboost  # noqa: F401
    from flaml import AutoML  # noqa: F401


def fit(x, y, entity, *, seconds, threads, seed, folder):
    from flaml import AutoML

    automl = AutoML()
    by_customer = {} if entity is None else {"split_type": "group", "groups": entity}
    automl.fit(
        x, y, task="classification", metric="log_loss", time_budget=seconds, n_jobs=threads, seed=seed, verbose=0, mlflow_logging=False, **by_customer
    )  # fmt: skip
    if automl.best_estimator is None:
        raise SystemExit("it found no model")
    return automl


def probabilities(model, x):
    return model.predict_proba(x)[:, 1]


def save(model, folder: Path) -> Path:
    path = folder / "model.pickle"
    path.write_bytes(pickle.dumps(model))
    return path


def members(model) -> str:
    return f"{model.best_estimator} ({model._state.eval_method})"
