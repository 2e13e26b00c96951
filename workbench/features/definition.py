"""What a feature definition says, and which columns it makes."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import DefinitionError
from workbench.features.aggregations import Aggregation
from workbench.features.levels import Level
from workbench.features.recipes import Recipe
from workbench.features.windows import Window
from workbench.features.wording import condition_in_words, in_words
from workbench.tables.durations import Duration
from workbench.text import Text

_PLACEHOLDERS = ("aggregate", "window", "when", "noun")


@dataclass(frozen=True)
class FeatureColumn:
    """One column of the training frame and how it reads."""

    name: str
    sentence: Text
    group: str


@dataclass(frozen=True)
class Example:
    """A worked example of a definition: rows per table, the row of the frame, and the values that must come out.

    What is computed from other columns may be given their `values` instead of rows."""

    given: dict[str, tuple[dict[str, Any], ...]]
    row: dict[str, Any]
    expect: dict[str, Any]
    values: dict[str, Any] | None = None
    written_at: str = field(default="", compare=False)  # example 2 (features.yaml, line 12)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What every definition has; `only_for` restricts it to some labels of the dataset."""

    name: str
    say: Text | None = None
    noun: Text | None = None
    only_for: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    written_at: str = field(default="", compare=False)  # features.yaml, line 12

    @property
    def place(self) -> str:
        """What an error begins with: `features.yaml, line 12, feature 'spend'`."""
        return ", ".join(part for part in (self.written_at, f"feature '{self.name}'") if part)

    @property
    def spoken(self) -> Text:
        return self.noun or Text.of(self.name.replace("_", " "))


@dataclass(frozen=True, kw_only=True)
class RowsFeature(Feature):
    """Rows of a table before the cutoff, aggregated: one column per aggregation and window.

    `via` keeps rows that a list of the frame row's own context holds (the coupons of its campaign); they are linked by
    the keys that both tables have, or by `link`, which may hop: `link: [products.product_category]`. With `levels`,
    `count` and `share` make one column per frozen level of the value, and `other` one for the rest.
    """

    source: str
    aggregate: tuple[Aggregation, ...]
    windows: tuple[Window, ...] = (Window(),)
    value: str | None = None
    where: str | None = None
    via: str | None = None
    match: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    half_life: Duration = Duration(30)
    levels: tuple[Level, ...] = ()
    other: bool = False

    def column(self, aggregate: Aggregation, window: Window) -> FeatureColumn:
        """`<feature>_<aggregate>_<window>` with its sentence."""
        return FeatureColumn(
            f"{self.name}_{aggregate.name}_{window}", self._sentence(aggregate, window), self.source
        )

    def columns(self) -> tuple[FeatureColumn, ...]:
        return tuple(self.column(a, w) for w in self.windows for a in self.aggregate)

    @property
    def spoken(self) -> Text:
        """The noun; without one the name, and in brackets which rows of which table are meant."""
        if self.noun is not None:
            return self.noun
        table = in_words(self.source)
        value = None if self.value is None else in_words(self.value)
        english = f"rows of {table.en}" if value is None else f"{value.en} of {table.en}"
        chinese = f"{table.zh}的记录" if value is None else f"{table.zh}的{value.zh}"
        if self.where is not None:
            condition = condition_in_words(self.where)
            english, chinese = f"{english} where {condition.en}", f"{chinese}，限{condition.zh}"
        if self.match:
            same = ", ".join(self.match)
            listed = Text("", "") if self.via is None else Text(f" in {self.via}", f"在{self.via}中")
            english, chinese = f"{english}; same {same}{listed.en}", f"{chinese}，{listed.zh}{same}相同"
        return _named(self, Text(english, chinese))

    def _sentence(self, aggregate: Aggregation, window: Window) -> Text:
        said = self.say or Text(aggregate.en, aggregate.zh)
        english, chinese = (
            fill(
                said[language],
                aggregate=aggregate.word[language == "zh"],
                window=window.length_phrase(language),
                when=window.phrase(language),
                noun=self.spoken[language],
            )
            for language in ("en", "zh")
        )
        return Text(english, chinese)


def _named(feature: Feature, what: Text) -> Text:
    """Without a noun: the definition's name and what it stands for."""
    name = feature.name.replace("_", " ")
    return Text(f"{name} ({what.en})", f"{name}（{what.zh}）")


@dataclass(frozen=True, kw_only=True)
class EntityAttribute(Feature):
    """A column of a table that has one row per entity: `attribute: demographics.household_size`."""

    table: str
    column_name: str

    @property
    def spoken(self) -> Text:
        table, value = in_words(self.table), in_words(self.column_name)
        return self.noun or Text(f"{value.en} of {table.en}", f"{table.zh}的{value.zh}")

    def columns(self) -> tuple[FeatureColumn, ...]:
        return (FeatureColumn(self.name, self.say or self.spoken, self.table),)


@dataclass(frozen=True, kw_only=True)
class RowAttribute(Feature):
    """A value of the frame's own row, such as the type of the contact's campaign: `row: campaign_type`."""

    row: str

    @property
    def spoken(self) -> Text:
        value = in_words(self.row)
        return self.noun or Text(f"{value.en} of the row itself", f"本行的{value.zh}")

    def columns(self) -> tuple[FeatureColumn, ...]:
        return (FeatureColumn(self.name, self.say or self.spoken, "row"),)


@dataclass(frozen=True, kw_only=True)
class FormulaFeature(Feature):
    """Computed from other feature columns: a ratio, difference, change, formula, tag or score by points."""

    recipe: Recipe
    derived: Text | None = field(default=None, compare=False)  # a sentence made from those of its operands

    @property
    def kind(self) -> str:
        return self.recipe.kind

    @property
    def operands(self) -> tuple[str, ...]:
        return self.recipe.operands

    def columns(self) -> tuple[FeatureColumn, ...]:
        said = self.say or self.noun or self.derived or self.spoken
        return (FeatureColumn(self.name, said, "formula"),)


AnyFeature = RowsFeature | EntityAttribute | RowAttribute | FormulaFeature


def fill(template: str, **words: str) -> str:
    """The template with {aggregate}, {window}, {when} and {noun} replaced; checked by `check_template` before."""
    for name, word in words.items():
        template = template.replace("{" + name + "}", word)
    return " ".join(template.split())


def check_template(template: str, where: str) -> None:
    """Raise WB-F02 for a placeholder that nobody fills."""
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise DefinitionError(
            "WB-F02",
            f"{where}: the sentence {template!r} has an unpaired brace.",
            "Write {aggregate}, {window}, {when} or {noun}.",
        ) from error
    for name in named:
        if name not in _PLACEHOLDERS:
            raise DefinitionError(
                "WB-F02",
                f"{where}: the sentence names {{{name}}}, which nobody fills in.",
                "Allowed: {aggregate}, {window}, {when}, {noun}.",
            )
