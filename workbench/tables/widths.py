"""Full-width signs (１２３，４．５％) as the plain ones that they stand for."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from workbench.tables.kernels import pc

_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,  # the ideographic blank
    0xFFE5: 0xA5,  # ￥
    0xFFE1: 0xA3,  # ￡
    0x2212: 0x2D,  # the minus of typesetting
}
_WIDE = "Ａ-Ｚａ-ｚ－＿"
_SIGNS = f"[0-9A-Za-z_０-９{_WIDE}-]*"
# one wide sign at least, and a digit of either kind before or after it
_NAMES_A_THING = f"^{_SIGNS}(?:[０-９]|[{_WIDE}]{_SIGNS}[0-9]|[0-9]{_SIGNS}[{_WIDE}]){_SIGNS}$"


def halfwidth(value: str) -> str:
    """One text with plain signs.

    >>> halfwidth("（１，２３４．５）")
    '(1,234.5)'
    """
    return value.translate(_PLAIN)


def halfwidths(text: pa.Array) -> pa.Array:
    """A column of text with plain signs; one that is plain already, as nearly all are, is given back as it is."""
    return changed(text, halfwidth)


def plain_names(text: pa.Array) -> pa.Array:
    """The column with cells such as `００１００` or `Ａ－７`, which name a thing in full-width signs, as `00100` and `A-7`.

    Only cells made of letters, digits, `-` and `_` with a digit among them: a sentence stays as it was written.
    """
    foreign = pc.fill_null(pc.match_substring_regex(text, _NAMES_A_THING), False)
    if not pc.any(foreign).as_py():
        return text
    mended = pa.array([halfwidth(v) for v in text.filter(foreign).to_pylist()], text.type)
    return pc.replace_with_mask(text, foreign, mended)


def changed(text: pa.Array, rule: Callable[[str], str]) -> pa.Array:
    """The column with `rule` (text to text) applied wherever a sign beyond ASCII stands."""
    foreign = pc.fill_null(pc.invert(pc.string_is_ascii(text)), False)
    if not pc.any(foreign).as_py():
        return text
    mended = pa.array([rule(v) for v in text.filter(foreign).to_pylist()], text.type)
    return pc.replace_with_mask(text, foreign, mended)
