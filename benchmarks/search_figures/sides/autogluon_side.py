"""AutoGluon: what its two presets share. `log_loss` is the metric its documentation advises for probabilities."""

from __future__ import annotations

from pathlib import Path

LABEL = "(label)"


def start(*, threads: int, folder: Path) -> None:
    import catboost  # noqa: F401
    import lightgbm  # noqa: F401
    import torch
    import xgboost  # noqa: F401
    from autogluon.tabular import TabularPredictor  # noqa: F401

    torch.set_num_threads(threads)


def fit_preset(preset: str, x, y, *, seconds, threads, folder, **more):
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor(
        label=LABEL, problem_type="binary", eval_metric="log_loss", path=str(folder / "model"), verbosity=2
    )
    return predictor.fit(
        x.assign(**{LABEL: y}), presets=preset, time_limit=seconds, num_cpus=threads, num_gpus=0, **more
    )


def probabilities(model, x):
    return model.predict_proba(x, as_multiclass=False).to_numpy()


def save(model, folder: Path) -> Path:
    """Only what scoring needs, as its makers deploy."""
    model.clone_for_deployment(str(folder / "deployed"))
    return folder / "deployed"


def members(model) -> str:
    return ", ".join(model.model_names())
