"""Arithmetic, comparisons and conditions over feature columns, read by an allow-list: no text is ever executed.

Truth is 0 or 1, and a missing value stays missing as in SQL: `x > 1` is missing where x is, and `a and b` is 0 where
one of them is 0, 1 where both are 1, else missing.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from workbench.errors import DefinitionError, did_you_mean

_Values = np.ndarray
_LONGEST = 4000
_DEEPEST = 150
_HAS = "A formula has columns, numbers, + - * /, == != < <= > >= in, and, or, not, and functions."


def ratio(top: _Values, bottom: _Values) -> _Values:
    """Missing, not infinite, where the denominator is 0."""
    safe = np.where(bottom == 0, np.nan, bottom)
    return top / safe


def both(left: _Values, right: _Values) -> _Values:
    """`and`: 0 where either is 0, else missing where either is missing, else 1."""
    unknown = np.isnan(left) | np.isnan(right)
    return np.where((left == 0) | (right == 0), 0.0, np.where(unknown, np.nan, 1.0))


def either(left: _Values, right: _Values) -> _Values:
    """`or`: 1 where either holds, else missing where either is missing, else 0."""
    return opposite(both(opposite(left), opposite(right)))


def opposite(condition: _Values) -> _Values:
    return np.where(np.isnan(condition), np.nan, (condition == 0).astype("float64"))


def chosen(condition: _Values, then: _Values, otherwise: _Values) -> _Values:
    """`if`: missing where the condition cannot be decided."""
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, then, otherwise))


def bucket(value: _Values, *edges: _Values) -> _Values:
    """How many of the edges the value has reached: 0 below the first, 1 from the first on, and so forth."""
    reached = sum((value >= edge).astype("float64") for edge in edges)
    return np.where(np.isnan(value), np.nan, reached)


def _where(
    kept: Callable[[_Values], _Values], function: Callable[[_Values], _Values]
) -> Callable[..., _Values]:
    return lambda x: function(np.where(kept(x), x, np.nan))


@dataclass(frozen=True)
class _Function:
    least: int
    most: int
    build: Callable[..., _Values]
    takes: str


FUNCTIONS: dict[str, _Function] = {
    "ratio": _Function(2, 2, ratio, "ratio(a, b)"),
    "abs": _Function(1, 1, np.abs, "abs(x)"),
    "log": _Function(1, 1, _where(lambda x: x > 0, np.log), "log(x), the natural one"),
    "log1p": _Function(1, 1, _where(lambda x: x > -1, np.log1p), "log1p(x)"),
    "sqrt": _Function(1, 1, _where(lambda x: x >= 0, np.sqrt), "sqrt(x)"),
    "min": _Function(2, 2, np.fmin, "min(a, b)"),
    "max": _Function(2, 2, np.fmax, "max(a, b)"),
    "coalesce": _Function(2, 2, lambda x, y: np.where(np.isnan(x), y, x), "coalesce(x, instead)"),
    "missing": _Function(1, 1, lambda x: np.isnan(x).astype("float64"), "missing(x)"),
    "if": _Function(3, 3, chosen, "if(condition, then, else)"),
    "clip": _Function(3, 3, lambda x, low, high: np.minimum(np.maximum(x, low), high), "clip(x, low, high)"),
    "bucket": _Function(2, 40, bucket, "bucket(x, edge, edge, ...)"),
}
_OPERATORS: dict[type[ast.operator], Callable[[_Values, _Values], _Values]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: ratio,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Callable[[_Values, _Values], _Values]] = {
    ast.Eq: np.equal, ast.NotEq: np.not_equal, ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}  # fmt: skip
_LOGIC: dict[type[ast.boolop], Callable[[_Values, _Values], _Values]] = {ast.And: both, ast.Or: either}
_TRUTHS = (ast.Compare, ast.BoolOp)

# a column of an offset window or a calendar month is no Python name: it is written as it is, or in backquotes
_SPELLING = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*")|`(?P<quoted>[^`]+)`|(?P<offset>[^\W\d]\w*\.\.\w+)|(?P<choice>\bif(?=\s*\())|(?P<glued>(?<!\w)\d[\d.]*(?![eE][+-]?\d)[^\W\d.])"""
)


@dataclass(frozen=True)
class Formula:
    """A checked formula: its tree, and the real names of the columns that the tree knows under a stand-in."""

    tree: ast.expr
    stand_ins: tuple[tuple[str, str], ...] = ()

    def real(self, name: str) -> str:
        return dict(self.stand_ins).get(name, name)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it reads, in order of appearance."""
        called = {id(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        read = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and id(n) not in called]
        read.sort(key=lambda n: (n.lineno, n.col_offset))
        return tuple(dict.fromkeys(self.real(n.id) for n in read))

    @property
    def is_condition(self) -> bool:
        """Whether it can only be 0, 1 or missing."""
        return _is_condition(self.tree)

    def value(self, columns: Mapping[str, pd.Series], rows: int) -> np.ndarray:
        """The formula's value per row, float64; missing in, missing out; x / 0 is missing."""
        return np.broadcast_to(_value(self.tree, self, columns), rows).astype("float64")


def numbers(name: str, series: pd.Series) -> np.ndarray:
    """A column as numbers with NaN for missing. Raises WB-F26 for texts and dates."""
    if not pd.api.types.is_numeric_dtype(series.dtype):
        raise DefinitionError(
            "WB-F26",
            f"a formula computes with '{name}', which does not hold numbers.",
            "A text can be compared: name == 'value' or name in ('a', 'b').",
        )
    return series.to_numpy(dtype="float64", na_value=np.nan)


def parse_formula(text: str, where: str) -> Formula:
    """The checked formula. Raises WB-F05 for anything but columns, numbers, arithmetic, comparisons, and, or, not and
    FUNCTIONS; a text may only be compared with a column."""
    try:
        return _parsed(text.strip())
    except _Refused as refused:
        raise DefinitionError("WB-F05", f"{where}: {refused.what}", refused.hint) from refused.__cause__


def unreadable(what: str, hint: str = _HAS) -> _Refused:
    return _Refused(what, hint)


class _Refused(Exception):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Formula:
    if len(text) > _LONGEST:
        raise unreadable(
            f"the formula has {len(text):,} characters; at most {_LONGEST:,} are read.",
            "Split it into several.",
        )
    stand_ins: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        if found["text"] is not None:
            return found[0]
        if found["choice"] is not None:
            return "if_"
        if found["glued"] is not None:  # 1or 2, 0x10, 30d
            raise unreadable(f"'{found[0]}' is neither a number nor a column.", "Put a space after a number.")
        name = found["quoted"] or found["offset"]
        stand_in = next((s for s, n in stand_ins.items() if n == name), f"column_{len(stand_ins) + 1}_")
        while stand_in in text:
            stand_in += "_"
        stand_ins[stand_in] = name
        return stand_in

    spelled = _SPELLING.sub(plain, text.replace("\n", " "))
    try:
        if "\\" in spelled:
            raise SyntaxError("a formula has no backslashes")
        tree = ast.parse(spelled, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise unreadable(
            f"{text[:200]!r} cannot be read as a formula.",
            "Example: spend_sum_30d / (spend_sum_90d + 1); a column such as spend_sum_month-1 is written in backquotes.",
        ) from error
    _check(tree, 1)
    return Formula(tree, tuple(stand_ins.items()))


def called(node: ast.Call) -> str:
    name = node.func.id if isinstance(node.func, ast.Name) else "?"
    return "if" if name == "if_" else name


def _is_condition(tree: ast.expr) -> bool:
    if isinstance(tree, ast.UnaryOp):
        return isinstance(tree.op, ast.Not)
    if isinstance(tree, ast.Call):
        return called(tree) == "missing"
    return isinstance(tree, _TRUTHS)


def _value(tree: ast.expr, formula: Formula, columns: Mapping[str, pd.Series]) -> np.ndarray:
    def again(child: ast.expr) -> np.ndarray:
        return _value(child, formula, columns)

    if isinstance(tree, ast.Name):
        name = formula.real(tree.id)
        return numbers(name, columns[name])
    if isinstance(tree, ast.Constant):
        return np.full(1, float(str(tree.value)))
    if isinstance(tree, ast.UnaryOp):
        return opposite(again(tree.operand)) if isinstance(tree.op, ast.Not) else -again(tree.operand)
    if isinstance(tree, ast.BinOp):
        return _OPERATORS[type(tree.op)](again(tree.left), again(tree.right))
    if isinstance(tree, ast.BoolOp):
        first, *others = (again(v) for v in tree.values)
        for other in others:
            first = _LOGIC[type(tree.op)](first, other)
        return first
    if isinstance(tree, ast.Compare):
        return _compared(tree, formula, columns)
    if isinstance(tree, ast.Call):
        if called(tree) == "missing" and isinstance(tree.args[0], ast.Name):  # of a text, too
            return columns[formula.real(tree.args[0].id)].isna().to_numpy(dtype="float64")
        return FUNCTIONS[called(tree)].build(*(again(a) for a in tree.args))
    raise TypeError(f"parse_formula let {type(tree).__name__} through")


def _compared(tree: ast.Compare, formula: Formula, columns: Mapping[str, pd.Series]) -> np.ndarray:
    """`0 < x <= 5` is `0 < x and x <= 5`; `x in (1, 2)` asks for each of them."""
    sides = [tree.left, *tree.comparators]
    answer: np.ndarray | None = None
    for operator, left, right in zip(tree.ops, sides, sides[1:], strict=False):
        if isinstance(operator, ast.In | ast.NotIn):
            options = right.elts if isinstance(right, ast.Tuple | ast.List) else [right]
            found = _equal(left, options[0], ast.Eq(), formula, columns)
            for option in options[1:]:
                found = either(found, _equal(left, option, ast.Eq(), formula, columns))
            one = opposite(found) if isinstance(operator, ast.NotIn) else found
        else:
            one = _equal(left, right, operator, formula, columns)
        answer = one if answer is None else both(answer, one)
    if answer is None:
        raise TypeError("a comparison without sides")
    return answer


def _equal(
    left: ast.expr, right: ast.expr, operator: ast.cmpop, formula: Formula, columns: Mapping[str, pd.Series]
) -> np.ndarray:
    name, text = (left, right) if _is_text(right) else (right, left)
    if isinstance(text, ast.Constant) and isinstance(text.value, str) and isinstance(name, ast.Name):
        series = columns[formula.real(name.id)]
        _expect_texts(formula.real(name.id), series, text.value)
        same = (series.astype("object") == text.value).to_numpy(dtype=bool)
        truth = ~same if isinstance(operator, ast.NotEq) else same
        return np.where(series.isna().to_numpy(), np.nan, truth.astype("float64"))
    one, other = _value(left, formula, columns), _value(right, formula, columns)
    truth = _COMPARISONS[type(operator)](one, other).astype("float64")
    return np.where(np.isnan(one) | np.isnan(other), np.nan, truth)


def _expect_texts(name: str, series: pd.Series, text: str) -> None:
    numeric = pd.api.types.is_numeric_dtype(series.dtype)
    if (numeric or pd.api.types.is_datetime64_any_dtype(series.dtype)) and not _nothing_known(series):
        raise DefinitionError(
            "WB-F35",
            f"{text!r} is a text, but '{name}' holds {'numbers' if numeric else 'dates'}: they are never equal.",
            f"Write a number without quotes: {name} == 5."
            if numeric
            else f"Compare columns of texts, or make a number of '{name}' first.",
        )


def _nothing_known(series: pd.Series) -> bool:
    """A worked example may leave every value out, which says nothing about their kind."""
    return len(series) > 0 and bool(series.isna().all())


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _check(node: ast.expr, depth: int) -> None:
    if depth > _DEEPEST:
        raise unreadable(f"the formula is nested more than {_DEEPEST} deep.", "Split it into several.")
    if isinstance(node, ast.Name):
        return
    if isinstance(node, ast.Call):
        _check_call(node)
        children: list[ast.expr] = list(node.args)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise unreadable(f"{str(node.value)[:60]!r} is not a number.")
        if abs(node.value) > 1e300 or not math.isfinite(node.value):
            raise unreadable("a number of the formula is too large.", "Write a smaller one.")
        return
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        children = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        children = [node.operand]
    elif isinstance(node, ast.BoolOp):
        children = list(node.values)
    elif isinstance(node, ast.Compare):
        children = _sides(node)
    else:
        what = type(node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else node).__name__.lower()
        raise unreadable(f"{what} is not allowed in a formula.")
    for child in children:
        _check(child, depth + 1)


def _check_call(node: ast.Call) -> None:
    name = called(node)
    if not isinstance(node.func, ast.Name):
        raise unreadable(f"'{ast.unparse(node.func)[:60]}' is no function, so it is not allowed.")
    if name not in FUNCTIONS:
        raise unreadable(f"the function '{name}' is not allowed.", did_you_mean(name, sorted(FUNCTIONS)))
    function = FUNCTIONS[name]
    if not function.least <= len(node.args) <= function.most or node.keywords:
        raise unreadable(f"'{name}' got {len(node.args)} values.", f"Write {function.takes}.")


def _sides(node: ast.Compare) -> list[ast.expr]:
    """What remains to be checked of a comparison, once its texts and lists are."""
    sides, left = [node.left], node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, ast.In | ast.NotIn):
            if len(node.ops) > 1:
                raise unreadable("`in` cannot be chained.", "Write x in (1, 2) and y in (3, 4).")
            if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
                raise unreadable("`in` needs a list of values.", "Write x in (1, 2) or x in ('a', 'b').")
            if not all(isinstance(e, ast.Constant | ast.UnaryOp) for e in right.elts):
                raise unreadable("`in` needs numbers or texts.", "Write x in (1, 2) or x in ('a', 'b').")
            sides += right.elts
            pairs = [(left, e) for e in right.elts]
        elif type(operator) in _COMPARISONS:
            sides.append(right)
            pairs = [(left, right)]
        else:
            raise unreadable(f"{type(operator).__name__.lower()} is not allowed in a formula.")
        for one, other in pairs:
            text, name = (one, other) if _is_text(one) else (other, one)
            if _is_text(text) and (
                not isinstance(name, ast.Name) or isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            ):
                raise unreadable(
                    "a text can only be compared with a column, by ==, != or in.", "Example: home == 'owner'."
                )
        left = right
    return [s for s in sides if not _is_text(s)]
