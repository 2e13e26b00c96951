"""Numbers written as text: plain, with thousands separators, with a decimal comma, as percentages."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from workbench.tables.kernels import pc

NumberForm = Literal["plain", "thousands", "decimal comma", "percent", "boolean"]

_CURRENCY = r"[$€£¥￥]?\s?"
_SIGN = r"[+\-]?"
_PLAIN = r"(?i)^[+\-]?(\d+\.?\d*|\.\d+)(e[+\-]?\d+)?$|^[+\-]?inf(inity)?$"
_BLANKS = "[ \u00a0\u202f']"  # what groups digits in French and Swiss tables
_GROUPED = rf"[1-9]\d{{0,2}}(,\d{{3}})+|[1-9]\d{{0,2}}({_BLANKS}\d{{3}})+|\d+"
_THOUSANDS = rf"^{_SIGN}{_CURRENCY}{_SIGN}({_GROUPED})(\.\d+)?$"
_DECIMAL_COMMA = rf"^{_SIGN}(\d{{1,3}}(\.\d{{3}})+|\d{{1,3}}({_BLANKS}\d{{3}})+|\d+)(,\d+)?(\s?€)?$"
_PERCENT = r"^[+\-]?(\d+\.?\d*|\.\d+)\s?[%％]$"
_TRUE, _FALSE = "true", "false"

# written for "no number here" in a column of numbers; in a column of text they may well be a value of their own
_NO_NUMBER = pa.array(["none", "-", "--", ".", "?", "unknown", "missing", "n.a.", "无", "未知", "缺失"])

_IDENTIFIER = r"^[+\-]?0\d|^[+\-]?\d{16,}$|^\+\d{7,}$"
_COMPACT_DATE = r"^(18|19|20|21)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"


def blank_markers(text: pa.Array) -> pa.Array:
    """The text with the words for "no number here" (none, -, ?, 无, ...) as missing."""
    return pc.if_else(pc.is_in(pc.utf8_lower(text), value_set=_NO_NUMBER.cast(text.type)), None, text)


def whole_column(text: pa.Array) -> np.ndarray | None:
    """float64 with NaN for missing if every value is a plain number, else None; fast."""
    try:
        return _floats(pc.cast(text, pa.float64()))
    except pa.ArrowInvalid:
        return None


def holds_identifiers(text: pa.Array) -> bool:
    """Whether digits stand for names: a leading zero (007), more than 15 digits, a telephone number (+4930123456)."""
    return bool(pc.any(pc.match_substring_regex(text, _IDENTIFIER)).as_py())


def are_compact_dates(text: pa.Array) -> bool:
    """Whether every value is a date as eight digits, 20250131."""
    if not bool(pc.all(pc.match_substring_regex(text.slice(0, 50), _COMPACT_DATE)).as_py()):
        return False
    return bool(pc.all(pc.match_substring_regex(text, _COMPACT_DATE)).as_py())


def parse_numbers(text: pa.Array, form: str) -> np.ndarray:
    """float64 for each text in the given form; NaN where it is missing or no number.

    Plain numbers are read in every form. Thousands: "1,234.5", also behind a currency sign. Decimal comma:
    "1.234,5". Percent: "12.5%" is 0.125. Boolean: true is 1, false is 0.
    """
    if form == "boolean":
        lower = pc.utf8_lower(text)
        truth = pc.if_else(pc.equal(lower, _TRUE), "1", pc.if_else(pc.equal(lower, _FALSE), "0", lower))
        return parse_numbers(truth, "plain")
    if form == "decimal comma":
        kept = pc.if_else(pc.match_substring_regex(text, _DECIMAL_COMMA), text, None)
        bare = pc.replace_substring_regex(kept, rf"[.€]|{_BLANKS}", "")
        return _cast(pc.replace_substring(bare, ",", "."))
    plain = _cast(pc.if_else(pc.match_substring_regex(text, _PLAIN), text, None))
    if form == "percent":
        kept = pc.if_else(pc.match_substring_regex(text, _PERCENT), text, None)
        percent = _cast(pc.replace_substring_regex(kept, r"\s?[%％]", "")) / 100
        return np.where(np.isnan(percent), plain, percent)
    # thousands; also where a plain column meets "1,234" later, which cannot mean anything else there
    grouped = _cast(
        pc.replace_substring_regex(
            pc.if_else(pc.match_substring_regex(text, _THOUSANDS), text, None), rf"[,$€£¥￥]|{_BLANKS}", ""
        )
    )
    return np.where(np.isnan(plain), grouped, plain)


def form_of(text: pa.Array, *, agreeing: float, decimal_comma: bool = False) -> NumberForm | None:
    """The form in which at least the share `agreeing` of the values are numbers, the plainest first; else None.

    `decimal_comma` says that the file comes from where 1,500 is one and a half, not fifteen hundred.
    """
    count = len(text) - text.null_count
    if not count:
        return None

    def share(pattern: str) -> float:
        return (pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0) / count

    plain = share(_PLAIN)
    if plain >= agreeing:
        return "plain"
    if share(_PERCENT) >= agreeing:
        return "percent"
    if decimal_comma and share(_DECIMAL_COMMA) >= agreeing:
        return "decimal comma"
    if share(_THOUSANDS) >= agreeing:
        return "thousands"
    if share(_DECIMAL_COMMA) >= agreeing:
        return "decimal comma"
    return None


def are_booleans(text: pa.Array) -> bool:
    """Whether every value is true or false, however capitalised."""
    return bool(pc.all(pc.is_in(pc.utf8_lower(text), value_set=pa.array([_TRUE, _FALSE], text.type))).as_py())


def _cast(text: pa.Array) -> np.ndarray:
    return _floats(pc.cast(text, pa.float64()))


def _floats(values: pa.Array) -> np.ndarray:
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)
