"""H2O AutoML: models are stopped and sorted by log-loss. Its server starts before the clock."""

from __future__ import annotations

from pathlib import Path

LABEL = "(label)"


def start(*, threads: int, folder: Path) -> None:
    import h2o
    from h2o.automl import H2OAutoML  # noqa: F401

    h2o.init(nthreads=threads, max_mem_size="6G", ice_root=str(folder / "ice"), log_dir=str(folder / "ice"), bind_to_localhost=True, port=54_400 + folder_port(folder))  # fmt: skip
    h2o.no_progress()


def folder_port(folder: Path) -> int:
    """A port of its own for each run, so that a server left by a killed run is never talked to."""
    return 2 * (hash_of(str(folder)) % 2_000)


def hash_of(text: str) -> int:
    import zlib

    return zlib.crc32(text.encode())


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
        max_runtime_secs=seconds,
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
    return Path(model.leader.download_mojo(path=str(folder)))


def members(model) -> str:
    return str(model.leader.model_id)
