"""The workbench's search as a program calls it: `AutoModel`, customers as groups."""

from __future__ import annotations

from pathlib import Path


def start(*, threads: int, folder: Path) -> None:
    import catboost  # noqa: F401 - the rivals' learners are imported before their clock starts as well
    import lightgbm  # noqa: F401
    import xgboost  # noqa: F401

    import workbench.automodel  # noqa: F401


def fit(x, y, entity, *, seconds, threads, seed, folder):
    from workbench.automodel import AutoModel

    return AutoModel(budget=seconds, seed=seed, threads=threads, positive=1).fit(x, y, groups=entity)


def probabilities(model, x):
    return model.predict_proba(x)[:, 1]


def save(model, folder: Path) -> Path:
    model.ensemble_.save(folder / "model")
    return folder / "model"


def members(model) -> str:
    return "; ".join(f"{m.weight:.2f} {m.config.family} x{len(m.models)}" for m in model.ensemble_.members)
