"""A list is frozen, approved by a second person, and leaves with a manifest that accounts for it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from workbench.config import Home
from workbench.errors import AwaitingApproval, DataError, UsageError
from workbench.files import read_json, sha256, write_json
from workbench.registry.models import ModelRef, resolve
from workbench.store import audit, open_store
from workbench.store.audiences import list_exports
from workbench.store.people import PRACTICE_APPROVER, PRACTICE_REQUESTER, put_user, seed_practice_users
from workbench.store.versions import VersionOrigin, add_version
from workbench.targeting import approval
from workbench.targeting.audience import (
    AudienceRecord,
    AudienceRequest,
    build_audience,
    changes,
    find_audience,
    list_audiences,
)
from workbench.targeting.experiment import arms
from workbench.targeting.export import export_list
from workbench.targeting.selection import Selection

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 9, tzinfo=UTC)
FACTS = {
    "name": "shop.response", "task": "shop/response", "kind": "response", "event_class": "yes", "entity": "id",
    "keys": ["id", "campaign"], "trained_by": "mo", "metrics": {}, "fingerprint": "f00d",
}  # fmt: skip


@pytest.fixture
def model(home: Home, monkeypatch: pytest.MonkeyPatch) -> ModelRef:
    """A registered version (its files, without the learners), real people and practice personas."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    store = open_store(home)

    def write(folder: Path) -> None:
        (folder / "artefact").mkdir()
        write_json(folder / "artefact" / "facts.json", FACTS)
        write_json(folder / "artefact" / "scorecard.json", {"points": 600})

    origin = VersionOrigin("shop.response", "shop/response", "response", "f00d", "mo", None, AT)
    add_version(store, origin, models=home.models, write=write)
    seed_practice_users(home, at=AT)
    for name, roles in {"ann": ["business"], "bob": ["approver"], "vic": ["viewer"]}.items():
        put_user(store, name, roles, who="root", at=AT)
    return resolve(home, "shop.response@1")


def scored(rows: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"{k:06d}" for k in range(rows)],
            "campaign": 7,
            "probability": [(k * 37 % 199) / 200 for k in range(rows)],
            "grade": ["ABCD"[k % 4] for k in range(rows)],
            "reason_1": ["=HYPERLINK(evil)", "-12.5", "近30天到访次数: 3", None] * (rows // 4),
        }
    )


def asked(model: ModelRef, **changed: object) -> AudienceRequest:
    base = AudienceRequest("spring", model, scored(), Selection(size=100), "2026-11-01")
    return dataclasses.replace(base, **changed)


def build(home: Home, model: ModelRef, who: str = "ann", **changed: object) -> AudienceRecord:
    return build_audience(home, asked(model, **changed), who=who, at=AT)


def released(
    home: Home, record: AudienceRecord, requester: str = "ann", approver: str = "bob"
) -> AudienceRecord:
    wish = approval.request(home, "list", record.id, who=requester, note="for spring", at=AT)
    approval.approve(home, wish.id, who=approver, at=LATER)
    return record


def test_a_list_is_frozen_with_its_funnel(home: Home, model: ModelRef) -> None:
    record = build(home, model, exclusions=["000001"])
    assert (record.id, record.new, record.folder) == ("spring@1", True, home.lists / "spring" / "1")
    assert read_json(record.folder / "manifest.json") == json.loads(json.dumps(record.manifest))
    members = record.members()
    assert len(members) == 100
    assert members["arm"].tolist() == arms(members["id"], holdout_share=0.1, salt="spring").tolist()
    funnel = record.funnel
    assert (funnel.scored, funnel.excluded, funnel.below_cut) == (200, 1, 99)
    assert funnel.held_out + funnel.final == 100
    assert record.manifest["rows"] == funnel.final
    assert record.manifest["scorecard_version"].startswith("1-")
    assert record.manifest["model_is_champion"] is False


def test_the_same_content_asked_twice_is_the_same_version(home: Home, model: ModelRef) -> None:
    first = build(home, model)
    again = build_audience(home, asked(model), who=PRACTICE_REQUESTER, at=LATER)
    assert (again.id, again.new, again.built_by, again.built_at) == (first.id, False, "ann", AT)
    other = build(home, model, selection=Selection(size=101))
    assert (other.id, other.new) == ("spring@2", True)
    elsewhere = build(home, model, name="autumn")
    assert elsewhere.id == "autumn@1"
    assert [r.id for r in list_audiences(home)] == ["autumn@1", "spring@1", "spring@2"]
    assert [p.name for p in sorted((home.lists / "spring").iterdir())] == ["1", "2"]
    assert changes(first, other) == {"stayed": 100, "joined": 1, "left": 0}


def test_the_same_person_is_in_the_same_arm_of_every_version(home: Home, model: ModelRef) -> None:
    first, second = (build(home, model, selection=Selection(size=n)) for n in (100, 150))
    both = first.members().merge(second.members(), on="id", suffixes=("", "_later"))
    assert len(both) == 100
    assert (both["arm"] == both["arm_later"]).all()


def test_a_size_that_cannot_be_met_is_said(home: Home, model: ModelRef) -> None:
    record = build(home, model, selection=Selection(size=500))
    assert (record.manifest["people"], record.manifest["short_by"]) == (200, 300)


def test_before_approval_nothing_leaves(home: Home, model: ModelRef, tmp_path: Path) -> None:
    record = build(home, model)

    def export() -> None:
        export_list(home, record.id, out=tmp_path / "out", who="ann", at=LATER)

    with pytest.raises(AwaitingApproval, match="WB-A20.*nobody has asked") as caught:
        export()
    assert caught.value.exit_code == 5
    wish = approval.request(home, "list", record.id, who="ann", at=AT)
    with pytest.raises(AwaitingApproval, match=f"request {wish.id} waits"):
        export()
    approval.reject(home, wish.id, who="bob", reason="too many", at=AT)
    with pytest.raises(AwaitingApproval, match="rejected by 'bob': too many"):
        export()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_the_file_and_its_manifest_agree(home: Home, model: ModelRef, tmp_path: Path, ending: str) -> None:
    record = released(home, build(home, model, filters=("consent for marketing",)))
    done = export_list(home, "spring", out=tmp_path / "out", file_format=ending, who="ann", at=LATER)
    assert done.file == tmp_path / "out" / f"spring-v1.{ending}"
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": pd.read_parquet}[ending]
    found = read(done.file, **({} if ending == "parquet" else {"dtype": {"id": str}}))
    members = record.members()
    contacts = members[members["arm"] == "contact"]
    assert found["id"].tolist() == contacts["id"].tolist()
    assert list(found.columns) == ["rank", "id", "campaign", "probability", "grade", "reason_1"]
    manifest = read_json(done.manifest_file)
    assert done.manifest_file.name == f"spring-v1.{ending}.manifest.json"
    expected = {
        "rows": len(contacts), "sha256": sha256(done.file), "model": "shop.response", "model_version": 1,
        "as_of": "2026-11-01", "requested_by": "ann", "approved_by": "bob", "approved_at": LATER.isoformat(),
        "holdout_share": 0.1, "mark": "", "filters": ["consent for marketing"], "exported_by": "ann",
        "scorecard_version": record.manifest["scorecard_version"],
    }  # fmt: skip
    assert expected.items() <= manifest.items()
    (line,) = list_exports(open_store(home), "spring", 1)
    assert (line["rows"], line["sha256"], line["practice"], line["who"]) == (
        len(contacts), sha256(done.file), False, "ann",
    )  # fmt: skip
    assert audit.lines(open_store(home), subject="list:spring@1")[0].action == "list.exported"


def test_a_spreadsheet_runs_nothing_from_a_csv(home: Home, model: ModelRef, tmp_path: Path) -> None:
    released(home, build(home, model, holdout_share=0.0))
    done = export_list(home, "spring", out=tmp_path / "a.csv", who="ann", at=LATER)
    texts = set(pd.read_csv(done.file, dtype=str)["reason_1"].dropna())
    assert texts == {"'=HYPERLINK(evil)", "-12.5", "近30天到访次数: 3"}
    assert done.file.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("builder", "requester", "approver", "exporter"),
    [
        (PRACTICE_REQUESTER, "ann", "bob", "ann"),
        ("ann", PRACTICE_REQUESTER, "bob", "ann"),
        ("ann", "ann", PRACTICE_APPROVER, "ann"),
        ("ann", "ann", "bob", PRACTICE_REQUESTER),
    ],
)
def test_one_practice_persona_marks_file_rows_and_manifest(
    home: Home, model: ModelRef, tmp_path: Path, builder: str, requester: str, approver: str, exporter: str
) -> None:
    released(home, build(home, model, who=builder), requester, approver)
    done = export_list(home, "spring", out=tmp_path / "spring.csv", who=exporter, at=LATER)
    assert done.file.name == "spring.PRACTICE.csv"
    assert set(pd.read_csv(done.file)["mark"]) == {"PRACTICE"}
    assert done.manifest["mark"] == "PRACTICE"


def test_exporting_twice_gives_the_same_bytes_and_two_lines_in_the_log(
    home: Home, model: ModelRef, tmp_path: Path
) -> None:
    released(home, build(home, model))
    first, second = (
        export_list(home, "spring", out=tmp_path / n, who="ann", at=LATER) for n in ("a.csv", "b.csv")
    )
    assert first.file.read_bytes() == second.file.read_bytes()
    assert len(list_exports(open_store(home), "spring", 1)) == 2


def test_members_changed_after_approval_do_not_leave(home: Home, model: ModelRef, tmp_path: Path) -> None:
    record = released(home, build(home, model))
    members = pd.read_parquet(record.folder / "members.parquet")
    members.head(5).to_parquet(record.folder / "members.parquet", index=False)
    with pytest.raises(DataError, match="WB-A21"):
        export_list(home, "spring", out=tmp_path / "a.csv", who="ann", at=LATER)
    assert not (tmp_path / "a.csv").exists()


def test_who_may_not_build_or_export(home: Home, model: ModelRef, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="WB-A02"):
        build(home, model, who="vic")
    released(home, build(home, model))
    for who, code in {"vic": "WB-A02", "zoe": "WB-A01"}.items():
        with pytest.raises(UsageError, match=code):
            export_list(home, "spring", out=tmp_path / "a.csv", who=who, at=LATER)


@pytest.mark.parametrize(("out", "file_format"), [("a.txt", None), ("a.csv", "xlsx"), ("folder", "pdf")])
def test_an_unknown_format_is_refused(
    home: Home, model: ModelRef, tmp_path: Path, out: str, file_format: str | None
) -> None:
    released(home, build(home, model))
    with pytest.raises(UsageError, match="WB-A22"):
        export_list(home, "spring", out=tmp_path / out, file_format=file_format, who="ann", at=LATER)


def test_unknown_lists_and_versions_are_answered_with_the_known_ones(home: Home, model: ModelRef) -> None:
    build(home, model)
    with pytest.raises(UsageError, match="WB-A11.*Did you mean 'spring'"):
        find_audience(home, "sprign")
    with pytest.raises(UsageError, match="WB-A12.*Known versions: 1"):
        find_audience(home, "spring@7")


def test_a_model_without_a_customer_column_asks_for_one(home: Home, model: ModelRef) -> None:
    facts = model.artefact / "facts.json"
    write_json(facts, {**FACTS, "entity": None, "keys": []})
    with pytest.raises(UsageError, match="WB-A13"):
        build(home, model)
    assert build(home, model, entity="id").manifest["entity"] == "id"
