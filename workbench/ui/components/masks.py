"""Customer numbers as they may be shown on a screen."""

from __future__ import annotations

import pandas as pd

DOTS = "•••"


def masked(value: object) -> str:
    """The last two characters behind dots; nothing of a shorter value.

    >>> masked(10234)
    '•••34'
    >>> masked("7")
    '•••'
    """
    text = str(value)
    return DOTS + (text[-2:] if len(text) > 4 else text[-1:] if len(text) > 2 else "")


def mask_columns(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The frame with those columns masked; the given frame is left as it is."""
    present = [name for name in columns if name in frame.columns]
    return frame.assign(**{name: frame[name].map(masked) for name in present})
