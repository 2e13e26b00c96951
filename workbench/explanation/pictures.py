"""shap's own pictures as PNG bytes, in sentences rather than column names, without a screen."""

from __future__ import annotations

import io
import math
import threading
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from workbench.explanation.importance import numeric
from workbench.explanation.pushes import BASE
from workbench.explanation.words import COLON, sentence_of
from workbench.text import Text

_ONE_AT_A_TIME = threading.Lock()  # pyplot keeps a global current figure
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "Arial Unicode MS",
)
_LONGEST, _LONGEST_VALUE = 60, 30
_MOST_POINTS = 2000
_AXIS = Text("push on the log-odds of the event", "对事件对数几率的推动")


def beeswarm_png(
    contributions: pd.DataFrame,
    X: pd.DataFrame,
    sentences: Mapping[str, Text],
    *,
    language: str = "en",
    max_display: int = 15,
    seed: int = 0,
) -> bytes:
    """One dot per customer and feature, coloured by the feature's value (levels and missing values grey).

    More than 2,000 rows are drawn from at random by `seed`.
    """
    names = [name for name in contributions.columns if name != BASE]
    generator = np.random.default_rng(seed)
    rows = np.arange(len(contributions))
    if len(rows) > _MOST_POINTS:
        rows = np.sort(generator.choice(rows, _MOST_POINTS, replace=False))
    values = _from_average(contributions[names])[rows]
    order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:max_display]
    shown = [names[at] for at in order]
    data = np.column_stack([_colours(X[name].iloc[rows]) for name in shown])
    labels = _labels(shown, sentences, language)

    def draw(plt: Any, shap: Any) -> None:
        told = shap.Explanation(values[:, order], data=data, feature_names=labels)
        shap.plots.beeswarm(
            told,
            max_display=max_display,
            show=False,
            plot_size=(9, 0.42 * len(shown) + 1.6),
            color_bar_label=_drawable(
                Text("feature value", "取值")[language], Text("feature value", "取值").en
            ),
        )

    return _png(draw, language=language, seed=seed)


def bar_png(
    contributions: pd.DataFrame,
    sentences: Mapping[str, Text],
    *,
    language: str = "en",
    max_display: int = 15,
) -> bytes:
    """Mean absolute push of the strongest features against the average customer."""
    names = [name for name in contributions.columns if name != BASE]
    values = _from_average(contributions[names])
    labels = _labels(names, sentences, language)

    def draw(plt: Any, shap: Any) -> None:
        told = shap.Explanation(values, data=np.zeros(values.shape), feature_names=labels)
        shap.plots.bar(told, max_display=max_display, show=False)
        plt.gcf().set_size_inches(9, 0.42 * min(len(names), max_display) + 1.6)

    return _png(draw, language=language, seed=0)


def waterfall_png(customer: pd.DataFrame, *, language: str = "en", max_display: int = 12) -> bytes:
    """From the reference's log-odds to this customer's; `customer` comes from `one_customer`."""
    labels = _labels(
        list(customer["feature"]),
        {},
        language,
        said=list(customer["sentence"]),
        values=list(customer["value"]),
    )

    before, after = (1 / (1 + math.exp(-customer.attrs[name])) for name in ("base", "log_odds"))
    title = Text(
        f"probability of the event {after:.1%}, where the reference has {before:.1%}",
        f"事件概率 {after:.1%}，参照为 {before:.1%}",
    )

    def draw(plt: Any, shap: Any) -> None:
        told = shap.Explanation(
            customer["contribution"].to_numpy(dtype=float),
            base_values=float(customer.attrs["base"]),
            data=None,
            feature_names=labels,
        )
        shap.plots.waterfall(told, max_display=max_display, show=False)
        plt.title(_drawable(title[language], title.en), loc="left", fontsize=11)

    return _png(draw, language=language, seed=0, axis=False)


def _from_average(contributions: pd.DataFrame) -> np.ndarray:
    """Pushes against the average customer, as `importance` measures them."""
    values = contributions.to_numpy(dtype=float)
    return values - values.mean(axis=0)


def _colours(column: pd.Series) -> np.ndarray:
    values = numeric(column)
    if values is None:
        return np.full(len(column), np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _png(draw: Callable[[Any, Any], None], *, language: str, seed: int, axis: bool = True) -> bytes:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with _ONE_AT_A_TIME, warnings.catch_warnings(), matplotlib.rc_context(_fonts()), _jitter(seed):
        # shap builds its colour map on import by a call that matplotlib means to retire some day
        warnings.filterwarnings("ignore", "The set_(bad|over|under) function", PendingDeprecationWarning)
        # levels have no order, hence no colour: their dots are grey
        warnings.filterwarnings("ignore", "All-NaN slice encountered", RuntimeWarning)
        import shap

        figure = plt.figure()
        try:
            draw(plt, shap)
            if axis:
                plt.gca().set_xlabel(_drawable(_AXIS[language], _AXIS.en))
            stream = io.BytesIO()
            plt.gcf().savefig(stream, format="png", dpi=120, bbox_inches="tight", facecolor="white")
        finally:
            plt.close(figure)
    return stream.getvalue()


@contextmanager
def _jitter(seed: int) -> Generator[None]:
    """shap scatters its dots with NumPy's global generator: lend it a seed and put the old state back."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


def _fonts() -> Any:
    return {"font.family": [*_cjk_fonts(), "DejaVu Sans"], "axes.unicode_minus": True}


@lru_cache(maxsize=1)
def _cjk_fonts() -> tuple[str, ...]:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in _CJK if name in installed)[:1]


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """Every character that some font in use can draw."""
    from matplotlib import font_manager, ft2font

    found: set[int] = set()
    for family in (*_cjk_fonts(), "DejaVu Sans"):
        found |= set(ft2font.FT2Font(font_manager.findfont(family)).get_charmap())
    return frozenset(found)


def _drawable(text: str, otherwise: str) -> str:
    return text if all(ord(c) in _characters() for c in text) else otherwise


def _labels(
    names: list[str],
    sentences: Mapping[str, Text],
    language: str,
    *,
    said: list[str] | None = None,
    values: list[str] | None = None,
) -> list[str]:
    """Sentences, in English where no installed font has the characters, each one different and on one line.

    `said` are sentences that are already chosen, `values` stand behind a colon and are shortened apart.
    """
    labels: list[str] = []
    for number, name in enumerate(names, start=1):
        label = said[number - 1] if said else sentence_of(name, sentences, language)
        label = _shortened(_drawable(label, label if said else sentence_of(name, sentences, "en")), _LONGEST)
        if values:
            label = f"{label}{COLON[language]}{_shortened(values[number - 1], _LONGEST_VALUE)}"
        plain = "".join(c if ord(c) in _characters() else "□" for c in label)
        if plain != label:
            plain = f"{plain} (no. {number})"
        while plain in labels:
            plain += f" ({number})"
        labels.append(plain)
    return [label.replace("$", r"\$") for label in labels]  # a dollar sign would start a formula


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
