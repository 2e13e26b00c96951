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


def halfwidth(value: str) -> str:
    """One text with plain signs.

    >>> halfwidth("（１，２３４．５）")
    '(1,234.5)'
    """
    return value.translate(_PLAIN)


def halfwidths(text: pa.Array) -> pa.Array:
    """A column of text with plain signs; one that is plain already, as nearly all are, is given back as it is."""
    return changed(text, halfwidth)


def changed(text: pa.Array, rule: Callable[[str], str]) -> pa.Array:
    """The column with `rule` (text to text) applied wherever a sign beyond ASCII stands."""
    foreign = pc.fill_null(pc.invert(pc.string_is_ascii(text)), False)
    if not pc.any(foreign).as_py():
        return text
    mended = pa.array([rule(v) for v in text.filter(foreign).to_pylist()], text.type)
    return pc.replace_with_mask(text, foreign, mended)
