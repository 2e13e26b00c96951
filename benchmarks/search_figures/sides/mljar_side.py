"""mljar-supervised, mode Compete: the one its makers name for accuracy. Log-loss is its default metric."""

from __future__ import annotations

from pathlib import Path


def start(*, threads: int, folder: Path) -> None:
    from supervised.automl import AutoML  # noqa: F401


def plain(x):
    return x.astype({c: object for c in x.columns if x[c].dtype == "category"})


def fit(x, y, entity, *, seconds, threads, seed, folder):
    from supervised.automl import AutoML

    automl = AutoML(
        mode="Compete", ml_task="binary_classification", eval_metric="logloss", total_time_limit=max(1, round(seconds)), n_jobs=threads, random_state=seed + 1, results_path=str(folder / "model"), explain_level=0, verbose=0
    )  # fmt: skip
    return automl.fit(plain(x), y)


def probabilities(model, x):
    return model.predict_proba(plain(x))[:, 1]


def save(model, folder: Path) -> Path:
    return folder / "model"


def members(model) -> str:
    return str(model._best_model.get_name())
