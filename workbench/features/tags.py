"""Tags: a named condition over feature columns, such as "never overdue and once prepaid", as 0 or 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.errors import DefinitionError
from workbench.features.formulas import Formula, parse_formula
from workbench.features.recipes import RECIPES, Columns, Recipe
from workbench.features.wording import spoken
from workbench.tables.yaml_file import expect_known
from workbench.text import Text


@dataclass(frozen=True)
class Tag(Recipe):
    """1 where the condition holds, 0 where it does not.

    Where a missing value leaves it open the tag is missing, or `missing:` says which of the two it is then. One
    side may decide it: with one overdue payment "never overdue and once prepaid" is 0, whatever else is missing.
    """

    kind = "tag"

    text: str
    parsed: Formula = field(compare=False, repr=False)
    missing: float | None = None

    @property
    def operands(self) -> tuple[str, ...]:
        return self.parsed.names

    def value(self, columns: Columns, rows: int) -> np.ndarray:
        found = self.parsed.value(columns, rows)
        return found if self.missing is None else np.where(np.isnan(found), self.missing, found)

    def written(self) -> Any:
        return self.text if self.missing is None else {"when": self.text, "missing": int(self.missing)}

    def sentence(self, said: Mapping[str, Text]) -> Text:
        words = spoken(self.parsed, said)
        return Text(f"whether {words.en} (1 yes, 0 no)", f"是否{words.zh}（1是0否）")


def parse_tag(written: object, where: str) -> Tag:
    """From the condition, or {when: condition, missing: 0 or 1}. Raises WB-F27 for what is not true or false."""
    missing: float | None = None
    text = written
    if isinstance(written, dict):
        settings = {str(k): v for k, v in written.items()}
        expect_known(settings, ("when", "missing"), f"{where}, tag")
        text = settings.get("when")
        if "missing" in settings:
            if settings["missing"] not in (0, 1):
                raise DefinitionError(
                    "WB-F27",
                    f"{where}: `missing` of a tag is {settings['missing']!r}.",
                    "Write 0 or 1, or leave it out: the tag is missing then.",
                )
            missing = float(settings["missing"])
    return Tag(str(text), parse_condition(text, where), missing)


def parse_condition(text: object, where: str) -> Formula:
    """A formula that is true or false; WB-F27 for another, such as a sum."""
    if not isinstance(text, str):
        raise DefinitionError(
            "WB-F27", f"{where}: {text!r} is no condition.", 'Example: "overdue_count_all == 0".'
        )
    parsed = parse_formula(text, where)
    if not parsed.is_condition:
        raise DefinitionError(
            "WB-F27",
            f"{where}: {text!r} is not true or false.",
            'Compare it with a value: "overdue_count_all == 0"; a tag of another name: "its_name == 1".',
        )
    if not parsed.names:
        raise DefinitionError(
            "WB-F27", f"{where}: {text!r} names no feature column.", 'Example: "overdue_count_all == 0".'
        )
    return parsed


RECIPES["tag"] = parse_tag
