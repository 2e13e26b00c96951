"""Choosing one of several things by its name: the thing itself is always the newest, never one kept from before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def pick(
    label: str,
    things: Sequence[Any],
    *,
    name: Callable[[Any], str],
    words: Callable[[Any], str],
    asked: str | None = None,
    about: str | None = None,
) -> Any:
    """A select box over `things`; the one called `asked` is chosen at first, else the first."""
    by_name = {name(thing): thing for thing in things}
    names = list(by_name)
    index = names.index(asked) if asked in by_name else 0
    chosen = st.selectbox(
        label, names, index=index, format_func=lambda each: words(by_name[each]), help=about
    )
    return by_name[chosen]


def model_name(model: Any) -> str:
    """`NAME@VERSION`."""
    return f"{model.name}@{model.version}"
