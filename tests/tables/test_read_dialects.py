"""One small table, written in every way that exports write it, is read as the same table."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from workbench.tables.options import ReadOptions
from workbench.tables.read import read_table

ROWS = [("007", 30, 1.5, "Ürümqi; north"), ("008", 41, -2.25, 'the "Ritz"'), ("010", 28, 0.0, "a,b|c")]
EXPECTED = pd.DataFrame(
    {
        "account": pd.Series([r[0] for r in ROWS], dtype="str"),
        "age": [r[1] for r in ROWS],
        "balance": [r[2] for r in ROWS],
        "note": pd.Series([r[3] for r in ROWS], dtype="str"),
    }
)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_separator_encoding_and_gzip(
    tmp_path: Path, separator: str, encoding: str, zipped: bool
) -> None:
    data = EXPECTED.to_csv(index=False, sep=separator).encode(encoding)
    path = tmp_path / "customers.csv"
    path.write_bytes(gzip.compress(data) if zipped else data)
    pd.testing.assert_frame_equal(read_table(path).frame, EXPECTED)


@pytest.mark.parametrize("separator", ["^", "~", ":", "\x01", "||"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_rarer_separators_are_found_out(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [["account", "age", "note"], ["007", "30", "a, b"], ["008", "41", "c; d"]]
    path = tmp_path / "customers.txt"
    path.write_bytes("\n".join(separator.join(r) for r in rows).encode(encoding))
    assert read_table(path).frame.to_dict("list") == {
        "account": ["007", "008"],
        "age": [30, 41],
        "note": ["a, b", "c; d"],
    }


def test_a_rarer_separator_is_found_under_a_title_too(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("Customers, May\nid^name^age\n1^Anna^30\n2^Bea^40\n")
    assert list(read_table(path).frame) == ["id", "name", "age"]


@pytest.mark.parametrize("separator", ["|~|", "##", "^", "、", "¦", " ", "\x01", "||"])
def test_any_separator_can_be_stated_and_quotes_still_hold(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "customers.txt"
    lines = ["account,note", f'007,"a{separator}b ""c"""', "008,d"]
    path.write_text("\n".join(separator.join(line.split(",", 1)) for line in lines))
    read = read_table(path, options=ReadOptions(separator=separator)).frame
    assert read.to_dict("list") == {"account": ["007", "008"], "note": [f'a{separator}b "c"', "d"]}


@pytest.mark.parametrize("cells", [["08:30", "09:45"], ["1~2", "3~4"], ["a^b", "c^d"], ["x:1", "y:2"]])
def test_a_single_column_is_not_cut_at_a_sign_inside_its_cells(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "one.csv"
    path.write_text("\n".join(["name", *cells]) + "\n")
    assert read_table(path).frame["name"].tolist() == cells


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(EXPECTED.to_csv(index=False, lineterminator=line_end).encode())
    pd.testing.assert_frame_equal(read_table(path).frame, EXPECTED)


@pytest.mark.parametrize(
    ("encoding", "city", "others"),
    [
        ("gb18030", "北京", ["上海市浦东新区", "广州", "深圳"]),
        ("big5", "臺北", ["高雄市左營區", "臺中", "新竹"]),
        ("cp1252", "Zürich", ["Málaga", "Besançon", "Århus"]),
    ],
)
def test_older_encodings_are_told_apart_and_said(
    tmp_path: Path, encoding: str, city: str, others: list[str]
) -> None:
    path = tmp_path / "cities.csv"
    path.write_bytes(
        "\n".join(["city,n", *(f"{c},{i}" for i, c in enumerate([city, *others]))]).encode(encoding)
    )
    result = read_table(path)
    assert result.frame["city"].tolist() == [city, *others]
    assert result.notes == (f"The text was read as {encoding.upper()}.",)


def test_parquet_and_excel_give_the_same_table(tmp_path: Path) -> None:
    EXPECTED.to_parquet(tmp_path / "t.parquet")
    EXPECTED.to_excel(tmp_path / "t.xlsx", index=False)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet").frame, EXPECTED)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.xlsx").frame, EXPECTED)


def test_a_workbook_with_several_sheets_gives_the_first_or_the_one_named(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        EXPECTED.to_excel(book, sheet_name="May", index=False)
        EXPECTED.head(1).to_excel(book, sheet_name="June", index=False)
    first = read_table(tmp_path / "t.xlsx")
    assert len(first.frame) == 3
    assert first.notes == ("Read sheet 'May' of 2.",)
    assert len(read_table(tmp_path / "t.xlsx", sheet="June").frame) == 1


def test_names_are_cleaned_and_made_unique(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        ' age ,"monthly\nincome","say ""hi""",收入,age,,age.2\n1,2,3,4,5,6,7\n8,9,10,11,12,13,14\n'
    )
    assert list(read_table(path).frame.columns) == [
        "age",
        "monthly income",
        'say "hi"',
        "收入",
        "age.3",
        "column_6",
        "age.2",
    ]


def test_a_line_break_inside_quotes_is_part_of_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n"one\ntwo",1\n"three",2\n')
    assert read_table(path).frame["a"].tolist() == ["one\ntwo", "three"]


def test_excels_own_first_line_names_the_separator(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=;\na;b\n1;x\n2;y\n")
    assert read_table(path).frame.columns.tolist() == ["a", "b"]


def test_row_names_and_separators_at_line_ends_do_not_shift_columns(tmp_path: Path) -> None:
    names, ends = tmp_path / "names.csv", tmp_path / "ends.csv"
    names.write_text("x,y\nr1,1,5\nr2,2,6\n")
    ends.write_text("x,y\n1,5,\n2,6,\n")
    assert read_table(names).frame.to_dict("list") == {"column_1": ["r1", "r2"], "x": [1, 2], "y": [5, 6]}
    assert read_table(ends).frame[["x", "y"]].to_dict("list") == {"x": [1, 2], "y": [5, 6]}


def test_a_table_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("39,Private,10\n50,Public,20\n38,Private,30\n")
    result = read_table(path)
    assert result.frame.columns.tolist() == ["column_1", "column_2", "column_3"]
    assert result.frame["column_1"].tolist() == [39, 50, 38]
    assert "The first line is a row like the others" in result.notes[0]


def test_years_as_column_names_are_a_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,2023,2024\na,1,2\nb,3,4\n")
    assert read_table(path).frame.columns.tolist() == ["name", "2023", "2024"]


def test_a_few_rows_of_other_length_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 30 + "1,2,3\n" + "1,2\n" * 30)
    result = read_table(path)
    assert (len(result.frame), result.quarantined) == (60, 1)
    assert result.notes == ("1 row had another number of cells and was left out (line 32).",)


def test_parquet_types_become_the_few_that_we_work_with(tmp_path: Path) -> None:
    at = pd.Timestamp("2025-03-01 12:00")
    frame = pd.DataFrame(
        {
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "truth": pd.array([True, False, None], dtype="boolean"),
            "sure": [True, False, True],
            "level": pd.Categorical(["lo", "hi", None]),
            "zoned": pd.Series([at, at, pd.NaT]).dt.tz_localize("Asia/Shanghai"),
            "day": pd.Series([at, at, at]).dt.date,
            "words": pd.array(["x", None, "y"], dtype="string"),
            "long": pd.array([1234567890123456789, None, 2], dtype="Int64"),
            "list": [[1], [2], [3]],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet")
    read = result.frame
    assert read.dtypes.astype(str).to_dict() == {
        "nullable": "float64",
        "truth": "float64",
        "sure": "bool",
        "level": "str",
        "zoned": "datetime64[us]",
        "day": "datetime64[us]",
        "words": "str",
        "long": "str",
    }
    assert read["zoned"][0] == pd.Timestamp("2025-03-01 04:00")
    assert read["long"][0] == "1234567890123456789"
    assert result.notes == ("Columns that hold lists or bytes were left out: 'list'.",)


def test_an_index_that_pandas_keeps_in_the_metadata_is_a_column(tmp_path: Path) -> None:
    for ids in ([1, 2, 3], [7, 5, 6]):
        pd.DataFrame({"id": ids, "x": [1.5, 2.5, 3.5]}).set_index("id").to_parquet(tmp_path / "t.parquet")
        assert sorted(read_table(tmp_path / "t.parquet").frame.columns) == ["id", "x"]


def test_lines_above_the_header_are_skipped_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Customers of May\n\nid;limit\n1;2,5\n2;3,25\n")
    result = read_table(path)
    assert result.frame.to_dict("list") == {"id": [1, 2], "limit": [2.5, 3.25]}
    assert result.notes[0] == "The first 2 lines stand above the table's header and were skipped."


def test_a_comma_is_a_decimal_comma_where_semicolons_separate(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id;limit\n1;1,500\n2;3,250\n")
    assert read_table(path).frame["limit"].tolist() == [1.5, 3.25]
    path.write_text('id,limit\n1,"1,500"\n2,"3,250"\n')
    assert read_table(path).frame["limit"].tolist() == [1500, 3250]


def test_a_cell_of_any_length_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "x" * 300_000 + ",1\ny,2\n")
    assert read_table(path).frame["a"].str.len().tolist() == [300_000, 1]
