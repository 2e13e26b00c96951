"""A formula in words: the columns by their sentences, the rest by signs and short words of either language."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from workbench.features.formulas import Formula, called
from workbench.features.glossary import noun_of
from workbench.text import Text

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "×", ast.Div: "÷", ast.Eq: "=", ast.NotEq: "≠", ast.Lt: "<", ast.LtE: "≤",
    ast.Gt: ">", ast.GtE: "≥",
}  # fmt: skip
_WORDS: dict[type[ast.AST], tuple[str, str]] = {
    ast.And: (" and ", "且"), ast.Or: (" or ", "或"), ast.In: ("is one of", "属于"), ast.NotIn: ("is none of", "不属于"),
}  # fmt: skip
_FUNCTIONS: dict[str, tuple[str, str]] = {
    "ratio": ("{0} divided by {1}", "{0}与{1}之比"),
    "abs": ("size of {0}", "{0}的绝对值"),
    "log": ("logarithm of {0}", "{0}的对数"),
    "log1p": ("logarithm of 1 + {0}", "{0}加1的对数"),
    "sqrt": ("square root of {0}", "{0}的平方根"),
    "min": ("the smaller of {0} and {1}", "{0}与{1}中较小者"),
    "max": ("the larger of {0} and {1}", "{0}与{1}中较大者"),
    "coalesce": ("{0}, or {1} if missing", "{0}（缺失时取{1}）"),
    "missing": ("{0} is missing", "{0}缺失"),
    "if": ("{1} where {0}, else {2}", "若{0}则取{1}，否则取{2}"),
    "clip": ("{0} held between {1} and {2}", "{0}（限于{1}至{2}）"),
    "bucket": ("the band of {0}", "{0}所在档位"),
}


# a quoted text stays as it is; `between` has an `and` of its own
_CONDITION = re.compile(
    r"""(?P<kept>'[^']*'|"[^"]*")|\bbetween\s+(?P<low>\S+)\s+and\s+(?P<high>\S+)|\b(?P<word>is\s+not\s+null|is\s+null|not\s+in|and|or|not|in|like)\b""",
    re.IGNORECASE,
)
_CHINESE = {"and": "且", "or": "或", "not": "非", "in": "属于", "not in": "不属于", "like": "形如", "is null": "缺失", "is not null": "不缺失"}  # fmt: skip


def condition_in_words(text: str) -> Text:
    """A condition on rows as it is written, with Chinese words for and, or, not.

    >>> condition_in_words("kind = 'and' and amount > 40").zh
    "kind = 'and' 且 amount > 40"
    """

    def chinese(found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found["kept"]
        if found["low"] is not None:
            return f"介于 {found['low']} 与 {found['high']}"
        return _CHINESE[" ".join(found["word"].lower().split())]

    plain = " ".join(text.split())
    return Text(plain, _CONDITION.sub(chinese, plain))


def in_words(name: str) -> Text:
    """A table or column in the glossary's words, `products.department` by its last part; an expression as it is."""
    parts = name.split(".")
    return noun_of(parts[-1]) if all(p.isidentifier() for p in parts) else Text.of(name)


def quoted(sentence: Text) -> Text:
    """The sentence marked as one, to stand inside another."""
    return Text(f"“{sentence.en}”", f"“{sentence.zh}”")


def spoken(formula: Formula, said: Mapping[str, Text]) -> Text:
    """The whole formula in both languages."""
    return Text(*(_said(formula.tree, formula, said, place) for place in (0, 1)))


def _said(node: ast.expr, formula: Formula, said: Mapping[str, Text], place: int) -> str:
    def again(child: ast.expr) -> str:
        words = _said(child, formula, said, place)
        return f"({words})" if isinstance(child, ast.BinOp | ast.BoolOp | ast.Compare) else words

    if isinstance(node, ast.Name):
        name = formula.real(node.id)
        sentence = quoted(said[name]) if name in said else Text.of(name)
        return sentence["zh" if place else "en"]
    if isinstance(node, ast.Constant):
        return f"“{node.value}”" if isinstance(node.value, str) else str(node.value)
    if isinstance(node, ast.UnaryOp):
        return (
            ("not ", "非")[place] + again(node.operand)
            if isinstance(node.op, ast.Not)
            else "-" + again(node.operand)
        )
    if isinstance(node, ast.BinOp):
        return f"{again(node.left)} {_SIGNS[type(node.op)]} {again(node.right)}"
    if isinstance(node, ast.BoolOp):
        return _WORDS[type(node.op)][place].join(again(v) for v in node.values)
    if isinstance(node, ast.Compare):
        words = again(node.left)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            sign = _SIGNS.get(type(operator)) or _WORDS[type(operator)][place]
            words += f" {sign} {again(right)}"
        return words
    if isinstance(node, ast.Tuple | ast.List):
        return ("、" if place else ", ").join(again(e) for e in node.elts)
    if isinstance(node, ast.Call):
        return _FUNCTIONS[called(node)][place].format(*(again(a) for a in node.args))
    raise TypeError(f"a formula holds no {type(node).__name__}")
