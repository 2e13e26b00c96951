"""LightAutoML, `TabularUtilizedAutoML` as the AutoML Benchmark runs it; loss and metric are log-loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np

LABEL = "(label)"
CUSTOMER = "(customer)"


def start(*, threads: int, folder: Path) -> None:
    import torch
    from lightautoml.automl.presets.tabular_presets import TabularUtilizedAutoML  # noqa: F401
    from lightautoml.tasks import Task  # noqa: F401

    torch.set_num_threads(threads)


def plain(x):
    return x.astype({c: object for c in x.columns if x[c].dtype == "category"})


def fit(x, y, entity, *, seconds, threads, seed, folder):
    from lightautoml.automl.presets.tabular_presets import TabularUtilizedAutoML
    from lightautoml.tasks import Task

    automl = TabularUtilizedAutoML(
        task=Task("binary", loss="logloss", metric="logloss"), timeout=seconds, cpu_limit=threads, reader_params={"n_jobs": threads, "random_state": seed}
    )  # fmt: skip
    table, roles = plain(x).assign(**{LABEL: y}), {"target": LABEL}
    if entity is not None:
        table, roles = table.assign(**{CUSTOMER: entity}), roles | {"group": CUSTOMER}
    automl.fit_predict(table, roles=roles, verbose=0)
    return automl


def probabilities(model, x):
    return np.asarray(model.predict(plain(x)).data)[:, 0]


def save(model, folder: Path) -> Path:
    import joblib

    joblib.dump(model, folder / "model.joblib")
    return folder / "model.joblib"


def members(model) -> str:
    return model.create_model_str_desc()[:300] if hasattr(model, "create_model_str_desc") else ""
