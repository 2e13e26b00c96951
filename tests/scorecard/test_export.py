"""The exports compute what the card computes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest
import sqlglot

from tests.scorecard.excel import Sheet
from workbench.dataset.frame import Kind
from workbench.scorecard import Scorecard, build_scorecard, export

Table = tuple[pd.DataFrame, np.ndarray]
NAMESPACE = {"p": "http://www.dmg.org/PMML-4_4"}


@pytest.mark.parametrize("kind", ["risk", "response"])
def test_sql_agrees_with_python_row_by_row(kind: Kind, awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind=kind)
    export(card, tmp_path)
    fresh = X.copy()
    fresh.loc[0, "城市"] = "never seen'; --"
    fresh.loc[1, "code"] = np.inf
    with duckdb.connect() as database:
        database.register("customers", fresh)
        told = database.execute((tmp_path / "scorecard.sql").read_text()).df()
    assert (told["card_points"].to_numpy() == card.points(fresh)).all()
    assert (told["card_grade"].to_numpy() == card.grade(fresh)).all()
    assert told["card_probability"].to_numpy() == pytest.approx(card.probability(fresh), abs=1e-12)


def test_postgres_sql_parses_and_quotes_every_name(awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    export(build_scorecard(X, y, kind="risk"), tmp_path)
    tree = sqlglot.parse_one((tmp_path / "scorecard.postgres.sql").read_text(), dialect="postgres")
    names = {column.name: column.this.quoted for column in tree.find_all(sqlglot.exp.Column)}
    assert 'spend "net"; drop' in names
    assert all(names.values())


def test_an_intercept_card_exports_everything(tmp_path: Path) -> None:
    X = pd.DataFrame({"x": np.ones(300)})
    card = build_scorecard(X, np.arange(300) % 10 == 0, kind="risk")
    files = export(card, tmp_path)
    assert {file.suffix for file in files} == {".json", ".csv", ".md", ".sql", ".xlsx", ".pmml"}
    with duckdb.connect() as database:
        database.register("customers", X)
        told = database.execute((tmp_path / "scorecard.sql").read_text()).df()
    assert (told["card_points"].to_numpy() == card.points(X)).all()


def test_the_json_is_the_card(awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    export(card, tmp_path)
    assert Scorecard.from_dict(json.loads((tmp_path / "scorecard.json").read_text(encoding="utf-8"))) == card


def test_csv_and_page_hold_every_bin_and_no_live_formula(awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    card = build_scorecard(X.rename(columns={"code": "=code"}), y, kind="risk")
    export(card, tmp_path)
    table = pd.read_csv(tmp_path / "scorecard.csv")
    assert len(table) == len(card.table())
    assert table["points"].tolist() == card.table()["points"].tolist()
    text = table[["variable", "sentence", "bin"]].astype(str)
    assert not text.apply(lambda column: column.str.startswith("=")).any(axis=None)
    page = (tmp_path / "scorecard.md").read_text(encoding="utf-8")
    assert card.direction.en in page
    assert page.count("\n| =code |") == next(p.bins.size for p in card.parts if p.name == "=code")


def pmml_score(document: ElementTree.Element, row: dict[str, object]) -> float:
    """A reader of PMML scorecards in a few lines: the first attribute whose predicate holds gives its points."""

    def holds(predicate: ElementTree.Element) -> bool:
        tag = predicate.tag.split("}")[1]
        if tag == "True":
            return True
        value = row[predicate.get("field", "")]
        gone = value is None or value != value
        if tag == "SimpleSetPredicate":
            array = predicate.find("p:Array", NAMESPACE)
            assert array is not None
            levels = json.loads("[" + (array.text or "").replace('" "', '","').replace("\n", "\\n") + "]")
            assert len(levels) == int(array.get("n", "0"))
            return not gone and value in levels
        if predicate.get("operator") == "isMissing":
            return gone
        bound = predicate.get("value", "")
        left, right = (value, bound) if isinstance(value, str) else (float(str(value)), float(bound))
        return not gone and (left == right if predicate.get("operator") == "equal" else left <= right)

    model = document.find("p:Scorecard", NAMESPACE)
    assert model is not None
    total = float(model.get("initialScore", "nan"))
    for characteristic in model.iterfind("p:Characteristics/p:Characteristic", NAMESPACE):
        total += next(
            float(attribute.get("partialScore", "nan"))
            for attribute in characteristic.iterfind("p:Attribute", NAMESPACE)
            if holds(attribute[0])
        )
    return total


def test_pmml_scores_as_the_card_and_names_its_reasons(awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    export(card, tmp_path)
    document = ElementTree.parse(tmp_path / "scorecard.pmml").getroot()
    assert document.get("version") == "4.4"
    some = X.iloc[::97]
    rows = some.assign(since=some["since"].dt.strftime("%Y-%m-%d")).astype("object").to_dict("records")
    assert [pmml_score(document, row) for row in rows] == card.points(some).tolist()
    model = document.find("p:Scorecard", NAMESPACE)
    assert model is not None
    order = [child.tag.split("}")[1] for child in model]
    assert order == ["MiningSchema", "Output", "Characteristics"]
    assert model.get("reasonCodeAlgorithm") == "pointsBelow"
    codes = [c.get("reasonCode") for c in model.iterfind("p:Characteristics/p:Characteristic", NAMESPACE)]
    assert codes == list(card.variables)


def test_the_workbook_is_live_and_self_contained(awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    export(card, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "scorecard.xlsx")
    assert book.sheetnames == ["calculator", "points", "levels", "scores", "about"]
    formulas = [
        cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert len(formulas) >= len(card.parts) + 3
    assert not any("[" in str(formula) or "http" in str(formula) for formula in formulas)
    assert book["points"]["C2"].data_type == "s"
    level_cells = [row[1] for row in book["levels"].iter_rows(min_row=2)]
    assert "=1+1" in [cell.value for cell in level_cells]
    assert all(cell.data_type == "s" for cell in level_cells)


def test_the_calculator_computes_what_the_card_computes(awkward: Table, tmp_path: Path) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="conversion")
    export(card, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "scorecard.xlsx")
    calculator, sheet = book["calculator"], Sheet(book)
    some = X.iloc[::211].reset_index(drop=True)
    some.loc[0, "城市"] = "never seen"
    some.loc[1, "since"] = pd.Timestamp("2020-12-31 23:59")
    for row in range(len(some)):
        for at, name in enumerate(card.variables):
            value = some[name].iloc[row]
            if not pd.isna(value) and card.parts[at].bins.type == "date":
                value = value.to_pydatetime()
            cell = calculator.cell(5 + at, 3)
            cell.value = None if pd.isna(value) else value
            if isinstance(value, str):
                cell.data_type = "s"
        one, last = some.iloc[[row]], 5 + len(card.parts)
        assert sheet.value("calculator", f"D{last + 1}") == card.points(one)[0]
        assert sheet.value("calculator", f"D{last + 2}") == pytest.approx(card.probability(one)[0], abs=1e-12)
        assert sheet.value("calculator", f"D{last + 3}") == card.grade(one)[0]
