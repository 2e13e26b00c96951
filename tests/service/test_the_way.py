"""The whole way of a flat table: train, score, publish, list, release; and what is refused on it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from workbench.errors import AwaitingApproval, DataError, UsageError
from workbench.files import sha256
from workbench.service import ListRequest, TrainRequest, Workbench


def test_a_run_reports_what_it_was_judged_by(trained: Workbench) -> None:
    report = trained.models.report("answers")
    assert report.summary["event_class"] == "yes"
    assert 0.6 < report.evaluation["metrics"]["auc"] <= 1
    assert len(report.gains) == 100 or len(report.gains) == 101
    assert set(report.grades["grade"]) <= set("ABCD")
    assert report.importance["feature"].iloc[0] in ("debt", "town")
    assert {"beeswarm", "waterfall", "gain_curve"} <= set(report.plots)


def test_scores_keep_row_order_and_identifiers(trained: Workbench, tables: Path, tmp_path: Path) -> None:
    done = trained.scores.file(
        "answers", tables / "new.csv", out=tmp_path / "p.csv", reasons="top:10", card=True
    )
    scored = pd.read_csv(tmp_path / "p.csv", dtype={"customer no": str})
    assert done["rows"] == len(scored) == 300
    assert list(scored["customer no"]) == [f"{i:06d}" for i in range(300)]
    assert scored["probability"].between(0, 1).all()
    assert scored["reason_1"].notna().sum() == 10
    assert set(scored.nlargest(10, "probability").index) == set(scored.index[scored["reason_1"].notna()])
    assert {"card_points", "card_probability", "grade"} <= set(scored.columns)


def test_scoring_the_same_rows_in_parts_gives_the_same_scores(
    trained: Workbench, tables: Path, tmp_path: Path
) -> None:
    rows = pd.read_csv(tables / "new.csv", dtype=str)
    rows.iloc[:120].to_csv(tmp_path / "a.csv", index=False)
    rows.iloc[120:].to_csv(tmp_path / "b.csv", index=False)
    for name in ("a", "b"):
        trained.scores.file("answers", tmp_path / f"{name}.csv", out=tmp_path / f"{name}.parquet")
    trained.scores.file("answers", tables / "new.csv", out=tmp_path / "whole.parquet")
    parts = pd.concat(
        [pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("a", "b")], ignore_index=True
    )
    pd.testing.assert_series_equal(
        parts["probability"], pd.read_parquet(tmp_path / "whole.parquet")["probability"]
    )


def test_a_list_leaves_only_after_a_second_person_said_yes(
    trained: Workbench, tables: Path, tmp_path: Path
) -> None:
    asks, _, decides = (user.name for user in trained.people.practice())
    request = ListRequest(
        model="answers", file=tables / "new.csv", share=0.5, holdout_share=0.2, name="spring", user=asks
    )
    made = trained.lists.build(request)
    assert trained.lists.build(request).id == made.id, "the same content is the same list"
    with pytest.raises(AwaitingApproval) as refused:
        trained.lists.export(made.id, user=asks, out=tmp_path)
    assert refused.value.exit_code == 5
    release = trained.approvals.request(made.id, user=asks)
    with pytest.raises(UsageError, match="WB-A05"):
        trained.approvals.approve(release.id, user=asks)
    trained.approvals.approve(release.id, user=decides)
    left = trained.lists.export(made.id, user=asks, out=tmp_path)
    manifest = json.loads(Path(left["manifest_file"]).read_text(encoding="utf-8"))
    contacts = pd.read_csv(left["file"], dtype=str)
    assert manifest["rows"] == len(contacts) == made.rows
    assert manifest["sha256"] == sha256(Path(left["file"]))
    assert (manifest["requested_by"], manifest["approved_by"]) == (asks, decides)
    assert manifest["mark"] == "PRACTICE" and "PRACTICE" in Path(left["file"]).name
    assert made.funnel["scored"] == 300
    assert made.funnel["below_cut"] + made.funnel["held_out"] + made.funnel["final"] == 300


def test_a_model_goes_live_by_approval_and_back_by_rollback(trained: Workbench, tables: Path) -> None:
    asks, _, decides = (user.name for user in trained.people.practice())
    request = TrainRequest(
        file=str(tables / "train.csv"), label="answered", name="rolling", trials=1, user=asks
    )
    for seed in (0, 1):
        trained.runs.train_here(TrainRequest(**{**request.as_dict(), "seed": seed, "known_after_event": ()}))
        release = trained.approvals.request("rolling", user=asks)
        trained.approvals.approve(release.id, user=decides)
    assert trained.models.champion("rolling") == 2
    with pytest.raises(UsageError, match="WB-A02"):
        trained.models.rollback("rolling", user=asks, reason="no approver")
    trained.models.rollback("rolling", user=decides, reason="too many complaints")
    assert trained.models.champion("rolling") == 1
    assert [line.action for line in trained.models.history("rolling")] == ["promote", "promote", "rollback"]


def test_monitoring_finds_a_shift_and_keeps_quiet_without_one(
    trained: Workbench, tables: Path, tmp_path: Path
) -> None:
    steady = trained.schedules.monitor("answers", file=tables / "new.csv")
    assert steady.exit_code == 0
    shifted = pd.read_csv(tables / "new.csv", dtype={"customer no": str}).assign(
        town="北京", debt=lambda t: t["debt"] * 3
    )
    shifted.to_csv(tmp_path / "shifted.csv", index=False)
    report = trained.schedules.monitor("answers", file=tmp_path / "shifted.csv")
    assert report.exit_code == 4
    assert {c["column"] for c in report.columns if c["state"] == "alert"} >= {"(score)", "town", "debt"}


def test_the_scorecard_leaves_as_files_that_exist(trained: Workbench, tmp_path: Path) -> None:
    made = trained.models.export_scorecard("answers", tmp_path / "card")
    endings = {Path(file).suffix for file in made["files"]}
    assert {".json", ".csv", ".sql", ".xlsx", ".pmml", ".md"} <= endings
    assert all(Path(file).stat().st_size for file in made["files"])


def test_a_column_that_gives_the_outcome_away_cannot_go_live(
    trained: Workbench, tables: Path, tmp_path: Path
) -> None:
    rows = pd.read_csv(tables / "train.csv", dtype={"customer no": str})
    rows["call seconds"] = (rows["answered"] == "yes") * 100 + rows["quiet"]
    rows.to_csv(tmp_path / "leaky.csv", index=False)
    asks = trained.people.practice()[0].name
    run = trained.runs.train_here(
        TrainRequest(file=str(tmp_path / "leaky.csv"), label="answered", trials=1, user=asks)
    )
    assert any("call seconds" in warning for warning in run["warnings"])
    from workbench.errors import GateFailed

    with pytest.raises(GateFailed, match="WB-R30"):
        trained.approvals.request("leaky", user=asks)


def test_a_column_of_names_that_now_holds_numbers_is_refused(
    trained: Workbench, tables: Path, tmp_path: Path
) -> None:
    rows = pd.read_csv(tables / "new.csv", dtype={"customer no": str})
    rows.assign(town=5).to_csv(tmp_path / "numbers.csv", index=False)
    with pytest.raises(DataError, match="WB-P03") as refused:
        trained.scores.file("answers", tmp_path / "numbers.csv", out=tmp_path / "p.csv")
    assert "'town'" in refused.value.message and not (tmp_path / "p.csv").exists()


def test_what_the_model_never_saw_is_told(trained: Workbench, tables: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(tables / "new.csv", dtype={"customer no": str})
    rows.assign(town="Lyon", debt=None).to_csv(tmp_path / "strange.csv", index=False)
    done = trained.scores.file("answers", tmp_path / "strange.csv", out=tmp_path / "p.csv")
    assert any("'town'" in note and "ever seen" in note for note in done["notes"])
    assert any("'debt'" in note and "empty" in note for note in done["notes"])


def test_scores_never_replace_the_table_that_they_are_for(trained: Workbench, tables: Path) -> None:
    before = (tables / "new.csv").read_bytes()
    with pytest.raises(UsageError, match="WB-U13"):
        trained.scores.file("answers", tables / "new.csv", out=tables / "new.csv")
    assert (tables / "new.csv").read_bytes() == before


@pytest.mark.parametrize(("out", "code"), [("p.doc", "WB-P32"), ("file/p.csv", "WB-U14"), (".", "WB-P32")])
def test_an_output_that_cannot_be_is_refused_before_the_work(
    trained: Workbench, tables: Path, tmp_path: Path, out: str, code: str
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(UsageError, match=code):
        trained.scores.file("answers", tables / "new.csv", out=tmp_path / out)


def test_a_model_and_a_list_of_one_name_can_both_be_published(trained: Workbench, tables: Path) -> None:
    asks = trained.people.practice()[0].name
    made = trained.lists.build(
        ListRequest(model="answers", file=tables / "new.csv", size=20, name="answers", user=asks)
    )
    with pytest.raises(UsageError, match="WB-A30") as refused:
        trained.approvals.request("answers", user=asks)
    assert "model:answers" in refused.value.hint and "list:answers" in refused.value.hint
    assert trained.approvals.request(f"list:{made.id}", user=asks).approval.subject_kind == "list"
    assert trained.approvals.request("model:answers", user=asks).approval.subject_kind == "model"


def test_without_a_name_the_list_is_not_called_like_its_model(trained: Workbench, tables: Path) -> None:
    asks = trained.people.practice()[0].name
    made = trained.lists.build(ListRequest(model="answers", file=tables / "new.csv", size=10, user=asks))
    assert made.name == "answers.list"


def test_a_model_takes_its_name_from_an_awkward_file_name() -> None:
    def named(file: str) -> str:
        return TrainRequest(file=file, label="y").model_name

    assert named("/data/O'Neil 2025.csv.gz") == "O_Neil 2025"
    assert named("sales.2025-01.csv") == "sales.2025-01"
    with pytest.raises(UsageError, match="WB-R05"):
        TrainRequest(file="a.csv", label="y", name="../evil")
