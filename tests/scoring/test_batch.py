"""Scoring keeps the rows and their order, and writes whole files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.registry.small_model import customers
from workbench.errors import UsageError
from workbench.registry.artefact import Artefact
from workbench.scoring.batch import score_frame, write_scored


def rows(n: int = 120) -> tuple[pd.DataFrame, pd.DataFrame]:
    X, _ = customers(n, seed=21)
    return pd.DataFrame({"customer_id": [f"{k:05d}" for k in range(n)]}), X


def test_rows_keep_their_order_and_keys(artefact: Artefact) -> None:
    keys, X = rows()
    scored = score_frame(artefact, keys, X)
    assert list(scored.columns) == ["customer_id", "probability", "grade"]
    assert scored["customer_id"].tolist() == keys["customer_id"].tolist()
    assert np.array_equal(scored["probability"], artefact.ensemble.predict_proba(X))
    shuffled = np.random.default_rng(0).permutation(len(X))
    again = score_frame(artefact, keys.iloc[shuffled], X.iloc[shuffled])
    pd.testing.assert_frame_equal(again, scored.iloc[shuffled].reset_index(drop=True), check_exact=True)


def test_scoring_in_parts_equals_scoring_whole(artefact: Artefact) -> None:
    keys, X = rows()
    whole = score_frame(artefact, keys, X, card=True)
    parts = [score_frame(artefact, keys[a:b], X[a:b], card=True) for a, b in [(0, 1), (1, 50), (50, 120)]]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_exact=True)


def test_the_top_rows_get_reasons_and_the_others_none(artefact: Artefact) -> None:
    keys, X = rows()
    scored = score_frame(artefact, keys, X, reasons="top:10")
    told = scored["reason_1"].notna()
    best = scored["probability"].nlargest(10).index
    assert set(scored.index[told]) <= set(best)
    assert told.sum() >= 5
    first = scored.loc[best[0]]
    assert "visits in the last 30 days" in str(first[["reason_1", "reason_2", "reason_3"]].tolist())
    all_of_them = score_frame(artefact, keys, X, reasons="all")
    pd.testing.assert_frame_equal(
        all_of_them.loc[told, ["reason_1", "reason_2"]], scored.loc[told, ["reason_1", "reason_2"]]
    )


def test_reasons_speak_chinese(artefact: Artefact) -> None:
    keys, X = rows()
    scored = score_frame(artefact, keys, X, reasons="top:1", language="zh")
    assert "近30天到访次数" in str(scored["reason_1"].dropna().tolist())


def test_the_card_adds_points_and_its_own_probability(artefact: Artefact) -> None:
    keys, X = rows()
    scored = score_frame(artefact, keys, X, card=True)
    assert scored["card_points"].dtype.kind == "i"
    assert np.array_equal(scored["card_probability"], artefact.scorecard.probability(X))


@pytest.mark.parametrize("wish", ["top", "top:0", "top:-3", "top:1e3", "some", ""])
def test_an_unknown_wish_for_reasons_is_refused(artefact: Artefact, wish: str) -> None:
    with pytest.raises(UsageError, match="WB-P30"):
        score_frame(artefact, *rows(3), reasons=wish)


def test_a_model_without_card_or_reference_says_so(artefact: Artefact) -> None:
    bare = replace(artefact, scorecard=None, reference=None, grades=None)
    assert list(score_frame(bare, *rows(3)).columns) == ["customer_id", "probability"]
    for wish in ({"card": True}, {"reasons": "all"}):
        with pytest.raises(UsageError, match="WB-P31"):
            score_frame(bare, *rows(3), **wish)


def test_no_rows_give_no_rows(artefact: Artefact) -> None:
    keys, X = rows(3)
    scored = score_frame(artefact, keys[:0], X[:0], reasons="all", card=True)
    assert len(scored) == 0
    assert "reason_4" in scored.columns


FRAME = pd.DataFrame(
    {
        "customer_id": ["00017", "=1+1", "王芳"],
        "probability": [0.25, 1 / 3, np.nan],
        "day": pd.to_datetime(["2026-01-01", None, "2026-03-01"]),
        "note": ["a,b", None, 'say "hi"'],
    }
)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet", ".xlsx"])
def test_a_written_file_reads_back_as_it_was(tmp_path: Path, ending: str) -> None:
    out = write_scored(FRAME, tmp_path / "new" / f"scored{ending}")
    if ending == ".parquet":
        back = pd.read_parquet(out)
    elif ending == ".xlsx":
        back = pd.read_excel(out, dtype={"customer_id": str})
    else:
        back = pd.read_csv(out, dtype={"customer_id": str}, parse_dates=["day"])
    pd.testing.assert_frame_equal(back, FRAME, check_dtype=False, check_exact=True)
    assert [p.name for p in out.parent.iterdir()] == [out.name]


def test_text_in_excel_is_never_a_formula(tmp_path: Path) -> None:
    import openpyxl

    sheet = openpyxl.load_workbook(write_scored(FRAME, tmp_path / "s.xlsx")).active
    assert [(c.value, c.data_type) for c in sheet["A"][1:]] == [("00017", "s"), ("=1+1", "s"), ("王芳", "s")]


@pytest.mark.parametrize("name", ["p.txt", "p", "p.CSVX"])
def test_an_ending_that_names_no_format_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"WB-P32.*\.parquet"):
        write_scored(FRAME, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_sheet_holds_are_refused_not_cut(tmp_path: Path) -> None:
    long = pd.DataFrame({"n": np.arange(1_048_576)})
    with pytest.raises(UsageError, match="WB-P33"):
        write_scored(long, tmp_path / "long.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    out = write_scored(FRAME, tmp_path / "scored.parquet")
    before = out.read_bytes()
    mixed = pd.DataFrame({"x": [1, "a", object()]})
    with pytest.raises(Exception, match="(?i)convert|object"):
        write_scored(mixed, out)
    assert out.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
