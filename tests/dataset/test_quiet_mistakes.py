"""Mistakes that nothing would trip over: each is told by `check`, or cannot be made."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from workbench.config import Home
from workbench.dataset.build import build_training_frame
from workbench.dataset.checks import check_dataset
from workbench.tables.findings import CheckReport
from workbench.tables.read import read_table

TABLES = """
entity: cid
observed_from: 2024-01-01
observed_until: 2025-01-01
tables:
  customers: {source: customers.csv, key: cid}
  tx: {source: tx.csv, event_time: at}
"""
FEATURES = """
n: {from: tx, aggregate: count, windows: [30d, 90d]}
age: {attribute: customers.age}
"""
LABELS = """
quiet:
  kind: churn
  cutoffs: {every: 1mo, from: 2024-05-01, to: 2024-11-01}
  eligible: {any_in: tx, within: 90d}
  outcome: {none_in: tx, within: 30d}
"""


def home(
    folder: Path, *, tables: str = "", features: str = FEATURES, labels: str = LABELS, **files: str
) -> Home:
    """Eighty customers and their payments of a year; `tables` are further ones."""
    rng = random.Random(2)
    definitions = folder / "feature_defs" / "d"
    definitions.mkdir(parents=True)
    ids = [f"{n:05d}" for n in range(80)]
    days = [
        (i, datetime(2024, 1, 1) + timedelta(minutes=rng.randrange(366 * 1440)))
        for i in ids
        for _ in range(12)
    ]
    files = {
        "customers.csv": "\n".join(["cid,age", *(f"{i},{rng.randrange(20, 70)}" for i in ids)]),
        "tx.csv": "\n".join(["cid,at,amount", *(f"{i},{d:%Y-%m-%d %H:%M:%S},{rng.uniform(1, 9):.2f}" for i, d in days)]),
        "tables.yaml": TABLES + tables,
        "features.yaml": features,
        "labels.yaml": labels,
        **{name.replace("_", "."): text for name, text in files.items()},
    }  # fmt: skip
    for name, text in files.items():
        (definitions / name).write_text(text, encoding="utf-8")
    return Home(folder)


def told(report: CheckReport, code: str) -> list[tuple[str, str]]:
    return [(f.severity, f.message) for f in report.findings if f.code == code]


def test_clean_tables_are_told_none_of_these(tmp_path: Path) -> None:
    report = check_dataset(home(tmp_path), "d")
    assert not {"WB-T36", "WB-T51", "WB-L12"} & {f.code for f in report.findings}
    assert report.ok


def test_two_clocks_in_one_dataset_are_told(tmp_path: Path) -> None:
    calls = "\n".join(
        ["cid,at", *(f"{n:05d},2024-02-{d:02d}T03:00:00+08:00" for n in range(80) for d in (3, 9))]
    )
    made = home(tmp_path, tables="  calls: {source: calls.csv, event_time: at}\n", calls_csv=calls)
    ((severity, message),) = told(check_dataset(made, "d"), "WB-T51")
    assert severity == "warn"
    assert "'calls'" in message and "'tx'" in message
    mended = home(
        tmp_path / "mended",
        tables="  calls: {source: calls.csv, event_time: at, time_zone: Asia/Shanghai}\n",
        calls_csv=calls,
    )
    assert told(check_dataset(mended, "d"), "WB-T51") == []


def test_ids_in_full_width_signs_are_the_same_customers(tmp_path: Path) -> None:
    made = home(tmp_path)
    plain = build_training_frame(made, "d/quiet")
    wide = home(tmp_path / "wide")
    path = wide.feature_defs / "d" / "tx.csv"
    full = str.maketrans("0123456789", "０１２３４５６７８９")
    lines = path.read_text(encoding="utf-8").splitlines()
    mixed = [x if n % 2 == 0 else x[:5].translate(full) + x[5:] for n, x in enumerate(lines)]
    path.write_text("\n".join(mixed), encoding="utf-8")
    same = build_training_frame(wide, "d/quiet")
    assert replace(same, sources={}).rows.equals(replace(plain, sources={}).rows)
    (shown,) = [c for c in read_table(path).columns if c.name == "cid"]
    assert shown.changed
    assert shown.examples[0].before.translate({v: k for k, v in full.items()}) == shown.examples[0].after


def test_words_in_full_width_signs_stay(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n（上海）１２３路,Ａ－７\nＶＩＰ,x-1\n", encoding="utf-8")
    frame = read_table(tmp_path / "t.csv").frame
    assert frame["a"].tolist() == ["（上海）１２３路", "ＶＩＰ"]
    assert frame["b"].tolist() == ["A-7", "x-1"]


def test_a_name_over_two_columns_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,a,a\n1,2,3\n4,5,6\n", encoding="utf-8")
    assert "2 columns are called 'a': the later ones are 'a.2' here." in read_table(tmp_path / "t.csv").notes


def test_an_error_in_a_definition_does_not_hide_the_tables(tmp_path: Path) -> None:
    report = check_dataset(home(tmp_path, features="n: {from: txx, aggregate: count, windows: [30d]}\n"), "d")
    assert [f.code for f in report.findings if f.severity == "stop"] == ["WB-T05"]
    assert {p.name for p in report.tables} == {"customers", "tx"}
