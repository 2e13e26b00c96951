"""The words in which permissions speak of what data may serve."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.yaml_file import names

STANDARD = ("marketing", "risk", "credit", "response", "conversion", "churn")
"""What every dataset knows: the purposes, and the kinds of label. Others are named by `purposes:` in tables.yaml."""


def expect_purpose(word: object, known: Iterable[str], where: str, *, code: str = "WB-T02") -> str:
    """The word, if it is a purpose that somebody knows: a mistyped one would forbid everything, or allow what it should not."""
    if isinstance(word, str) and word in (words := (*STANDARD, *known)):
        return word
    if not isinstance(word, str) or not word:
        raise DefinitionError(code, f"{where}: {word!r} is no purpose.", "Write one word: marketing or risk.")
    raise DefinitionError(
        code,
        f"{where}: '{word}' is no known purpose.",
        f"{did_you_mean(word, words)} A purpose of your own is declared in tables.yaml: purposes: [{word}].",
    )


def allowed_purposes(settings: dict[str, object], known: Iterable[str], where: str) -> tuple[str, ...]:
    """The purposes of `allowed_for:`; none where it is not written. A list of nobody is refused: it would allow everybody."""
    if "allowed_for" not in settings:
        return ()
    known, place = tuple(known), f"{where}, allowed_for"
    found = tuple(expect_purpose(w, known, place) for w in names(settings["allowed_for"], place))
    if not found:
        raise DefinitionError(
            "WB-T02",
            f"{place}: it names no purpose.",
            "Name who may use the data, or take the setting out: then every purpose may.",
        )
    return found
