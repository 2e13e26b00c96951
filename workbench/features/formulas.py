"""Arithmetic over feature columns, read by an allow-list: no text is ever executed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from workbench.errors import DefinitionError, did_you_mean

_Values = np.ndarray


def ratio(top: _Values, bottom: _Values) -> _Values:
    """Missing, not infinite, where the denominator is 0."""
    safe = np.where(bottom == 0, np.nan, bottom)
    return top / safe


FUNCTIONS: dict[str, tuple[int, Callable[..., _Values]]] = {
    "ratio": (2, ratio),
    "abs": (1, np.abs),
    "log1p": (1, lambda x: np.log1p(np.where(x > -1, x, np.nan))),
    "sqrt": (1, lambda x: np.sqrt(np.where(x >= 0, x, np.nan))),
    "min": (2, np.fmin),
    "max": (2, np.fmax),
    "coalesce": (2, lambda x, y: np.where(np.isnan(x), y, x)),
}
_OPERATORS: dict[type[ast.operator], Callable[[_Values, _Values], _Values]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: ratio,
}  # fmt: skip


def parse_formula(text: str, where: str) -> ast.expr:
    """The checked tree of a formula. Raises WB-F05 for anything but column names, numbers, + - * / and FUNCTIONS."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise DefinitionError(
            "WB-F05",
            f"{where}: {text!r} cannot be read as a formula.",
            "Example: spend_sum_30d / (spend_sum_90d + 1).",
        ) from error
    for node in ast.walk(tree):
        _check(node, where)
    return tree


def names_in(tree: ast.expr) -> tuple[str, ...]:
    """The columns a formula reads, in order of appearance."""
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return tuple(
        dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called)
    )


def evaluate(tree: ast.expr, columns: Mapping[str, pd.Series]) -> np.ndarray:
    """The formula's value per row, float64; missing in, missing out; x / 0 is missing."""
    if isinstance(tree, ast.Name):
        return columns[tree.id].to_numpy(dtype="float64", na_value=np.nan)
    if isinstance(tree, ast.Constant):
        return np.full(1, float(str(tree.value)))
    if isinstance(tree, ast.UnaryOp):
        return -evaluate(tree.operand, columns)
    if isinstance(tree, ast.BinOp):
        return _OPERATORS[type(tree.op)](evaluate(tree.left, columns), evaluate(tree.right, columns))
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return FUNCTIONS[tree.func.id][1](*(evaluate(a, columns) for a in tree.args))
    raise TypeError(f"parse_formula let {type(tree).__name__} through")


def _check(node: ast.AST, where: str) -> None:
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else "?"
        if name not in FUNCTIONS:
            raise DefinitionError(
                "WB-F05",
                f"{where}: the function '{name}' is not allowed.",
                did_you_mean(name, sorted(FUNCTIONS)),
            )
        if len(node.args) != FUNCTIONS[name][0] or node.keywords:
            raise DefinitionError(
                "WB-F05", f"{where}: '{name}' takes {FUNCTIONS[name][0]} values.", "Correct the formula."
            )
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise DefinitionError(
                "WB-F05",
                f"{where}: {node.value!r} is not a number.",
                "A formula has columns, numbers, + - * / and functions.",
            )
        return
    allowed = (ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.USub, *_OPERATORS)
    if not isinstance(node, allowed):
        raise DefinitionError(
            "WB-F05",
            f"{where}: {type(node).__name__.lower()} is not allowed in a formula.",
            "A formula has columns, numbers, + - * / and functions.",
        )
