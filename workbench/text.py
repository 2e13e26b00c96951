"""A sentence in the two languages that the workbench speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One sentence in English and Chinese.

    >>> Text("days since last visit", "距上次到访天数")["zh"]
    '距上次到访天数'
    """

    en: str
    zh: str

    @classmethod
    def of(cls, value: str | Mapping[str, str] | Text) -> Text:
        """From `"text"` (both languages alike) or `{en: ..., zh: ...}` (a missing one falls back on the other)."""
        if isinstance(value, Text):
            return value
        if isinstance(value, str):
            return cls(value, value)
        en = value.get("en") or value.get("zh") or ""
        return cls(en, value.get("zh") or en)

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    def as_dict(self) -> dict[str, str]:
        return {"en": self.en, "zh": self.zh}


def counted(number: float, thing: str, things: str = "") -> str:
    """A number with its noun in the right form.

    >>> counted(1, "row"), counted(1200, "row"), counted(0, "key"), counted(2, "story", "stories")
    ('1 row', '1,200 rows', '0 keys', '2 stories')
    """
    return f"{number:,} {thing if number in (1, -1) else things or thing + 's'}"
