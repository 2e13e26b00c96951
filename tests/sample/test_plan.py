"""What may be asked for, and where it may lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.cli import main
from workbench.errors import UsageError
from workbench.sample.bank import write_bank
from workbench.sample.plan import BankPlan


def command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(SystemExit) as left:
        main(["sample", "bank", *arguments, "--json"])
    return int(left.value.code or 0), json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--customers", "99"], "WB-B01"),
        (["--customers", "9000001"], "WB-B01"),
        (["--customers", "500", "--months", "6"], "WB-B02"),
        (["--customers", "500", "--events-per-customer", "nan"], "WB-B03"),
        (["--customers", "500", "--seed", "-1"], "WB-B04"),
        (["--customers", "500", "--truth", "bank/truth"], "WB-B05"),
        (["--customers", "500", "--truth", "bank"], "WB-B05"),
        (["--customers", "500", "--truth", "."], "WB-B05"),
        (["--customers", "500", "--truth", "elsewhere/../bank/deep/down"], "WB-B05"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(
    arguments: list[str],
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    exit_code, told = command(*arguments, "--out", "bank", capsys=capsys)
    assert (exit_code, told["error"]["code"]) == (2, code)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "thesis.docx").write_text("three years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="WB-B06.*holds something that is not a simulated bank"):
        write_bank(BankPlan(customers=100), tmp_path / "bank")
    assert (tmp_path / "bank" / "thesis.docx").exists()
    with pytest.raises(UsageError, match="WB-B06"):
        write_bank(BankPlan(customers=100), tmp_path / "other", tmp_path / "bank")
    assert not (tmp_path / "other").exists()


def test_an_earlier_bank_is_replaced_and_the_answer_names_both_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for customers in ("300", "100"):
        exit_code, told = command(
            "--customers",
            customers,
            "--out",
            str(tmp_path / "bank"),
            "--events-per-customer",
            "20",
            capsys=capsys,
        )
        assert exit_code == 0
    assert told["rows"]["customers"] == 100
    assert told["truth"] == str(tmp_path / "bank_truth")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bank", "bank_truth"]


def test_the_number_of_events_follows_the_request(tmp_path: Path) -> None:
    report = write_bank(BankPlan(customers=2_000, events_per_customer=30, months=12), tmp_path / "bank")
    assert report.rows["app_events"] / 2_000 == pytest.approx(30, rel=0.15)
