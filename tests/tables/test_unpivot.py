"""A wide table, one column per month, told as one row per client and month."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.tables.one import loaded, refusal

WIDE = pd.DataFrame(
    {
        "id": ["001", "002"],
        "limit": [100, 200],
        "bill1": [10, 20],
        "bill2": [11.5, None],
        "status1": ["ok", "late"],
        "status2": ["late", None],
    }
)
SEPTEMBER_AND_AUGUST = (
    "unpivot: {keep: [id], time: month, rows: {2005-09-01: {bill: bill1, status: status1}, "
    "2005-08: {bill: bill2, status: status2}}}"
)


@pytest.fixture(params=["csv", "parquet", "xlsx"])
def wide(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    file = tmp_path / f"wide.{request.param}"
    writers = {"csv": WIDE.to_csv, "xlsx": WIDE.to_excel, "parquet": WIDE.to_parquet}
    writers[request.param](file, index=False)
    return tmp_path, file.name


def test_one_row_per_client_and_month(wide: tuple[Path, str]) -> None:
    folder, file = wide
    rows = loaded(folder, f"{{source: {file}, event_time: month, {SEPTEMBER_AND_AUGUST}}}")
    rows = rows.sort_values(["id", "month"]).reset_index(drop=True)
    expected = pd.DataFrame(
        {
            "id": ["001", "001", "002"],  # a month in which client 002 has nothing at all is no row
            "month": pd.to_datetime(["2005-08-01", "2005-09-01", "2005-09-01"]),
            "bill": [11.5, 10, 20],
            "status": ["late", "ok", "late"],
        }
    )
    pd.testing.assert_frame_equal(rows, expected, check_dtype=False)


def test_without_keep_every_other_column_is_kept(wide: tuple[Path, str]) -> None:
    folder, file = wide
    spec = SEPTEMBER_AND_AUGUST.replace("keep: [id], ", "")
    assert list(loaded(folder, f"{{source: {file}, {spec}}}")) == ["id", "limit", "month", "bill", "status"]


def test_a_value_that_a_month_does_not_have_is_missing_there(wide: tuple[Path, str]) -> None:
    folder, file = wide
    spec = SEPTEMBER_AND_AUGUST.replace("status: status2", "status: null")
    rows = loaded(folder, f"{{source: {file}, {spec}}}")
    assert rows[rows["month"] == "2005-08-01"]["status"].isna().all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bill: bill2": "bill: bill1"}, "WB-T02.*column 'bill1' is named for two values"),
        ({"bill: bill2": "bil: bill2"}, "WB-T02.*its values are 'bil', 'status', but those of the first"),
        ({"bill: bill2": "bill: billl2"}, "WB-T12: table 't' has no column 'billl2', which `unpivot:` names"),
        (
            {"bill: bill2": "bill: status2", "status: status2": "status: bill2"},
            "WB-T70.*'bill1' numbers, 'status2' text",
        ),
        ({"time: month": "time: bill"}, "WB-T02.*two columns 'bill'"),
        ({"time: month, ": ""}, "WB-T02.*`time:` is missing"),
        ({"2005-08:": "august:"}, "WB-T02.*'august' is no date"),
        ({"keep: [id]": "keep: [id, bill1]"}, "WB-T02.*'bill1' is kept and spread"),
        ({"keep:": "kepe:"}, "WB-T02.*no setting is called 'kepe'"),
    ],
)
def test_a_slip_of_the_pen_is_named(tmp_path: Path, wrong: dict[str, str], said: str) -> None:
    WIDE.to_parquet(tmp_path / "wide.parquet")
    spec = SEPTEMBER_AND_AUGUST
    for right, slip in wrong.items():
        spec = spec.replace(right, slip)
    import re

    assert re.search(said, refusal(tmp_path, f"{{source: wide.parquet, {spec}}}"))
