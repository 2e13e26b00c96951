"""The words for yes and no that people write, in one list: what is read, computed, agreed to or predicted by them.

A column of such words stays text, as its source has it: conditions, levels and outcomes name the words. What needs
numbers takes yes for 1 and no for 0, and what needs a condition takes yes for true.
"""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from workbench.tables.kernels import pc

# (no, yes), compared without regard to case
PAIRS: tuple[tuple[str, str], ...] = (
    ("no", "yes"),
    ("n", "y"),
    ("false", "true"),
    ("f", "t"),
    ("否", "是"),
    ("无", "有"),
    ("無", "有"),
    ("没有", "有"),
    ("沒有", "有"),
    ("不同意", "同意"),
    ("未同意", "已同意"),
    ("未授权", "授权"),
    ("未授权", "已授权"),
    ("refused", "granted"),
)
YES = tuple(dict.fromkeys([*(yes for _, yes in PAIRS), "1"]))
NO = tuple(dict.fromkeys([*(no for no, _ in PAIRS), "0"]))


def known(text: pa.Array) -> bool:
    """Whether a column's cells, apart from missing ones, are all words for yes or no."""
    return bool(pc.all(pc.is_in(_words(text), value_set=pa.array(YES + NO, text.type))).as_py())


def of_words(text: pa.Array) -> bool:
    """Whether a column's cells are words for yes and for no, both of them there, and nothing else.

    With only one of them there it might be anything: F for female, 有 for a shop's name."""
    said = {number_of(str(w)) for w in pc.unique(_words(text)).to_pylist()} if known(text) else set()
    return said == {0, 1}


def number_of(word: str) -> int | None:
    """1 for a word that says yes, 0 for one that says no.

    >>> number_of("是"), number_of("No"), number_of("perhaps")
    (1, 0, None)
    """
    said = word.strip().lower()
    return 1 if said in YES else 0 if said in NO else None


def as_number(words: exp.Expr) -> exp.Expr:
    """Words as 1.0 and 0.0 in SQL, any other text as missing."""
    one, zero = (exp.Cast(this=exp.Literal.number(n), to=exp.DataType.build("double")) for n in ("1", "0"))
    return exp.Case(ifs=[exp.If(this=among(words, YES), true=one), exp.If(this=among(words, NO), true=zero)])


def as_truth(words: exp.Expr) -> exp.Expr:
    """Words as true and false in SQL, any other text as missing."""
    return exp.Case(
        ifs=[
            exp.If(this=among(words, YES), true=exp.true()),
            exp.If(this=among(words, NO), true=exp.false()),
        ]
    )


def among(value: exp.Expr, words: tuple[str, ...]) -> exp.Expr:
    """Whether a text is one of the words, however it is capitalised."""
    return exp.In(
        this=exp.Lower(this=exp.Trim(this=value.copy())), expressions=[exp.Literal.string(w) for w in words]
    )


def other_word(source: exp.Expr, value: exp.Expr) -> exp.Select:
    """A query for one text of a column that says neither yes nor no; its answer is missing where there is none."""
    strange = exp.not_(among(value, (*YES, *NO, "")))
    return exp.select(exp.Min(this=value.copy())).from_(source).where(strange)


def _words(text: pa.Array) -> pa.Array:
    return pc.utf8_lower(text.drop_null())
