"""Copies a version to MLflow: one experiment per task, a parent run, a child per trial, a registered version.

Everything is read from the version's folder, so it does not matter whether it happens right after the training or
days later, when MLflow can be reached again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

import workbench
from workbench.config import Home
from workbench.files import read_json
from workbench.registry import models
from workbench.registry.card import model_card
from workbench.registry.facts import Facts
from workbench.registry.tracking import MirrorUnreachable, artifact_location, connected
from workbench.store import Store, approvals, open_store
from workbench.store import versions as version_rows
from workbench.store.versions import ModelVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.models import ModelSignature

MIRRORED = ("report", "tables", "plots", "explain", "config", "data", "logs")
LOCK_SECONDS = 60
_LOADING_NEEDS = (
    *("mlflow", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "lightgbm", "catboost", "xgboost-cpu"),
    *("sqlalchemy", "filelock", "openpyxl"),
)


@dataclass(frozen=True)
class _Job:
    """One version on its way to MLflow."""

    home: Home
    row: ModelVersion
    facts: Facts
    run: Mapping[str, Any]  # run.json
    folder: Path

    @property
    def ended_ms(self) -> int:
        return _milliseconds(self.run["ended_at"])

    @property
    def started_ms(self) -> int:
        return _milliseconds(self.run["started_at"])


def mirror_pending(home: Home, name: str | None = None) -> list[ModelVersion]:
    """Copies to MLflow every version that it has not got, oldest first, and brings its aliases up to date.

    Returns the versions that are still pending: empty when MLflow has everything. Never raises because of MLflow.
    """
    store = open_store(home)
    home.var.mkdir(parents=True, exist_ok=True)
    try:
        # one at a time: two that copy the same version would register it twice
        with FileLock(home.var / "mirror.lock", timeout=LOCK_SECONDS):
            _catch_up(home, store, name)
    except Timeout:
        why = "another process has been copying to MLflow for a minute"
        for row in version_rows.list_versions(store, name, pending=True):
            version_rows.note_mirror(store, row.name, row.version, problem=why)
    return version_rows.list_versions(store, name, pending=True)


def _catch_up(home: Home, store: Store, name: str | None) -> None:
    waiting = version_rows.list_versions(store, name, pending=True)
    for position, row in enumerate(waiting):
        try:
            with connected(home) as client:
                run_id, number = _mirror(client, _job(home, row))
            version_rows.note_mirror(store, row.name, row.version, run_id=run_id, mlflow_version=number)
        except MirrorUnreachable as exc:
            away = (
                exc.code == "WB-R10"
            )  # then the others need not be tried; else one bad version stops no other
            for later in waiting[position:] if away else [row]:
                version_rows.note_mirror(store, later.name, later.version, problem=exc.message)
            if away:
                return
    for each in [name] if name is not None else version_rows.names(store):
        if sync_aliases(home, each) is not None:
            return


def sync_aliases(home: Home, name: str) -> str | None:
    """Points MLflow's champion, previous and challenger where the ledger says. Returns why not, if it could not."""
    try:
        with connected(home) as client:
            _point_aliases(client, home, name)
    except MirrorUnreachable as exc:
        return exc.message
    return None


def _job(home: Home, row: ModelVersion) -> _Job:
    folder = home.models / row.name / str(row.version)
    return _Job(
        home,
        row,
        Facts.from_dict(read_json(folder / "artefact" / "facts.json")),
        read_json(folder / "run.json"),
        folder,
    )


def _mirror(client: MlflowClient, job: _Job) -> tuple[str, int]:
    experiment = _experiment(client, job.home, job.row.task)
    parent = client.create_run(
        experiment,
        start_time=job.started_ms,
        run_name=f"{job.row.name} v{job.row.version}",
        tags=_run_tags(job),
    )
    run_id = parent.info.run_id
    try:
        model = client.create_logged_model(
            experiment, name="model", source_run_id=run_id, model_type="workbench"
        )
        _log_numbers(client, job, run_id, model.model_id)
        for child in MIRRORED:
            if (job.folder / child).is_dir():
                client.log_artifacts(run_id, str(job.folder / child), child)
        _log_model(client, job, model, run_id)
        _log_trials(client, job, experiment, run_id)
        number = _register(client, job, model, run_id)
    except BaseException:
        client.delete_run(run_id)  # the next attempt makes it anew: half a run helps nobody
        raise
    client.set_terminated(run_id, "FINISHED", end_time=job.ended_ms)
    return run_id, number


def _experiment(client: MlflowClient, home: Home, task: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(task)
    if found is None:
        try:
            return client.create_experiment(task, artifact_location=artifact_location(home, task))
        except MlflowException as exc:
            # another process was quicker
            found = client.get_experiment_by_name(task)
            if found is None or exc.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def _run_tags(job: _Job) -> dict[str, str]:
    facts = job.facts
    return {
        "mlflow.user": facts.trained_by or "workbench",
        "mlflow.source.name": "workbench train",
        "model": job.row.name,
        "workbench_version": str(job.row.version),
        "kind": facts.kind,
        "event_class": facts.event_class,
        "fingerprint": facts.fingerprint,
        "seed": str(facts.seed),
        "period": facts.period,
        "trigger": job.run["trigger"],
        "job_id": facts.job_id or "",
        **job.run["tags"],
    }


def _log_numbers(client: MlflowClient, job: _Job, run_id: str, model_id: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param

    inputs, tested = [], {}
    for rows in job.run["inputs"]:
        dataset = Dataset(
            name=rows["name"],
            digest=rows["digest"][:36],
            source_type="workbench",
            source=json.dumps({"source": rows["source"] or job.row.task}),
            profile=json.dumps({"num_rows": rows["rows"]}),
        )
        inputs.append(DatasetInput(dataset, tags=[InputTag("mlflow.data.context", rows["context"])]))
        if rows["context"] == "testing":
            tested = {"dataset_name": dataset.name, "dataset_digest": dataset.digest}
    metrics = [
        Metric(key, value, job.ended_ms, 0, model_id=model_id, **(tested if key.startswith("test_") else {}))
        for key, value in job.run["metrics"].items()
    ]
    params = [Param(key, value) for key, value in job.run["params"].items()]
    if inputs:
        client.log_inputs(run_id, datasets=inputs)
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    client.log_batch(run_id, metrics=metrics, params=params[:100])


def _log_trials(client: MlflowClient, job: _Job, experiment: str, run_id: str) -> None:
    from mlflow.entities import Metric, Param

    for trial in job.run["trials"]:
        child = client.create_run(
            experiment,
            start_time=job.started_ms,
            run_name=f"trial {trial['trial']} {trial['params']['family']}".strip(),
            tags={"mlflow.parentRunId": run_id, "model": job.row.name},
        )
        client.log_batch(
            child.info.run_id,
            metrics=[Metric(k, v, job.ended_ms, 0) for k, v in trial["metrics"].items()],
            params=[Param(k, v) for k, v in list(trial["params"].items())[:100]],
        )
        client.set_terminated(child.info.run_id, "FINISHED", end_time=job.ended_ms)


def _log_model(client: MlflowClient, job: _Job, model: LoggedModel, run_id: str) -> None:
    import mlflow.pyfunc
    from mlflow.models import Model

    package = Path(workbench.__file__).parent
    columns = read_json(job.folder / "artefact" / "schema.json")["columns"]
    graded = (job.folder / "artefact" / "grades.json").is_file()
    signature, example = _signature(columns, graded=graded)
    with tempfile.TemporaryDirectory(prefix="workbench-model-") as scratch:
        target = Path(scratch) / "model"
        mlflow.pyfunc.save_model(
            target,
            python_model=str(package / "registry" / "pyfunc_model.py"),
            artifacts={"artefact": str(job.folder / "artefact")},
            code_paths=[str(package)],  # the model goes on scoring with the code it was trained with
            signature=signature,
            input_example=example,
            pip_requirements=_requirements(),
            metadata={"columns": {column["name"]: column["type"] for column in columns}},
            mlflow_model=Model(
                artifact_path=model.artifact_location,
                model_uuid=model.model_id,
                run_id=run_id,
                model_id=model.model_id,
            ),
        )
        client.log_model_artifacts(model.model_id, str(target))
    client.finalize_logged_model(model.model_id, "READY")


def _register(client: MlflowClient, job: _Job, model: LoggedModel, run_id: str) -> int:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(job.row.name)
    except MlflowException as exc:
        if exc.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(
        job.row.name,
        source=model.artifact_location,
        run_id=run_id,
        tags=_version_tags(job),
        description=model_card(job.facts, version=job.row.version),
        model_id=model.model_id,
    )
    return int(made.version)


def _version_tags(job: _Job) -> dict[str, str]:
    facts = job.facts
    return {
        "approval": "none",
        "workbench_version": str(job.row.version),
        "tier": facts.tier,
        "period": facts.period,
        "fingerprint": facts.fingerprint,
        "seed": str(facts.seed),
        "trigger": job.run["trigger"],
        "job_id": facts.job_id or "",
    }


def _signature(columns: list[dict[str, str]], *, graded: bool) -> tuple[ModelSignature, Any]:
    """Input and output columns, and two made-up rows: an example never shows a real customer."""
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec
    from mlflow.types.schema import AnyType

    made_up: dict[str, list[object]] = {
        "number": [1.0, 2.0],
        "date": [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-06-30")],
    }
    # Any: MLflow would refuse whole numbers for a double and dates written as text. The model reads and checks its
    # columns itself, the same way as a file that is scored; their types are in the model's metadata.
    inputs: list[ColSpec | TensorSpec] = [ColSpec(AnyType(), column["name"]) for column in columns]
    outputs: list[ColSpec | TensorSpec] = [ColSpec(DataType.double, "probability")]
    if graded:
        outputs.append(ColSpec(DataType.string, "grade"))
    example = pd.DataFrame({c["name"]: made_up.get(c["type"], ["example", "other"]) for c in columns})
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)), example


def _requirements() -> list[str]:
    pinned = []
    for package in _LOADING_NEEDS:
        try:
            pinned.append(f"{package}=={installed_version(package)}")
        except PackageNotFoundError:
            continue  # a family that is not installed is in no model of ours
    return pinned


def _point_aliases(client: MlflowClient, home: Home, name: str) -> None:
    """Aliases and approval tags as the store has them; MLflow's own numbers may differ from ours."""
    store = open_store(home)
    numbers = {
        row.version: row.mlflow_version
        for row in version_rows.list_versions(store, name)
        if row.mlflow_version is not None
    }
    if not numbers:
        return
    wanted = {alias: str(numbers[v]) for alias, v in models.aliases(home, name).items() if v in numbers}
    found = {k: str(v) for k, v in client.get_registered_model(name).aliases.items()}
    for alias in models.ALIASES:
        if alias in wanted and found.get(alias) != wanted[alias]:
            client.set_registered_model_alias(name, alias, wanted[alias])
        elif alias in found and alias not in wanted:
            client.delete_registered_model_alias(name, alias)
    tags = {int(v.version): v.tags for v in client.search_model_versions(f"name='{name}'")}
    for version, number in numbers.items():
        approval = approvals.of_subject(store, "model", name, version)
        if approval is not None and tags.get(number, {}).get("approval") != approval.status:
            client.set_model_version_tag(name, str(number), "approval", approval.status)


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
