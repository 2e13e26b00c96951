"""What a column holds - numbers, dates, text - decided once, and read the same way ever after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.tables import dates, numbers
from workbench.tables.kernels import pc
from workbench.tables.widths import halfwidths, plain_names

ColumnType = Literal["number", "category", "date", "text"]

UNREADABLE_SHARE = (
    0.05  # of a column's values: up to here they count as missing, beyond the column is of another type
)

VERBATIM = "verbatim"  # the form of text that the workbench made itself: nothing in it stands for missing

_MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "NULL",
    "Null",
    "null",
    "<NA>",
    "NaT",
    "\\N",
    "(null)",
)
_ENOUGH_NUMBERS = 20  # so many different numbers make odd words among them misprints, not levels
_SAMPLE = 500
_WORDS = 20


@dataclass(frozen=True)
class Reading:
    """A column's type; for text the form in which it is written ("thousands", "%d.%m.%Y|%Y-%m-%d", ...); its odd words.

    `missing` are the words that could not be read when the column was first seen. Found again they are no news, so
    that one row is read as it would be among thousands.
    """

    type: ColumnType
    form: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """A column as read: float64, bool, datetime64[us] or str, and what had to become missing on the way."""

    series: pd.Series
    unreadable: int = 0
    infinite: int = 0
    impossible: int = 0  # dates before 1800 or after 2200
    words: tuple[str, ...] = ()  # the unreadable values, at most 20 different ones
    plain: bool = False  # every cell was a number as programs write it
    zoned: int = 0  # moments in text that say their time zone ...
    unzoned: int = 0  # ... and, if there are any, those beside them that do not

    @property
    def example(self) -> str:
        """The first unreadable value."""
        return self.words[0] if self.words else ""


def as_text(series: pd.Series) -> pa.Array:
    """Any column as Arrow text without blanks at the ends; missing markers ("", NA, null, ...) become null.

    Whole numbers have no decimal point (7, also from the float 7.0), truth values are True and False.
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        levels = as_text(pd.Series(series.cat.categories))
        codes = pa.array(series.cat.codes.to_numpy(), pa.int32(), mask=series.isna().to_numpy())
        return levels.take(codes)
    if isinstance(series.dtype, pd.StringDtype):
        text = pa.array(series, pa.large_string())
        if isinstance(text, pa.ChunkedArray):
            text = text.combine_chunks()
    elif pd.api.types.is_bool_dtype(series.dtype) or series.dtype == object:
        text = pa.array([_cell(v) for v in series], pa.large_string())
    elif pd.api.types.is_numeric_dtype(series.dtype):
        text = _number_text(series)
    else:
        text = pa.array(series.astype("str"), pa.large_string())
    trimmed = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.is_in(trimmed, value_set=pa.array(_MISSING, trimmed.type)), None, trimmed)


def _cell(value: object) -> str | None:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return None
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    return str(value)


def _number_text(series: pd.Series) -> pa.Array:
    if pd.api.types.is_float_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        kept = values[~np.isnan(values)]
        if not (
            len(kept)
            and np.isfinite(kept).all()
            and (kept == np.round(kept)).all()
            and abs(kept).max() < 1e15
        ):
            return pa.array([_cell(v) for v in values], pa.large_string())
        integers = np.where(np.isnan(values), 0, values).astype(np.int64)
        return pc.cast(pa.array(integers, mask=np.isnan(values)), pa.large_string())
    return pc.cast(pa.array(series), pa.large_string())


def is_textual(series: pd.Series) -> bool:
    """Whether the column's cells are text (or a mixture), so that what they mean is still to be found out."""
    return isinstance(series.dtype, pd.CategoricalDtype | pd.StringDtype) or series.dtype == object


def understood(
    series: pd.Series, *, decimal_comma: bool = False, zone: str | None = None
) -> tuple[Reading, Values]:
    """What a column holds (see `reading_of`) and the column read so; looks at each cell's text once."""
    if not is_textual(series) or isinstance(series.dtype, pd.CategoricalDtype):
        reading = reading_of(series, decimal_comma=decimal_comma)
        return reading, read_as(series, reading, zone=zone)
    text = as_text(series)
    values = numbers.whole_column(text) if text.null_count < len(text) else None
    reading = _text_reading(text, whole=values is not None, decimal_comma=decimal_comma)
    if reading == Reading("number") and values is not None:
        return reading, replace(_finite(series, values, 0), plain=True)
    return reading, read_as(series, reading, text=text, zone=zone)


def reading_of(series: pd.Series, *, decimal_comma: bool = False) -> Reading:
    """Find out what a column holds.

    Text is a date or a number where at least 95% of its values are; digits that name things (leading zeros, more
    than 15 digits) stay text, eight digits that are all dates become dates. Numbers and dates of a typed file
    stay what they are. `decimal_comma` says that 1,500 is one and a half in this file.
    """
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return Reading("number", "boolean")
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Reading("date")
    if isinstance(dtype, pd.CategoricalDtype):  # somebody said so
        return Reading("category")
    if pd.api.types.is_integer_dtype(dtype):
        return _integer_reading(series)
    if not is_textual(series):
        return Reading("number") if pd.api.types.is_numeric_dtype(dtype) else Reading("category")
    text = as_text(series)
    return _text_reading(text, whole=numbers.whole_column(text) is not None, decimal_comma=decimal_comma)


def stated_reading(
    series: pd.Series, stated: Literal["text", "number", "date"], *, decimal_comma: bool = False
) -> Reading:
    """How a column is read of which somebody said what it holds: only the form is found out."""
    if stated == "text":
        return Reading("category")
    if not is_textual(series):
        return _stated_of_typed(series, stated)
    text = as_text(series)
    if stated == "date":
        if numbers.whole_column(text) is not None:
            lengths = pc.unique(pc.utf8_length(pc.drop_null(text))).to_pylist()
            digits = {8: "%Y%m%d", 6: "%Y%m", 4: "%Y"}
            return Reading("date", digits.get(lengths[0] if len(lengths) == 1 else 0, ""))
        distinct = pc.unique(pc.drop_null(text)).to_pandas().astype("str")
        return Reading("date", "|".join(dates.formats_in(distinct)))
    form = numbers.form_of(numbers.blank_markers(text), agreeing=0.5, decimal_comma=decimal_comma)
    return Reading("number", "" if form in (None, "plain") else form)


def _stated_of_typed(series: pd.Series, stated: Literal["number", "date"]) -> Reading:
    if stated == "number" or pd.api.types.is_datetime64_any_dtype(series.dtype):
        return Reading(stated)
    return stated_reading(as_text(series).to_pandas().astype("str"), stated)


def _integer_reading(series: pd.Series) -> Reading:
    values = series.dropna()
    if not len(values) or (10**7 <= abs(int(values.iloc[0])) < 10**8) or int(abs(values).max()) >= 10**15:
        text = as_text(series)
        if pc.any(pc.match_substring_regex(text, r"^-?\d{16,}$")).as_py():
            return Reading("category")
        if _all_compact_dates(text):
            return Reading("date", "%Y%m%d")
    return Reading("number")


def _all_compact_dates(text: pa.Array) -> bool:
    if text.null_count == len(text) or not numbers.are_compact_dates(text):
        return False
    distinct = pc.unique(pc.drop_null(text))
    return len(distinct) >= 5 and bool(
        dates.parse_dates(distinct.to_pandas().astype("str"), ["%Y%m%d"]).notna().all()
    )


def _text_reading(text: pa.Array, *, whole: bool, decimal_comma: bool) -> Reading:
    present = pc.drop_null(text)
    if not len(present):
        return Reading("number")
    if whole:
        if numbers.holds_identifiers(text):
            return Reading("category")
        return Reading("date", "%Y%m%d") if _all_compact_dates(text) else Reading("number")
    if numbers.are_booleans(present.slice(0, _SAMPLE)) and numbers.are_booleans(present):
        return Reading("number", "boolean")
    head = halfwidths(present.slice(0, _SAMPLE))
    if dates.looks_dated(head.slice(0, 60).to_pylist()):
        form = _date_form(present)
        if form:
            return Reading("date", form)
    # half of a sample is enough to look closer, so that a bad beginning does not decide
    if numbers.form_of(numbers.blank_markers(head), agreeing=0.5):
        return _number_reading(numbers.blank_markers(halfwidths(text)), decimal_comma)
    return Reading("category")


def _date_form(present: pa.Array) -> str:
    distinct = present.value_counts()
    values = distinct.field("values").to_pandas().astype("str")
    times = distinct.field("counts").to_numpy(zero_copy_only=False)
    formats = dates.formats_in(values)
    unreadable = times[dates.parse_dates(values, formats).isna().to_numpy()].sum()
    return "|".join(formats) if unreadable <= UNREADABLE_SHARE * times.sum() else ""


def _number_reading(text: pa.Array, decimal_comma: bool) -> Reading:
    form = numbers.form_of(text, agreeing=1 - UNREADABLE_SHARE, decimal_comma=decimal_comma)
    if form is None or numbers.holds_identifiers(text):
        return Reading("category")
    parsed = numbers.parse_numbers(text, form)
    odd = len(text) - text.null_count - int((~np.isnan(parsed)).sum())
    if odd and len(np.unique(parsed[~np.isnan(parsed)])) < _ENOUGH_NUMBERS:
        return Reading("category")  # levels 1, 2, 3 and X
    return Reading("number", "" if form == "plain" else form)


def read_as(
    series: pd.Series, reading: Reading, *, text: pa.Array | None = None, zone: str | None = None
) -> Values:
    """The column in the type that was once decided; what cannot be read in it becomes missing and is counted.

    Numbers are float64 and finite, dates datetime64[us] in `zone` (by default UTC), text is `str`.
    """
    if reading.type == "number":
        return _as_number(series, reading, text)
    if reading.type == "date":
        return _as_date(series, reading, text, zone)
    if reading.form == VERBATIM and is_textual(series):
        return Values(series.astype("str"))
    text = plain_names(as_text(series) if text is None else text)
    return Values(pd.Series(text.to_pandas().to_numpy(), index=series.index, dtype="str", name=series.name))


def _as_number(series: pd.Series, reading: Reading, text: pa.Array | None) -> Values:
    if not is_textual(series):
        if pd.api.types.is_bool_dtype(series.dtype) or pd.api.types.is_numeric_dtype(series.dtype):
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
            return _finite(series, values, 0)
        return _nothing(series, "float64")
    text = as_text(series) if text is None else text
    values = numbers.whole_column(text) if not reading.form else None
    unreadable, words = 0, ()
    if values is None:
        text = _without(numbers.blank_markers(halfwidths(text)), reading.missing)
        values = numbers.parse_numbers(text, reading.form or "plain")
        odd = np.isnan(values) & ~text.is_null().to_numpy(zero_copy_only=False)
        unreadable, words = int(odd.sum()), _different(text, odd)
    return _finite(series, values, unreadable, words)


def _without(text: pa.Array, words: tuple[str, ...]) -> pa.Array:
    if not words:
        return text
    return pc.if_else(pc.is_in(text, value_set=pa.array(words, text.type)), None, text)


def _different(text: pa.Array, odd: np.ndarray) -> tuple[str, ...]:
    if not odd.any():
        return ()
    return tuple(str(w) for w in pc.unique(text.filter(pa.array(odd))).slice(0, _WORDS).to_pylist())


def _finite(series: pd.Series, values: np.ndarray, unreadable: int, words: tuple[str, ...] = ()) -> Values:
    infinite = int(np.isinf(values).sum())
    if infinite:
        values = np.where(np.isinf(values), np.nan, values)
    return Values(pd.Series(values, index=series.index, name=series.name), unreadable, infinite, 0, words)


def _as_date(series: pd.Series, reading: Reading, text: pa.Array | None, zone: str | None) -> Values:
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        naive = (
            series.dt.tz_convert(zone or "UTC").dt.tz_localize(None) if series.dt.tz is not None else series
        )
        return _possible(naive.astype("datetime64[us]"), 0)
    if not is_textual(series) and reading.form not in dates.DIGITS_ONLY:
        return _nothing(series, "datetime64[us]")
    text = _without(numbers.blank_markers(as_text(series) if text is None else text), reading.missing)
    coded = text.dictionary_encode()  # dates repeat: each is parsed once
    values = coded.dictionary.to_pandas().astype("str")
    parsed = dates.parse_dates(values, reading.form.split("|") if reading.form else (), zone=zone)
    if parsed.isna().any():
        left = values[parsed.isna()]
        parsed[parsed.isna()] = dates.parse_dates(left, dates.formats_in(left), zone=zone)
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    column = parsed.to_numpy()[codes] if len(parsed) else np.full(len(series), "NaT", dtype="datetime64[us]")
    column = np.where(codes < 0, np.datetime64("NaT"), column).astype("datetime64[us]")
    odd = np.isnat(column) & (codes >= 0)
    read = pd.Series(column, index=series.index, name=series.name)
    zoned, unzoned = _zones(coded, parsed.notna().to_numpy())
    return replace(_possible(read, int(odd.sum()), _different(text, odd)), zoned=zoned, unzoned=unzoned)


def _zones(coded: pa.DictionaryArray, read: np.ndarray) -> tuple[int, int]:
    """How many moments say their time zone, and how many do not beside them."""
    says = pc.match_substring_regex(coded.dictionary, dates.ZONE).to_numpy(zero_copy_only=False)
    if not says.any():
        return 0, 0
    codes = pc.drop_null(coded.indices).to_numpy(zero_copy_only=False)
    return int((says & read)[codes].sum()), int((~says & read)[codes].sum())


def _possible(series: pd.Series, unreadable: int, words: tuple[str, ...] = ()) -> Values:
    outside = (series < dates.EARLIEST) | (series >= dates.LATEST)
    impossible = int(outside.sum())
    return Values(series.mask(outside) if impossible else series, unreadable, 0, impossible, words)


def _nothing(series: pd.Series, dtype: str) -> Values:
    """A column of another type altogether: every value that is there counts as unreadable."""
    there = series.notna()
    words = (str(series[there].iloc[0]),) if there.any() else ()
    empty = pd.Series(np.nan, index=series.index, name=series.name).astype(dtype)
    return Values(empty, int(there.sum()), 0, 0, words)
