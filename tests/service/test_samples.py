"""A simulated bank through the one door, and a home whose data is not on every machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.errors import DataError
from workbench.service import Workbench

DEFINITIONS = Path(__file__).parents[2] / "feature_defs" / "sample_bank"


@pytest.fixture
def home(tmp_path: Path) -> Workbench:
    shutil.copytree(DEFINITIONS, tmp_path / "home" / "feature_defs" / "sample_bank")
    return Workbench.open(tmp_path / "home")


def test_a_dataset_whose_data_is_elsewhere_is_not_on_offer_but_check_says_why(home: Workbench) -> None:
    assert home.data.list() == []
    report = home.data.check("sample_bank")
    assert not report.ok
    assert {f.code for f in report.findings if f.severity == "stop"} >= {"WB-T03"}


def test_the_bank_is_on_offer_once_it_is_simulated(
    home: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "data"))
    assert home.data.list() == []
    made = home.samples.bank(customers=150, events_per_customer=20, out=tmp_path / "data" / "sample_bank")
    (summary,) = home.data.list()
    assert {t.name: t.rows for t in summary.tables} == {t.name: made.rows[t.name] for t in summary.tables}
    assert summary.tables[0].rows == 150


def test_a_file_that_is_missing_beside_the_definition_is_an_error(home: Workbench) -> None:
    tables = home.home.feature_defs / "sample_bank" / "tables.yaml"
    tables.write_text(
        tables.read_text(encoding="utf-8").replace("${WORKBENCH_DATA}/sample_bank/", ""), encoding="utf-8"
    )
    with pytest.raises(DataError, match="WB-T03"):
        home.data.list()
