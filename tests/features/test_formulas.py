"""Formulas: arithmetic, comparisons and conditions over columns, with missing values as SQL has them."""

from __future__ import annotations

import math
import sqlite3
from itertools import product

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DefinitionError
from workbench.features.formulas import parse_formula

COLUMNS = {
    "a": pd.Series([1.0, 2.0, None, 0.0]),
    "b": pd.Series([0.0, 1.0, 1.0, None]),
    "home": pd.Series(["own", None, "rent", "own"], dtype="object"),
    "spend_30d..60d": pd.Series([1.0, 2.0, 3.0, 4.0]),
    "spend_month-1": pd.Series([5.0, 6.0, 7.0, 8.0]),
}


def value(text: str) -> list[float | None]:
    found = parse_formula(text, "f").value(COLUMNS, 4)
    return [None if math.isnan(v) else round(v, 6) for v in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / b", [None, 2, None, None]),
        ("a > 1", [0, 1, None, 0]),
        ("a > 1 and b >= 1", [0, 1, None, 0]),
        ("a > 1 or b >= 1", [0, 1, 1, None]),
        ("not a", [0, 0, None, 1]),
        ("0 < a <= 1", [1, 0, None, 0]),
        ("a in (1, -2)", [1, 0, None, 0]),
        ("home == 'own'", [1, None, 0, 1]),
        ("home != 'own'", [0, None, 1, 0]),
        ("home in ('own', 'rent')", [1, None, 1, 1]),
        ("missing(home)", [0, 1, 0, 0]),
        ("if(a > 1, 10, a)", [1, 10, None, 0]),
        ("log(a)", [0, 0.693147, None, None]),
        ("clip(a, 0.5, 1.5)", [1, 1.5, None, 0.5]),
        ("bucket(a, 1, 2)", [1, 2, None, 0]),
        ("spend_30d..60d - 1", [0, 1, 2, 3]),
        ("`spend_month-1` * 2", [10, 12, 14, 16]),
        ("7", [7, 7, 7, 7]),
    ],
)
def test_a_formula_gives(text: str, expected: list[float | None]) -> None:
    assert value(text) == expected


TRUTHS = (0, 1, None)
CONDITIONS = [
    "a and b",
    "a or b",
    "not a",
    "a = b",
    "a <> b",
    "a < b",
    "a and not b or a > b",
    "not (a or b)",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions_with_missing_values_agree_with_sql(text: str) -> None:
    """SQLite is the witness: its three-valued logic is the standard's."""
    asked = sqlite3.connect(":memory:")
    spelled = text.replace("<>", "!=").replace(" = ", " == ")
    for a, b in product(TRUTHS, TRUTHS):
        (wanted,) = asked.execute(f"SELECT {text} FROM (SELECT ? AS a, ? AS b)", (a, b)).fetchone()
        columns = {"a": pd.Series([a], dtype="float64"), "b": pd.Series([b], dtype="float64")}
        (got,) = parse_formula(spelled, "f").value(columns, 1)
        assert (None if math.isnan(got) else int(got)) == wanted, (text, a, b)
    asked.close()


def test_columns_are_named_once_in_order_and_in_their_real_spelling() -> None:
    parsed = parse_formula("`spend_month-1` + a * spend_30d..60d - if(a > b, 1, 0)", "f")
    assert parsed.names == ("spend_month-1", "a", "spend_30d..60d", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os')", "function '__import__' is not allowed"),
        ("a ** 2", "pow is not allowed"),
        ("a if b else 1", "ifexp is not allowed"),
        ("a.b", "attribute is not allowed"),
        ("[x for x in y]", "not allowed"),
        ("(lambda: 1)()", "not allowed"),
        ("a < 'x'", "text can only be compared with a column"),
        ("'x' == 'x'", "text can only be compared with a column"),
        ("home + 'x'", "is not a number"),
        ("a is b", "is is not allowed"),
        ("a; b", "cannot be read"),
        ("", "cannot be read"),
        ("(" * 3000, "cannot be read"),
        ("a" + "+1" * 1000, "nested more than"),
        ("a" * 5000, "at most 4,000"),
        ("1e999", "too large"),
        ("9" * 400, "too large"),
        ("a == (1, 2)", "tuple is not allowed"),
        ("a in 3", "needs a list"),
        ("a in (b, 1)", "numbers or texts"),
        ("a in (1, 2) in (0, 1)", "cannot be chained"),
        ("1or 2", "neither a number nor a column"),
        ("0x10 + a", "neither a number nor a column"),
        ("'\\d' == a", "cannot be read"),
        ("if(a, b)", "'if' got 2 values"),
        ("log(*a)", "starred is not allowed"),
        ("log(x=1)", "'log' got 0 values"),
        ("f'{a}' == home", "not allowed"),
        ("True", "is not a number"),
        ("a\x00b", "cannot be read"),
        ("``", "cannot be read"),
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str, words: str) -> None:
    with pytest.raises(DefinitionError, match="^WB-F05.*") as caught:
        parse_formula(text, "f")
    assert words in str(caught.value)


def test_computing_with_a_text_is_refused_by_name() -> None:
    with pytest.raises(DefinitionError, match="WB-F26.*'home'.*does not hold numbers"):
        value("home + 1")


@given(st.text(alphabet="ab01+-*/()<>=!&|~^%. ,'\"`\\[]{}:;@#$?_\n\tifandornot", max_size=40))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        parsed = parse_formula(text, "f")
    except DefinitionError as refused:
        assert refused.code == "WB-F05"
    else:
        assert all(isinstance(n, str) for n in parsed.names)
