"""A finished search becomes a model version: whole on disk and in our store first, then in MLflow."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.config import Home
from workbench.files import write_json, write_text
from workbench.registry.card import model_card
from workbench.registry.mirror import mirror_pending
from workbench.registry.models import check_name
from workbench.registry.record import Logged, RunRecord
from workbench.store import open_store
from workbench.store.versions import VersionOrigin, add_version, get_version


def log_training(home: Home, record: RunRecord) -> Logged:
    """Makes the next version of `record.artefact.facts.name` and copies it to MLflow.

    The version is safe before MLflow is asked: if that cannot be reached, `run_id` is None, `problem` says why, and
    `mirror_pending(home)` copies it later. Raises UsageError WB-R05 for a name that cannot be one.
    """
    facts = record.artefact.facts
    store = open_store(home)

    def write(folder: Path) -> None:
        record.artefact.save(folder / "artefact")
        write_json(folder / "run.json", record.as_dict())
        if record.files is not None:
            shutil.copytree(record.files, folder, dirs_exist_ok=True)

    def sign(folder: Path, version: int) -> None:
        write_text(folder / "report" / "model_card.md", model_card(facts, version=version))

    origin = VersionOrigin(
        name=check_name(facts.name),
        task=facts.task,
        kind=facts.kind,
        fingerprint=facts.fingerprint,
        trained_by=facts.trained_by,
        job_id=facts.job_id,
        created_at=record.ended_at,
    )
    row = add_version(store, origin, models=home.models, write=write, sign=sign)
    folder = home.models / row.name / str(row.version)
    mirror_pending(home)  # also what other runs could not bring there
    row = get_version(store, row.name, row.version) or row
    return Logged(row.version, folder, row.run_id, row.mlflow_version, row.mirror_problem)
