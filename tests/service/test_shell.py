"""What a person at a terminal reads, verb by verb, on the way from a model to a released list and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.cli import main
from workbench.service import TrainRequest, Workbench


@pytest.fixture
def shell(trained: Workbench, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--home", str(trained.home.path)])
        told = capsys.readouterr()
        assert left.value.code == code, told.err
        return told.out

    return run


def test_every_verb_of_the_way_speaks_to_a_person(
    shell, trained: Workbench, tables: Path, tmp_path: Path
) -> None:
    asks = trained.people.practice()[0].name
    request = TrainRequest(
        file=str(tables / "train.csv"), label="answered", name="spoken", trials=1, user=asks
    )
    for _ in range(2):
        trained.runs.train_here(request)
        number = shell("publish", "spoken").split()[0]
        assert shell("approve", number, "--as", "li.approver") == f"{number}: approved\n"
    assert "version 1 is live again" in shell("rollback", "spoken", "--reason", "try", "--as", "li.approver")
    new = str(tables / "new.csv")
    assert "300 rows scored by spoken version 1" in shell(
        "score", "spoken", new, "--out", str(tmp_path / "p.csv")
    )
    assert "card.csv" in shell("scorecard", "spoken", "--out", str(tmp_path / "card")).replace(
        "scorecard.csv", "card.csv"
    )
    assert "PSI" in shell("monitor", "spoken", "--file", new)
    assert "workbench publish told@1" in shell(
        "audience", "build", "spoken", "--file", new, "--size", "30", "--name", "told"
    )
    assert "told@1" in shell("audience", "show")
    assert "state: draft" in shell("audience", "show", "told@1")
    number = shell("publish", "told@1").split()[0]
    assert shell("reject", number, "--reason", "too few", "--as", "li.approver") == f"{number}: rejected\n"
    number = shell("publish", "told@1").split()[0]
    shell("approve", number, "--as", "li.approver")
    assert "PRACTICE.csv" in shell("audience", "export", "told@1", "--out", str(tmp_path))
    assert "no job yet" in shell("jobs", "list")
    assert "worker: none running" in shell("doctor")
