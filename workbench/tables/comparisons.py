"""What a definition compares must be of one kind: every engine has its own idea of a text beside a number.

A value that is written in another way than the column, but can only mean one thing, is written as the column is:
'5' beside numbers, 1 beside yes/no, '2024-05-31' beside dates.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.tables import yes_no
from workbench.tables.kinds import KINDS, Kind, kind_of
from workbench.tables.trees import moment

_LARGEST = 1e300
_DAY = "'2024-05-31'"


@dataclass(frozen=True)
class Typed:
    """A column as a definition reaches it: the table whose source has it, and its SQL type there."""

    table: str
    name: str
    sql_type: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


class TypedResolve(ABC):
    """A resolver of loaded tables, which knows what their columns hold."""

    @abstractmethod
    def __call__(self, table: str | None, name: str) -> exp.Expr: ...

    @abstractmethod
    def typed(self, table: str | None, name: str) -> Typed: ...

    @abstractmethod
    def all_numbers(self, typed: Typed) -> bool:
        """Whether every value of a column of texts reads as a number."""

    @abstractmethod
    def any_date(self, typed: Typed) -> bool:
        """Whether some value of a column of texts reads as a date, or there is no value."""

    @abstractmethod
    def strange_word(self, typed: Typed) -> str | None:
        """A text of a column that says neither yes nor no; None where all are such words."""


@dataclass(frozen=True)
class Made:
    """A part of an expression as it goes to the engine, what kind of value it gives (None: unknown), as it was written."""

    node: exp.Expr
    kind: Kind | None
    written: exp.Expr
    column: Typed | None = None

    @property
    def text(self) -> str:
        return self.written.sql(dialect="duckdb")

    @property
    def is_value(self) -> bool:
        """Whether it is written out: a text, a number, true or false."""
        inner = self.written.this if isinstance(self.written, exp.Neg) else self.written
        return isinstance(inner, exp.Literal | exp.Boolean)


@dataclass(frozen=True)
class Held:
    """Holds the parts of one expression to the kinds that they must have; every refusal is a WB-F35."""

    whole: str
    columns: TypedResolve | None
    where: str
    wanted: dict[tuple[str | None, str], Kind] = field(default_factory=dict, compare=False)

    def column(self, node: exp.Expr, written: exp.Column) -> Made:
        if self.columns is None:
            return Made(node, None, written)
        found = self.columns.typed(written.table or None, written.name)
        return Made(node, kind_of(found.sql_type), written, found)

    def literal(self, node: exp.Literal, written: exp.Expr) -> Made:
        if not node.is_string and not abs(float(node.this)) < _LARGEST:
            raise DefinitionError(
                "WB-F05", f"{self.where}: a number of {self.whole!r} is too large.", "Write a smaller one."
            )
        return Made(node, "text" if node.is_string else "number", written)

    def truth(self, made: Made) -> Made:
        """A part that must be true or false: of a column, words for yes and no and numbers (0 is false) are understood."""
        self._want(made, "yes-no")
        if made.kind in (None, "yes-no"):
            return made
        if made.column is not None and made.kind == "number":
            node: exp.Expr = exp.NEQ(this=made.node, expression=exp.Literal.number(0))
            return replace(made, node=exp.Paren(this=node), kind="yes-no")
        if made.column is not None and made.kind == "text" and self.columns is not None:
            other = self.columns.strange_word(made.column)
            if other is None:
                return replace(made, node=yes_no.as_truth(made.node), kind="yes-no")
            raise DefinitionError(
                "WB-F35",
                f"{self.where}: {_said(made)} stands where a condition does, and '{other}' in it says neither yes nor no.",
                f"Compare it with a value: {made.text} = '{other}'.",
            )
        example = "5" if made.kind == "number" else _DAY if made.kind == "date" else "'a'"
        raise DefinitionError(
            "WB-F35",
            f"{self.where}: in {self.whole!r}, {_said(made)} is not true or false.",
            f"Compare it with something: {made.text} = {example}.",
        )

    def expect(self, made: Made, kind: Kind, by: str) -> Made:
        """A part of which `by` (a function or sign) takes one kind only."""
        self._want(made, kind)
        if made.kind in (None, kind):
            return made
        if kind == "date" and made.kind == "text":
            return self._as_date(made)
        raise DefinitionError(
            "WB-F35",
            f"{self.where}: in {self.whole!r}, '{by}' takes {KINDS[kind]}, but {_said(made)}{_is(made)}.",
            self._mend(made, kind),
        )

    def alike(self, left: Made, right: Made, whole: exp.Expr) -> tuple[Made, Made]:
        """Two parts that are compared, a written value as the other part needs it."""
        if any(isinstance(m.node, exp.Null) for m in (left, right)) and not isinstance(whole, exp.Coalesce):
            raise DefinitionError(
                "WB-F05",
                f"{self.where}: {whole.sql(dialect='duckdb')} is never true: nothing compares with null.",
                "Write `is null` or `is not null`.",
            )
        self._want(left, right.kind)
        self._want(right, left.kind)
        if left.kind is None or right.kind is None or left.kind == right.kind:
            return left, right
        for one, other in ((left, right), (right, left)):
            if isinstance(one.node, exp.Boolean) and other.column is not None and other.kind != "date":
                mended = self.truth(other)
                return (mended, right) if other is left else (left, mended)
        if right.is_value and not left.is_value:
            return left, self._as(right, left)
        if left.is_value and not right.is_value:
            return self._as(left, right), right
        raise self._different(left, right)

    def _want(self, made: Made, kind: Kind | None) -> None:
        """Notes of a column of which nothing is known what it must hold."""
        if made.kind is None and kind is not None and isinstance(made.written, exp.Column):
            self.wanted.setdefault((made.written.table or None, made.written.name), kind)

    def _as(self, value: Made, other: Made) -> Made:
        """The written value as one of the other's kind."""
        node = _converted(value.node, other.kind)
        if node is None:
            raise self._different(other, value)
        return replace(value, node=node, kind=other.kind)

    def _as_date(self, made: Made) -> Made:
        if made.is_value:
            node = _converted(made.node, "date")
            if node is not None:
                return replace(made, node=node, kind="date")
        elif made.column is None or self.columns is None or self.columns.any_date(made.column):
            # a text that is no date is missing, as an event without a readable time is set aside
            node = exp.TryCast(this=made.node, to=exp.DataType.build("timestamp"))
            return replace(made, node=node, kind="date")
        if made.is_value:
            raise self._no_date(made)
        raise DefinitionError(
            "WB-F35",
            f"{self.where}: in {self.whole!r}, {_said(made)} is texts, of which none is a date.",
            self._mend(made, "date"),
        )

    def _no_date(self, value: Made) -> DefinitionError:
        return DefinitionError(
            "WB-F35",
            f"{self.where}: in {self.whole!r}, {value.text} is no date.",
            f"Write YYYY-MM-DD, with a time if need be: {_DAY}, '2024-05-31 14:00'.",
        )

    def _different(self, left: Made, right: Made) -> DefinitionError:
        date, text = (left, right) if left.kind == "date" else (right, left)
        if date.kind == "date" and text.is_value and text.kind == "text":
            return self._no_date(text)
        mended = left if left.column is not None or right.column is None else right
        other = right if mended is left else left
        return DefinitionError(
            "WB-F35",
            f"{self.where}: {self.whole!r} compares {_said(left)} ({_kinds(left)}) with {_said(right)} ({_kinds(right)}).",
            self._mend(mended, other.kind or "text", other),
        )

    def _mend(self, made: Made, kind: Kind, other: Made | None = None) -> str:
        """What to write instead where `made` should have been of another kind."""
        column = made.column
        if column is None:
            return f"Write {_EXAMPLES[kind if made.is_value else made.kind or kind]}."
        stated = f"`types: {{{column.name}: {kind}}}` for the table '{column.table}'"
        if made.kind == "text" and kind == "number" and self.columns and self.columns.all_numbers(column):
            return f"All its values look like numbers: state {stated} in tables.yaml."
        if made.kind == "text" and kind == "date":
            return f"If it holds dates, state {stated} in tables.yaml."
        if made.kind == "date":
            return f"Compare it with a date: {made.text} >= {_DAY}; hour(), month(), weekday() and days_between() give numbers."
        if made.kind == "number" and kind == "text":
            number = f"Write a number: {made.text} = 5; or, if" if other is not None else "If"
            return f"{number} its values are names, keep them as text: state {stated} in tables.yaml."
        if other is not None and other.is_value:
            if made.kind == "text":
                return f"Write a text in quotes: {made.text} = '{other.node.name or other.text}'."
            if made.kind == "number":
                return f"Write a number: {made.text} = 5."
            if made.kind == "yes-no":
                return f"Write {made.text} = true or {made.text} = false."
        return f"Use a column of {KINDS[kind]}."


_EXAMPLES: dict[Kind, str] = {
    "text": "a text in quotes: 'a'",
    "number": "a number without quotes: 5",
    "date": f"a date: {_DAY}",
    "yes-no": "true or false",
}


def _said(made: Made) -> str:
    if made.column is not None:
        return f"'{made.column}'"
    if made.is_value:
        return made.text
    return f"`{made.text}`"


def _is(made: Made) -> str:
    if made.is_value:
        return f" is a {made.kind}" if made.kind != "yes-no" else " is true or false"
    return f" is {KINDS[made.kind]}" if made.kind else ""


def _kinds(made: Made) -> str:
    if made.is_value:
        return "true or false" if made.kind == "yes-no" else f"a {made.kind}"
    holds = KINDS[made.kind] if made.kind else "?"
    return f"a column of {holds}" if made.column is not None else holds


def _converted(value: exp.Expr, kind: Kind | None) -> exp.Expr | None:
    """A written value as one of another kind, or None where it cannot mean one."""
    sign = "-" if isinstance(value, exp.Neg) else ""
    inner = value.this if isinstance(value, exp.Neg) else value
    if isinstance(inner, exp.Boolean):
        return exp.Literal.number(int(inner.this)) if kind == "number" else None
    written = f"{sign}{inner.this}".strip()
    if kind == "yes-no":
        truth = yes_no.number_of(written)
        return None if truth is None else exp.Boolean(this=bool(truth))
    if kind == "number" and inner.is_string:
        return _number(written)
    if kind == "date" and inner.is_string:
        return _date(written)
    return None


def _number(written: str) -> exp.Expr | None:
    try:
        value = float(written)
    except ValueError:
        return None
    if not math.isfinite(value) or abs(value) >= _LARGEST or "_" in written or not written.isascii():
        return None
    size = exp.Literal.number(written.lstrip("+-"))
    return exp.Neg(this=size) if written.startswith("-") else size


def _date(written: str) -> exp.Expr | None:
    """The moment of 2024-05-31, 2024/5/31 or 2024-05-31 14:00; one with a zone in UTC, as times of tables are told."""
    day, space, time = written.replace("T", " ").partition(" ")
    parts = day.replace("/", "-").split("-")
    if len(parts) != 3 or len(parts[0]) != 4:
        return None
    try:
        value = datetime.fromisoformat(f"{parts[0]}-{parts[1]:0>2}-{parts[2]:0>2}{space}{time}")
        return moment(value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None))
    except (ValueError, OverflowError):
        return None
