"""Every word that a page says, in English and Chinese, as data: `en.json` and `zh.json`."""

from __future__ import annotations

import functools
import json
from importlib import resources

LANGUAGES = {"en": "English", "zh": "中文"}


@functools.cache
def catalog(language: str) -> dict[str, str]:
    """All sentences of one language, by key."""
    source = resources.files(__name__).joinpath(f"{language}.json")
    return json.loads(source.read_text(encoding="utf-8"))


def say(language: str, key: str, **values: object) -> str:
    """The sentence for `key`, with `{name}` places filled in."""
    return catalog(language)[key].format(**values)


def knows(language: str, key: str) -> bool:
    """Whether there is a sentence for `key`."""
    return key in catalog(language)
