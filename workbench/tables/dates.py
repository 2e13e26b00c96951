"""Dates and times written as text, in the ways that exports write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.tables.widths import changed, halfwidth

_DATE_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(shape, re.IGNORECASE), formats)
    for shape, formats in (
        (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
        (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
        (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
        (r"\d{4}年\d{1,2}月\d{1,2}日", ("%Y年%m月%d日",)),
        (r"\d{4}年\d{1,2}月", ("%Y年%m月",)),
        (r"\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
        (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
        (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y",)),
        (r"\d{1,2}/\d{1,2}/\d{2}", ("%d/%m/%y", "%m/%d/%y")),
        (r"\d{1,2} [a-z]{3} \d{4}", ("%d %b %Y",)),
        (r"\d{1,2}-[a-z]{3}-\d{4}", ("%d-%b-%Y",)),
        (r"\d{1,2}-[a-z]{3}-\d{2}", ("%d-%b-%y",)),
        (r"\d{1,2} [a-z]{4,9} \d{4}", ("%d %B %Y",)),
        (r"[a-z]{3} \d{1,2}, \d{4}", ("%b %d, %Y",)),
        (r"[a-z]{4,9} \d{1,2}, \d{4}", ("%B %d, %Y",)),
        (r"\d{4}-\d{2}", ("%Y-%m",)),
        (r"\d{4}/\d{2}", ("%Y/%m",)),
    )
)
_TIME = re.compile(
    r"(?P<gap>[T ]?)(?P<clock>\d{1,2}:\d{2})(?P<seconds>:\d{2})?(?P<fraction>\.\d{1,9})?"
    r"(?P<half> ?[AP]M)?(?P<zone>Z| ?[+-]\d{2}:?\d{2}| UTC)?$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}|日\d{1,2}:\d{2}")
_MAYBE = re.compile(r"^[A-Za-z]{0,9}\D{0,2}\d")
_SAMPLE = 60

_CHINESE_CLOCK = re.compile(
    r"\s*(?P<half>凌晨|早上|早晨|上午|中午|下午|傍晚|晚上)?\s*(?P<hour>\d{1,2})\s*(?:[时時点點]|:)\s*"
    r"(?:(?P<minute>\d{1,2})\s*(?:[分:](?P<second>\d{1,2})?\s*秒?)?)?$"
)
_CHINESE_SIGNS = re.compile(r"[时時点點午晨晚早傍]")
_AFTERNOON = ("下午", "傍晚", "晚上")

ZONE = r"(?i)(\d(Z| UTC)|:\d\d(\.\d+)? ?[+-]\d\d:?\d\d)$"  # how a moment ends that says its time zone

DIGITS_ONLY = ("%Y%m%d", "%Y%m", "%Y")  # formats in which a date is also a whole number

EARLIEST, LATEST = pd.Timestamp("1800-01-01"), pd.Timestamp("2200-01-01")


def format_of(value: str) -> tuple[str, ...]:
    """The strptime formats that one text may be written in; two where day and month cannot be told; else none.

    >>> format_of("2025-03-01 08:30")
    ('%Y-%m-%d %H:%M',)
    >>> format_of("02/03/2025")
    ('%d/%m/%Y', '%m/%d/%Y')
    """
    if len(value) > 40 or not _MAYBE.match(value):
        return ()
    clock = _CLOCK.search(value)
    split = len(value)
    if clock:
        split = clock.start() + (1 if value[clock.start()] == "日" else 0)
    time = ""
    if clock:
        match = _TIME.fullmatch(value[split:])
        if not match:
            return ()
        time = match["gap"] + ("%I:%M" if match["half"] else "%H:%M")
        time += ":%S" if match["seconds"] else ""
        time += ".%f" if match["fraction"] else ""
        time += match["half"].upper().replace("AM", "%p").replace("PM", "%p") if match["half"] else ""
        if match["zone"]:
            time += (
                " UTC" if match["zone"].upper() == " UTC" else (" %z" if match["zone"][0] == " " else "%z")
            )
    for shape, formats in _DATE_SHAPES:
        if shape.fullmatch(value[:split]):
            return tuple(f + time for f in formats)
    return ()


def plainly(value: str) -> str:
    """A date as a person in China writes it, with plain signs and a clock of 24 hours.

    >>> plainly("２０２４年１月３日 下午2点05分")
    '2024年1月3日 14:05'
    """
    text = halfwidth(value)
    if "年" in text:
        text = re.sub(r"\s*([年月])\s*", r"\1", text)
        text = re.sub(r"\s*[日号號]", "日", text)
    if not _CHINESE_SIGNS.search(text):
        return text
    clock = _CHINESE_CLOCK.search(text)
    if not clock:
        return text
    hour = int(clock["hour"])
    if (clock["half"] in _AFTERNOON and hour < 12) or (clock["half"] == "中午" and hour < 3):
        hour += 12
    elif clock["half"] == "凌晨" and hour == 12:
        hour = 0
    seconds = f":{int(clock['second']):02d}" if clock["second"] else ""
    return f"{text[: clock.start()]} {hour:02d}:{int(clock['minute'] or 0):02d}{seconds}"


def _plain(values: pd.Series) -> pd.Series:
    text = pa.array(values, pa.large_string(), from_pandas=True)
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    mended = changed(text, plainly)
    return (
        values
        if mended is text
        else pd.Series(mended.to_pandas().to_numpy(), index=values.index, dtype="str")
    )


def looks_dated(values: Sequence[str]) -> bool:
    """Whether at least half of the first values are written like dates; cheap."""
    sample = [plainly(v) for v in values[:_SAMPLE]]
    return bool(sample) and sum(bool(format_of(v)) for v in sample) >= 0.5 * len(sample)


def formats_in(values: pd.Series) -> tuple[str, ...]:
    """The formats that occur in a column of text, commonest first.

    Where 02/03 could be either, the order that reads more of the values wins, and day before month if both read
    all of them.
    """
    values = _plain(values)
    counts: Counter[tuple[str, ...]] = Counter()
    step = max(len(values) // 2000, 1)
    for value in values.iloc[::step]:
        formats = format_of(value)
        if formats:
            counts[formats] += 1
    chosen: list[str] = []
    for formats, _ in counts.most_common(6):
        if len(formats) > 1:
            formats = (max(formats, key=lambda f: int(_parsed(values, f).notna().sum())),)
        chosen.extend(formats)
    return tuple(chosen)


def day_or_month(values: pd.Series, formats: Sequence[str]) -> bool:
    """Whether the values could be read with day and month exchanged just as well."""
    values = _plain(values)
    for fmt in formats:
        if fmt.startswith(("%d/%m", "%d-%m-", "%m/%d", "%m-%d-")):
            other = fmt.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
            if int(_parsed(values, other).notna().sum()) == int(_parsed(values, fmt).notna().sum()):
                return True
    return False


def parse_dates(values: pd.Series, formats: Sequence[str], *, zone: str | None = None) -> pd.Series:
    """datetime64[us] for each text, tried with each format in turn; NaT where none fits.

    A moment that says its time zone becomes one of `zone`, by default of UTC; one that does not stays as it is told.
    """
    result = pd.Series(np.full(len(values), "NaT", dtype="datetime64[us]"), index=values.index)
    values = _plain(values)
    left = values.notna()
    for fmt in formats:
        if not left.any():
            break
        result[left] = _parsed(values[left], fmt, zone)
        left &= result.isna()
    return result


def _parsed(values: pd.Series, fmt: str, zone: str | None = None) -> pd.Series:
    zoned = fmt.endswith(("%z", " UTC"))
    parsed = pd.to_datetime(values, format=fmt, errors="coerce", utc=zoned)
    if zoned:
        parsed = (parsed if zone is None else parsed.dt.tz_convert(ZoneInfo(zone))).dt.tz_localize(None)
    return parsed.astype("datetime64[us]")
