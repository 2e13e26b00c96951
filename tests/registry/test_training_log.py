"""A finished search becomes a version: ours first, MLflow's mirror after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.registry.small_model import AT, customers, record_of
from workbench.config import Home
from workbench.errors import UsageError
from workbench.registry import (
    Artefact,
    Facts,
    aliases,
    load,
    log_training,
    mirror_pending,
    resolve,
    sync_aliases,
    versions,
)
from workbench.store import open_store
from workbench.store.approvals import Subject, approve, request
from workbench.store.people import PRACTICE_APPROVER, PRACTICE_REQUESTER, seed_practice_users

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mirrored(artefact: Artefact, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one logged and approved version, shared by the tests that only look."""
    home = Home(tmp_path_factory.mktemp("mirrored"))
    log_training(home, record_of(artefact, home.path / "files"))
    _approve(home, "shop.response", 1)
    return home


def _approve(home: Home, name: str, version: int) -> None:
    seed_practice_users(home, at=AT)
    store = open_store(home)
    asked = request(store, Subject("model", name, version), who=PRACTICE_REQUESTER, note="", at=AT)
    approve(store, asked.id, who=PRACTICE_APPROVER, reason="good", evidence={}, at=AT)
    assert sync_aliases(home, name) is None


def test_a_version_is_whole_on_disk_and_scores_the_same_bit_by_bit(
    mirrored: Home, artefact: Artefact
) -> None:
    ref = resolve(mirrored, "shop/response")
    assert (ref.name, ref.version) == ("shop.response", 1)
    names = {p.name for p in ref.artefact.iterdir()}
    assert names == {
        "facts.json", "schema.json", "ensemble", "scorecard.json", "grades.json", "reference.parquet",
    }  # fmt: skip
    assert (ref.report / "model_card.md").read_text().startswith("# shop.response, version 1")
    assert (ref.report / "gains.csv").read_text() == "depth,lift\n0.1,3.1\n"
    X, _ = customers(200, seed=3)
    again = load(mirrored, ref)
    assert again.facts == artefact.facts
    pd.testing.assert_frame_equal(again.score(X), artefact.score(X), check_exact=True)


def test_mlflow_has_one_parent_one_level_of_children_and_all_that_modelers_look_for(mirrored: Home) -> None:
    import mlflow

    row = versions(mirrored, "shop.response")[0]
    client = mlflow.MlflowClient(mirrored.tracking_uri)
    experiment = client.get_experiment_by_name("shop/response")
    assert experiment.artifact_location == (mirrored.mlruns / "artifacts" / "shop_response").as_uri()
    runs = client.search_runs([experiment.experiment_id], max_results=100)
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert [run.info.run_id for run in parents] == [row.run_id]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == row.run_id]
    assert len(children) == 20
    best = next(run for run in children if run.info.run_name == "trial 0 lightgbm")
    assert best.data.metrics == {
        "cv_auc": 0.8,
        "cv_logloss": 0.4,
        "trial_seconds": 1.0,
        "blend_weight": 0.0,
    }
    assert best.data.params == {"config": "num_leaves=0", "family": "lightgbm"}
    assert {run.info.status for run in runs} == {"FINISHED"}
    parent = client.get_run(row.run_id)
    assert parent.data.metrics == {"test_auc": 0.81, "test_ks": 0.5, "cv_auc": 0.8, "card_auc": 0.79}
    assert parent.data.params == {"search_seed": "1", "search_trials": "1", "split_kind": "out_of_time"}
    contexts = [[tag.value for tag in item.tags] for item in parent.inputs.dataset_inputs]
    assert sorted(contexts) == [["testing"], ["training"]]
    assert {item.path for item in client.list_artifacts(row.run_id)} == {"report", "plots"}
    (model,) = parent.outputs.model_outputs
    logged = client.get_logged_model(model.model_id)
    tested = {m.key: m.dataset_digest for m in logged.metrics}
    assert (tested["test_auc"], tested["cv_auc"]) == ("fedcba9876543210", None)


def test_the_registered_version_has_card_tags_and_aliases(mirrored: Home) -> None:
    import mlflow

    client = mlflow.MlflowClient(mirrored.tracking_uri)
    version = client.get_model_version_by_alias("shop.response", "champion")
    assert version.description.startswith("# shop.response, version 1")
    assert "how likely a customer is to respond" in version.description
    wanted = {
        "approval": "approved",
        "period": "2017-04-01..2017-10-01",
        "fingerprint": "0123456789abcdef",
        "seed": "1",
        "trigger": "manual",
    }
    assert wanted.items() <= version.tags.items()


def test_the_example_is_made_up_and_the_signature_names_every_column(mirrored: Home) -> None:
    import mlflow

    signature = mlflow.models.Model.load(_files_of(mirrored)).signature
    assert [c.name for c in signature.inputs] == ["visits", "城市", "joined"]
    metadata = mlflow.models.Model.load(_files_of(mirrored)).metadata
    assert metadata["columns"] == {"visits": "number", "城市": "category", "joined": "date"}
    assert [c.name for c in signature.outputs] == ["probability", "grade"]
    example = json.loads((Path(_files_of(mirrored)) / "input_example.json").read_text())
    assert example["data"][0] == [1.0, "example", "2020-01-01T00:00:00"]


def test_no_file_of_the_model_is_a_pickle(mirrored: Home) -> None:
    endings = {p.suffix for p in Path(_files_of(mirrored)).rglob("*") if p.is_file()}
    assert not endings & {".pkl", ".pickle", ".joblib", ".cloudpickle"}
    assert any("==" in line for line in (Path(_files_of(mirrored)) / "requirements.txt").read_text().split())


def _files_of(home: Home) -> str:
    (found,) = (home.mlruns / "artifacts").rglob("MLmodel")
    return str(found.parent)


def test_a_clean_process_loads_the_champion_from_mlflow_and_scores_the_same(
    mirrored: Home, artefact: Artefact, tmp_path: Path
) -> None:
    X, _ = customers(50, seed=11)
    X.to_parquet(tmp_path / "rows.parquet")
    program = (
        "import sys, mlflow, pandas as pd\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model('models:/shop.response@champion')\n"
        "model.predict(pd.read_parquet(sys.argv[2])).to_parquet(sys.argv[3])\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}  # the model brings its own code
    done = subprocess.run(
        [sys.executable, "-c", program, mirrored.tracking_uri, "rows.parquet", "scored.parquet"],
        cwd=tmp_path,
        env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "scored.parquet"), artefact.score(X), check_exact=True
    )


def test_whole_numbers_dates_as_text_and_missing_values_are_read_as_in_training(
    mirrored: Home, artefact: Artefact
) -> None:
    import mlflow

    X, _ = customers(20, seed=5)
    plain = X.assign(visits=X["visits"].fillna(0))
    plain.loc[3, "城市"] = None
    odd = plain.assign(visits=plain["visits"].astype("int64"), joined=plain["joined"].dt.strftime("%Y-%m-%d"))
    model = mlflow.pyfunc.load_model(_files_of(mirrored))
    found = model.predict(odd)["probability"].to_numpy()
    assert np.array_equal(found, artefact.score(plain)["probability"].to_numpy())


def test_mlflow_names_a_missing_column(mirrored: Home) -> None:
    import mlflow

    X, _ = customers(5)
    model = mlflow.pyfunc.load_model(_files_of(mirrored))
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs.*visits"):
        model.predict(X.drop(columns="visits"))


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9", "postgresql://ann:secret@127.0.0.1:9/x", "sqlite:////proc/none/mlflow.db"],
)
def test_mlflow_being_away_loses_nothing_and_costs_less_than_five_seconds(
    home: Home, artefact: Artefact, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    started = time.monotonic()
    logged = log_training(home, record_of(artefact, home.path / "files"))
    assert time.monotonic() - started < 5
    assert (logged.version, logged.run_id, logged.mlflow_version) == (1, None, None)
    assert logged.problem is not None
    assert "secret" not in logged.problem
    assert load(home, "shop.response").facts == artefact.facts
    assert [row.version for row in mirror_pending(home)] == [1]


def test_what_was_pending_is_mirrored_later_in_order_with_its_aliases(
    home: Home, artefact: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    for _ in range(2):
        log_training(home, record_of(artefact, home.path / "files", trials=1))
    seed_practice_users(home, at=AT)
    store = open_store(home)
    asked = request(store, Subject("model", "shop.response", 1), who=PRACTICE_REQUESTER, note="", at=AT)
    approve(store, asked.id, who=PRACTICE_APPROVER, reason="good", evidence={}, at=AT)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert mirror_pending(home) == []
    assert mirror_pending(home) == []  # a second time finds nothing to do
    client = mlflow.MlflowClient(home.tracking_uri)
    assert len(client.search_model_versions("name='shop.response'")) == 2
    found = client.get_registered_model("shop.response").aliases
    assert {k: str(v) for k, v in found.items()} == {"champion": "1", "challenger": "2"}
    assert aliases(home, "shop.response") == {"champion": 1, "challenger": 2}
    assert all(row.run_id for row in versions(home))


def test_a_broken_mlflow_file_is_a_pending_mark_too(home: Home, artefact: Artefact) -> None:
    home.mlruns.mkdir(parents=True)
    (home.mlruns / "mlflow.db").write_text("this is no database, and long enough to be read as one" * 100)
    logged = log_training(home, record_of(artefact, home.path / "files"))
    assert logged.run_id is None
    assert "not a database" in str(logged.problem)


def test_one_version_that_cannot_be_mirrored_stops_no_other(
    home: Home, artefact: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    for _ in range(2):
        log_training(home, record_of(artefact, home.path / "files", trials=1))
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    facts = home.models / "shop.response" / "1" / "artefact" / "facts.json"
    aside = facts.rename(facts.with_suffix(".aside"))
    (left,) = mirror_pending(home)
    assert (left.version, "facts.json" in str(left.mirror_problem)) == (1, True)
    aside.rename(facts)
    assert mirror_pending(home) == []
    client = mlflow.MlflowClient(home.tracking_uri)
    found = {v.tags["workbench_version"]: int(v.version) for v in client.search_model_versions()}
    assert found == {"1": 2, "2": 1}  # MLflow counts by arrival; the tag says whose it is
    assert client.get_model_version_by_alias("shop.response", "challenger").tags["workbench_version"] == "2"


def test_half_a_run_is_taken_back_from_mlflow(
    home: Home, artefact: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def refuse(*_: object, **__: object) -> None:
        raise mlflow.exceptions.MlflowException("no room for models")

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, "log_model_artifacts", refuse)
        logged = log_training(home, record_of(artefact, home.path / "files", trials=1))
    assert logged.run_id is None
    assert "no room for models" in str(logged.problem)
    client = mlflow.MlflowClient(home.tracking_uri)
    experiment = client.get_experiment_by_name("shop/response")
    assert client.search_runs([experiment.experiment_id]) == []
    assert mirror_pending(home) == []
    assert len(client.search_runs([experiment.experiment_id])) == 2


def test_logging_says_nothing_on_the_terminal_and_leaves_nothing_in_the_current_folder(
    artefact: Artefact, tmp_path: Path
) -> None:
    artefact.save(tmp_path / "art")
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.registry.small_model import record_of\n"
        "from workbench.config import Home; from workbench.registry import Artefact, log_training\n"
        "home = Home(Path(sys.argv[1]))\n"
        "logged = log_training(home, record_of(Artefact.load(Path(sys.argv[2])), home.path / 'files'))\n"
        "assert logged.run_id, logged.problem\n"
    )
    here = tmp_path / "here"
    here.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "home"), str(tmp_path / "art")],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a/b", "a:b", ".hidden", "x" * 151, "a@1", "..", "a\nb"])
def test_a_name_that_cannot_be_a_folder_and_a_model_is_refused(
    home: Home, artefact: Artefact, name: str
) -> None:
    with pytest.raises(UsageError, match="WB-R05"):
        log_training(home, record_of(artefact, home.path / "files", name=name))


def test_facts_survive_json(artefact: Artefact) -> None:
    assert Facts.from_dict(json.loads(json.dumps(artefact.facts.as_dict()))) == artefact.facts
