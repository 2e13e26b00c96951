"""The command line keeps its contract: one JSON object, one sentence, the documented exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.cli import main


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


def failure(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code, out, err = run(*arguments, "--json", capsys=capsys)
    error = json.loads(out)["error"]
    assert set(error) == {"code", "message", "hint"}
    assert "Traceback" not in err
    return code, error


def test_help_names_the_purpose_and_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--help", capsys=capsys)
    assert code == 0
    assert "approved target list" in out.replace("\n  ", " ")
    for verb in (
        "demo",
        "check",
        "train",
        "score",
        "publish",
        "approve",
        "audience",
        "jobs",
        "app",
        "doctor",
    ):
        assert f"\n  {verb} " in out


def test_a_wrong_command_is_a_usage_error_also_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, error = failure("trane", capsys=capsys)
    assert (code, error["code"]) == (2, "WB-U01")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "wb_code"),
    [
        (["train", "some/task", "--budget", "soon"], 2, "WB-S01"),
        (["train", "some/task", "--budget", "1s"], 2, "WB-U31"),
        (["train", "nowhere.csv"], 2, "WB-U32"),
        (["train", "some/task", "--kind", "rsik"], 2, "WB-U33"),
        (["train", "some/task", "--workers", "0"], 2, "WB-U07"),
        (["score", "m", "f.csv"], 2, "WB-U08"),
        (["score", "m", "--out", "p.csv"], 2, "WB-U09"),
        (["score", "nobody", "f.csv", "--out", "p.csv"], 2, "WB-R01"),
        (["monitor", "m"], 2, "WB-U10"),
        (["approve", "seven"], 2, "WB-A08"),
        (["publish", "nothing"], 2, "WB-R01"),
        (["approve", "1", "--as", "nobody"], 2, "WB-A01"),
        (["jobs", "cancel", "none"], 2, "WB-J01"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_refused_says_so_with_a_stable_code(
    arguments: list[str], exit_code: int, wb_code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = failure(*arguments, "--home", str(tmp_path), capsys=capsys)
    assert (code, error["code"]) == (exit_code, wb_code), error
    assert error["message"].endswith((".", "!", "?"))


def test_doctor_prints_the_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("doctor", "--json", "--home", str(tmp_path), capsys=capsys)
    facts = {fact["name"]: fact for fact in json.loads(out)["facts"]}
    assert code == 0
    assert facts["home"]["value"] == str(tmp_path)


def test_the_command_line_and_the_package_load_no_vendor_library() -> None:
    heavy = [
        "pandas",
        "numpy",
        "mlflow",
        "duckdb",
        "streamlit",
        "lightgbm",
        "catboost",
        "shap",
        "flaml",
        "optuna",
        "dbos",
        "sklearn",
        "sqlalchemy",
    ]
    script = f"import sys, workbench, workbench.cli; print([m for m in {heavy!r} if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_a_foreign_folder_is_a_home_for_flat_tables(tmp_path: Path) -> None:
    """Train and score from any folder, as two separate commands would be typed."""
    rows = ["age;city;bought"] + [
        f"{20 + i % 50};{'AB'[i % 2]};{'yes' if (i * 7) % 50 < 20 else 'no'}" for i in range(200)
    ]
    (tmp_path / "my data.csv").write_text("\n".join(rows), encoding="utf-8")
    workbench = [sys.executable, "-m", "workbench"]
    root = str(Path(__file__).parents[2])
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": root, "HOME": str(tmp_path)}
    train = [
        *workbench,
        "train",
        "my data.csv",
        "--label",
        "bought",
        "--trials",
        "1",
        "--name",
        "m",
        "--json",
    ]
    trained = subprocess.run(train, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr
    told = json.loads(trained.stdout)
    assert {"run_id", "model", "version", "event_class", "metrics", "wall_seconds"} <= set(told)
    assert (told["model"], told["version"], told["event_class"]) == ("m", 1, "yes")
    score = [*workbench, "score", "m", "my data.csv", "--out", "p.csv", "--json"]
    scored = subprocess.run(score, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert scored.returncode == 0, scored.stderr
    assert len((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()) == 201
    assert (tmp_path / "mlruns" / "mlflow.db").exists()
