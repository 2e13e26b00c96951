"""What kind of thing a column holds: texts, numbers, dates or yes/no; and keys of two kinds that still must meet."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

Kind = Literal["text", "number", "date", "yes-no"]

KINDS: dict[Kind, str] = {"text": "texts", "number": "numbers", "date": "dates", "yes-no": "yes or no"}
_BEGINNINGS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("yes-no", ("BOOLEAN",)),
    ("text", ("VARCHAR", "TEXT", "CHAR", "STRING")),
    ("date", ("TIMESTAMP", "DATE")),
    (
        "number",
        (
            *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"),
            *("UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
        ),
    ),
)
_FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
_WHOLE_UP_TO = (
    "1e15"  # a double holds every whole number up to there, and more digits are no identifier of a file's
)


def kind_of(sql_type: str) -> Kind | None:
    """The kind of a column by its type (in DuckDB's words); None for others, such as a column that holds nothing."""
    return next((kind for kind, words in _BEGINNINGS if sql_type.startswith(words)), None)


def same_key(left: exp.Expr, left_type: str, right: exp.Expr, right_type: str) -> exp.Expr:
    """Whether two keys are the same; where one column holds texts and the other numbers, they are as they are written."""
    if alike(left_type, right_type):
        return exp.EQ(this=left, expression=right)
    return exp.EQ(this=as_text(left, left_type), expression=as_text(right, right_type))


def among(key: exp.Expr, key_type: str, other: exp.Expr, other_type: str, table: exp.Table) -> exp.In:
    """Whether a key is one of the table's, compared as `same_key` does."""
    if not alike(key_type, other_type):
        key, other = as_text(key, key_type), as_text(other, other_type)
    return exp.In(this=key, query=exp.Subquery(this=exp.select(other).from_(table)))


def alike(left_type: str, right_type: str) -> bool:
    """Whether keys of the two types can be compared as they are."""
    left, right = kind_of(left_type), kind_of(right_type)
    nothing = any("NULL" in t for t in (left_type, right_type))
    return nothing or left_type == right_type or (left is not None and left == right)


def as_text(value: exp.Expr, sql_type: str) -> exp.Expr:
    """The value as a text: a whole number has no fraction, whatever holds it (a column with gaps holds 100.0)."""
    text = exp.DataType.build("varchar")
    written = exp.Cast(this=value.copy(), to=text)
    if not sql_type.startswith(_FRACTIONS):
        return written
    whole = exp.and_(
        exp.EQ(this=exp.Floor(this=value.copy()), expression=value.copy()),
        exp.LT(this=exp.Abs(this=value.copy()), expression=exp.Literal.number(_WHOLE_UP_TO)),
    )
    number = exp.Cast(this=value.copy(), to=exp.DataType.build("bigint"))
    return exp.Case(ifs=[exp.If(this=whole, true=exp.Cast(this=number, to=text.copy()))], default=written)
