"""Numbers written as text: plain, with thousands separators, a decimal comma, a percent sign, brackets or units."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pyarrow as pa

from workbench.tables.kernels import pc

NumberForm = Literal["plain", "thousands", "decimal comma", "percent", "accounting", "units", "boolean"]

_CURRENCY = r"[$€£¥￥]?\s?"
_SIGN = r"[+\-]?"
_PLAIN = r"(?i)^[+\-]?(\d+\.?\d*|\.\d+)(e[+\-]?\d+)?$|^[+\-]?inf(inity)?$"
_BLANKS = "[ \u00a0\u202f']"  # what groups digits in French and Swiss tables
_GROUPED = rf"[1-9]\d{{0,2}}(,\d{{3}})+|[1-9]\d{{0,2}}({_BLANKS}\d{{3}})+|\d+"
_THOUSANDS = rf"^{_SIGN}{_CURRENCY}{_SIGN}({_GROUPED})(\.\d+)?$"
_DECIMAL_COMMA = rf"^{_SIGN}(\d{{1,3}}(\.\d{{3}})+|\d{{1,3}}({_BLANKS}\d{{3}})+|\d+)(,\d+)?(\s?€)?$"
_PERCENT = r"^[+\-]?(\d+\.?\d*|\.\d+)\s?[%％]$"
_AMOUNT = rf"{_SIGN}{_CURRENCY}{_SIGN}({_GROUPED})(\.\d+)?"
_ACCOUNTING = rf"^{_CURRENCY}\({_CURRENCY}({_GROUPED})(\.\d+)?\)$"  # (1,234.50) is a debt
_UNIT = {
    "千": 1e3,
    "万": 1e4,
    "萬": 1e4,
    "十万": 1e5,
    "百万": 1e6,
    "千万": 1e7,
    "亿": 1e8,
    "億": 1e8,
    "万亿": 1e12,
}
_UNITS = rf"^\(?{_AMOUNT}\s?(元|({'|'.join(sorted(_UNIT, key=len, reverse=True))})元?)\)?$"
_TRUE, _FALSE = "true", "false"

# written for "no number here" in a column of numbers; in a column of text they may well be a value of their own
_NO_NUMBER = pa.array(["none", "-", "--", ".", "?", "unknown", "missing", "n.a.", "无", "未知", "缺失"])

_IDENTIFIER = r"^[+\-]?0\d|^[+\-]?\d{16,}$|^\+\d{7,}$"
# as Excel shows and saves a long number (1.10E+17); programs write 1.1e+17 or 1.1E17
_SHORTENED = r"^[1-9](\.\d{1,9})?E\+(1\d|[2-9]\d)$"
_LONG = r"^\d{10,}$"
_SUSPECT = rf"{_IDENTIFIER}|{_SHORTENED}"
_MAYBE_LONG = re.compile(rf"{_SHORTENED}|{_LONG}")
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
    """Whether digits stand for names: a leading zero (007), more than 15 digits, a telephone number (+4930123456).

    So do names of which Excel has kept the first digits only, see `shortened`.
    """
    suspect = pc.match_substring_regex(text, _SUSPECT)
    if not pc.any(suspect).as_py():
        return False
    suspects = text.filter(pc.fill_null(suspect, False))
    return bool(pc.any(pc.match_substring_regex(suspects, _IDENTIFIER)).as_py()) or shortened(text) > 0


def shortened(text: pa.Array) -> int:
    """How many long names of digits were written as 1.10E+17, with the rest of their digits lost.

    Counted only where at least half of the values are such or have ten digits and more: in a column of amounts
    the same writing is a large amount.
    """
    present = pc.drop_null(text)
    if not len(present):
        return 0
    lost = pc.sum(pc.match_substring_regex(present, _SHORTENED)).as_py() or 0
    if not lost:
        return 0
    whole = pc.sum(pc.match_substring_regex(present, _LONG)).as_py() or 0
    return lost if lost + whole >= 0.5 * len(present) else 0


def is_shortened(value: str) -> bool:
    """Whether one text is written as Excel writes a long number."""
    return re.fullmatch(_SHORTENED, value) is not None


def may_be_shortened(values: Iterable[str]) -> bool:
    """Whether a column that begins so deserves a closer look by `shortened`; cheap."""
    return any(_MAYBE_LONG.match(v) for v in values)


def are_compact_dates(text: pa.Array) -> bool:
    """Whether every value is a date as eight digits, 20250131."""
    if not bool(pc.all(pc.match_substring_regex(text.slice(0, 50), _COMPACT_DATE)).as_py()):
        return False
    return bool(pc.all(pc.match_substring_regex(text, _COMPACT_DATE)).as_py())


def parse_numbers(text: pa.Array, form: str) -> np.ndarray:
    """float64 for each text in the given form; NaN where it is missing or no number.

    Plain numbers are read in every form. Thousands: "1,234.5", also behind a currency sign. Decimal comma:
    "1.234,5". Percent: "12.5%" is 0.125. Accounting: "(1,234.5)" is -1234.5. Units: "3.5万" is 35000, "1.2亿元" is
    120000000. Boolean: true is 1, false is 0.
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
    # also where a plain column meets "1,234", "(1,234)" or "3.5万" later, which cannot mean anything else there
    for written, read in (
        (_THOUSANDS, _grouped),
        (_ACCOUNTING, lambda t: -_grouped(t)),
        (_UNITS, _with_units),
    ):
        left = np.flatnonzero(np.isnan(plain))
        if not len(left):
            break
        rest = text.take(pa.array(left))
        hit = pc.fill_null(pc.match_substring_regex(rest, written), False)
        plain[left[hit.to_numpy(zero_copy_only=False)]] = read(rest.filter(hit))
    return plain


def _grouped(text: pa.Array) -> np.ndarray:
    return _cast(pc.replace_substring_regex(text, rf"[,()$€£¥￥]|{_BLANKS}", ""))


def _with_units(text: pa.Array) -> np.ndarray:
    unit = pc.struct_field(pc.extract_regex(text, r"(?P<unit>[^\d\s元)]*)\s?元?\)?$"), "unit")
    times = np.array([_UNIT.get(u, 1.0) for u in unit.to_pylist()])
    negative = pc.starts_with(text, "(").to_numpy(zero_copy_only=False)
    bare = pc.replace_substring_regex(text, r"[^\d.+\-]", "")
    # 1.2 times a hundred million is 120000000, without a rest in the last binary digit
    return np.round(_cast(bare) * times, 6) * np.where(negative, -1, 1)


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
    bracketed = share(f"{_PLAIN}|{_THOUSANDS}|{_ACCOUNTING}")
    if bracketed >= agreeing:
        return "accounting"
    if share(f"{_PLAIN}|{_THOUSANDS}|{_ACCOUNTING}|{_UNITS}") >= agreeing:
        return "units"
    return None


def are_booleans(text: pa.Array) -> bool:
    """Whether every value is true or false, however capitalised."""
    return bool(pc.all(pc.is_in(pc.utf8_lower(text), value_set=pa.array([_TRUE, _FALSE], text.type))).as_py())


def _cast(text: pa.Array) -> np.ndarray:
    return _floats(pc.cast(text, pa.float64()))


def _floats(values: pa.Array) -> np.ndarray:
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)
