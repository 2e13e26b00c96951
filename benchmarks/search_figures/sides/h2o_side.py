"""H2O AutoML: models are stopped and sorted by log-loss. Its server starts before the clock."""

from __future__ import annotations

import zlib
from pathlib import Path

LABEL = "(label)"


def start(*, threads: int, folder: Path) -> None:
    import h2o
    from h2o.automl import H2OAutoML  # noqa: F401

    ice = folder / "ice"
    ice.mkdir()
    # a port of its own for each run: a server left by a killed one is never talked to
    port = 54_400 + 2 * (zlib.crc32(str(folder).encode()) % 2_000)
    h2o.init(nthreads=threads, max_mem_size="6G", ice_root=str(ice), bind_to_localhost=True, port=port)
    h2o.no_progress()


def frame_of(x, y=None):
    import h2o

    plain = x.astype({c: object for c in x.columns if x[c].dtype == "category"})
    types = {c: "enum" if x[c].dtype == "category" else "real" for c in x.columns}
    if y is not None:
        plain = plain.assign(**{LABEL: y})
        types[LABEL] = "enum"
    return h2o.H2OFrame(plain, column_types=types)


def fit(x, y, entity, *, seconds, threads, seed, folder):
    from h2o.automl import H2OAutoML

    train = frame_of(x, y)
    automl = H2OAutoML(
        max_runtime_secs=max(1, round(seconds)),
        seed=seed + 1,
        sort_metric="logloss",
        stopping_metric="logloss",
        project_name="rival",
    )
    automl.train(y=LABEL, training_frame=train)
    if automl.leader is None:
        raise SystemExit("it found no model")
    return automl


def probabilities(model, x):
    return model.leader.predict(frame_of(x)).as_data_frame(use_multi_thread=False)["p1"].to_numpy()


def save(model, folder: Path) -> Path:
    """H2O's own binary form: this version sells the portable one."""
    import h2o

    return Path(h2o.save_model(model.leader, path=str(folder / "model"), force=True))


def members(model) -> str:
    return str(model.leader.model_id)
