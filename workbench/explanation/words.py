"""A customer's true value in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.text import Text

MISSING = Text("unknown", "未知")
COLON = Text(": ", "：")


def value_in_words(value: Any, language: str = "en") -> str:
    """`12`, `3.142`, `1,250,000`, `2017-04-01`, `unknown`, or the level itself on one line.

    >>> value_in_words(12.0), value_in_words(float("nan"), "zh")
    ('12', '未知')
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return MISSING[language]
    if isinstance(value, (bool, np.bool_)):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    if isinstance(value, (pd.Timestamp, np.datetime64)):
        moment = pd.Timestamp(value)
        if not isinstance(moment, pd.Timestamp) or pd.isna(moment):
            return MISSING[language]
        midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
        return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M")
    if isinstance(value, (int, float, np.number)):
        return _number(float(value), language)
    return " ".join(str(value).split()) or MISSING[language]


def _number(value: float, language: str) -> str:
    if math.isnan(value):
        return MISSING[language]
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if abs(value) >= 1e15:
        return f"{value:.3e}"
    if value == round(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) < 100 else f"{value:.1f}"


def sentence_of(feature: str, sentences: Mapping[str, Text], language: str = "en") -> str:
    """The feature's sentence on one line, or its name where it has none."""
    said = sentences[feature][language] if feature in sentences else feature
    return " ".join(said.split()) or feature


def with_value(feature: str, value: Any, sentences: Mapping[str, Text], language: str = "en") -> str:
    """`days since last redemption: 12`."""
    return f"{sentence_of(feature, sentences, language)}{COLON[language]}{value_in_words(value, language)}"
