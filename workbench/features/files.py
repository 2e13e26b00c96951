"""features.yaml read to definitions and written back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from workbench.errors import DefinitionError, did_you_mean

# tags and points register themselves as ways to compute a feature
from workbench.features import points, tags  # noqa: F401
from workbench.features.aggregations import REGISTRY, Aggregation, aggregation, quantile
from workbench.features.definition import (
    AnyFeature,
    EntityAttribute,
    Example,
    FormulaFeature,
    RowAttribute,
    RowsFeature,
    check_template,
)
from workbench.features.levels import PER_LEVEL, Level, parse_levels, per_level, written_levels
from workbench.features.recipes import RECIPES, Origin
from workbench.features.windows import Window
from workbench.tables.durations import Duration
from workbench.tables.expression import columns_of
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, names
from workbench.text import Text

_SHARED = ("say", "noun", "for", "examples")
_ROWS = (
    "from",
    "value",
    "aggregate",
    "windows",
    "where",
    "via",
    "match",
    "link",
    "half_life",
    "levels",
    "other",
)
_RESERVED = ("label", "cutoff_time", "outcome_known_at")
_KINDS = ("from", "attribute", "row", *RECIPES)


def parse_features(file: YamlFile) -> dict[str, AnyFeature]:
    """Every definition of the file, checked as far as that needs no data. Raises WB-F02 ... WB-F08 with the line."""
    features: dict[str, AnyFeature] = {}
    made: dict[str, str] = {}
    for name, settings in file.content.items():
        where = f"{file.where(name)}, feature '{name}'"
        feature = _feature(name, expect_mapping(settings, where), file)
        for column in feature.columns():
            if column.name in made:
                raise DefinitionError(
                    "WB-F07",
                    f"{where}: the column {column.name} is already made by '{made[column.name]}'.",
                    "Give one of them another name.",
                )
            made[column.name] = name
        features[name] = feature
    for name, feature in features.items():
        if isinstance(feature, FormulaFeature):
            _operands_exist(feature, made, f"{file.where(name)}, feature '{name}'")
    return features | _completed(features, file)


def dump_features(features: dict[str, AnyFeature]) -> str:
    """The YAML that reads back to equal definitions."""
    return yaml.safe_dump(
        {n: written(f) for n, f in features.items()}, allow_unicode=True, sort_keys=False, width=120
    )


def _operands_exist(feature: FormulaFeature, made: Mapping[str, str], where: str) -> None:
    for operand in feature.operands:
        if operand in made:
            continue
        own = {c.name for c in feature.columns()}
        hint = did_you_mean(operand, [m for m in made if m not in own])
        meant = next((m for m in made if m.startswith((f"{operand}-", f"{operand}.."))), None)
        if meant is not None:  # spend_sum_month-1 reads as spend_sum_month less 1
            hint = f"Write `{meant}` in backquotes."
        raise DefinitionError("WB-F08", f"{where}: no feature column is called '{operand}'.", hint)


def _completed(features: Mapping[str, AnyFeature], file: YamlFile) -> dict[str, FormulaFeature]:
    """What is computed from other columns, once those are known: each after all that it reads."""
    computed = {n: f for n, f in features.items() if isinstance(f, FormulaFeature)}
    origins: dict[str, Origin] = {}
    said: dict[str, Text] = {}
    for feature in features.values():
        if isinstance(feature, RowsFeature):
            for window in feature.windows:
                for aggregate in feature.aggregate:
                    name = feature.column(aggregate, window).name
                    origins[name] = Origin(feature.name, aggregate.name, window, feature.spoken)
        if not isinstance(feature, FormulaFeature):
            said |= {c.name: c.sentence for c in feature.columns()}
    done: dict[str, FormulaFeature] = {}
    for name in _in_order(computed, file):
        feature = computed[name]
        recipe = feature.recipe.bound(origins, f"{file.where(name)}, feature '{name}'")
        done[name] = replace(feature, recipe=recipe, derived=recipe.sentence(said))
        said[name] = done[name].columns()[0].sentence
    return done


def _in_order(computed: Mapping[str, FormulaFeature], file: YamlFile) -> list[str]:
    """Operands first. Raises WB-F25 for a circle, which it names: a -> b -> a."""
    ordered: dict[str, None] = {}
    for start in computed:
        path = [(start, iter(computed[start].operands))]
        open_names = {start: None}
        while path and start not in ordered:
            name, operands = path[-1]
            following = next((o for o in operands if o in computed and o not in ordered), None)
            if following is None:
                ordered[name] = None
                path.pop()
                open_names.popitem()
            elif following in open_names:
                circle = [*list(open_names)[list(open_names).index(following) :], following]
                raise DefinitionError(
                    "WB-F25",
                    f"{file.where(following)}, feature '{following}' is computed from itself: {' -> '.join(circle)}.",
                    "Let one of them read other columns.",
                )
            else:
                path.append((following, iter(computed[following].operands)))
                open_names[following] = None
    return list(ordered)


def _feature(name: str, settings: dict[str, Any], file: YamlFile) -> AnyFeature:
    written_at = file.where(name)
    where = f"{written_at}, feature '{name}'"
    if not name.isidentifier():
        raise DefinitionError(
            "WB-F02", f"{where}: a feature cannot be called '{name}'.", "Use letters, digits and _."
        )
    if name in _RESERVED:
        raise DefinitionError(
            "WB-F02", f"{where}: the frame's own column is called '{name}'.", "Choose another name."
        )
    kinds = [k for k in _KINDS if k in settings]
    if len(kinds) != 1:
        raise DefinitionError(
            "WB-F02",
            f"{where}: expected one of {', '.join(_KINDS)}; found {', '.join(kinds) or 'none'}.",
            f"A feature aggregates rows (from), takes a value (attribute, row) or computes one ({', '.join(RECIPES)}).",
        )
    shared: dict[str, Any] = {
        "name": name,
        "say": _text(settings, "say", where),
        "noun": _text(settings, "noun", where),
        "only_for": names(settings.get("for"), f"{where}, for"),
        "examples": parse_examples(
            settings.get("examples", []), where, written_at=file.places(name, "examples")
        ),
        "written_at": written_at,
    }
    kind = kinds[0]
    expect_known(settings, (*_ROWS, *_SHARED) if kind == "from" else (kind, *_SHARED), where)
    if kind == "from":
        return _rows(settings, shared, where)
    if kind == "attribute":
        table, dot, column = str(settings["attribute"]).partition(".")
        if not dot:
            raise DefinitionError(
                "WB-F02", f"{where}: `attribute` is {settings['attribute']!r}.", "Write table.column."
            )
        return EntityAttribute(**shared, table=table, column_name=column)
    if kind == "row":
        columns_of(str(settings["row"]), where)
        return RowAttribute(**shared, row=str(settings["row"]))
    return FormulaFeature(**shared, recipe=RECIPES[kind](settings[kind], where))


def _rows(settings: dict[str, Any], shared: dict[str, Any], where: str) -> RowsFeature:
    aggregates = names(settings.get("aggregate", "count"), f"{where}, aggregate")
    windows = names(settings.get("windows", "all"), f"{where}, windows")
    if not aggregates or not windows:
        raise DefinitionError(
            "WB-F02",
            f"{where}: `aggregate` and `windows` may not be empty.",
            "Name at least one, or leave the setting out.",
        )
    via = names(settings.get("via"), f"{where}, via")
    match = names(settings.get("match"), f"{where}, match")
    if len(via) > 1 or (via and not match):
        raise DefinitionError(
            "WB-F02",
            f"{where}: `via` names one table and needs `match:`.",
            "Example: via: [coupons], match: [campaign_id].",
        )
    if settings.get("link") and not via:
        raise DefinitionError(
            "WB-F02",
            f"{where}: `link` belongs to a `via:` table, and there is none.",
            "Example: via: [coupons], match: [campaign_id], link: [products.product_category].",
        )
    value = settings.get("value")
    levels = parse_levels(settings["levels"], where) if "levels" in settings else ()
    other = settings.get("other", False)
    if not isinstance(other, bool) or (other and not levels):
        raise DefinitionError(
            "WB-F30",
            f"{where}: `other` is {other!r}.",
            "Write `other: true` beside `levels:`, or leave it out.",
        )
    chosen = tuple(one for a in aggregates for one in _aggregations(a, levels, other=other, where=where))
    if levels and not any(a in PER_LEVEL for a in aggregates):
        raise DefinitionError(
            "WB-F30",
            f"{where}: nothing is aggregated per level.",
            f"Levels are for aggregate: [{', '.join(PER_LEVEL)}].",
        )
    for needing in chosen:
        if needing.needs != "nothing" and value is None:
            raise DefinitionError(
                "WB-F06", f"{where}: '{needing.name}' needs a `value:`.", "Name the column to aggregate."
            )
    for text in (t for t in (value, settings.get("where")) if t is not None):
        columns_of(str(text), where)
    half_life = Duration.parse(settings.get("half_life", "30d"), f"{where}: `half_life`")
    if half_life.count == 0:
        raise DefinitionError(
            "WB-F02", f"{where}: after a half-life of {half_life} nothing is left of any row.", "Write 30d."
        )
    return RowsFeature(
        **shared,
        source=str(settings["from"]),
        value=None if value is None else str(value),
        aggregate=chosen,
        windows=tuple(Window.parse(w, where) for w in windows),
        where=None if settings.get("where") is None else str(settings["where"]),
        via=via[0] if via else None,
        match=match,
        link=names(settings.get("link"), f"{where}, link"),
        levels=levels,
        other=other,
        half_life=half_life,
    )


def _aggregations(
    name: str, levels: tuple[Level, ...], *, other: bool, where: str
) -> tuple[Aggregation, ...]:
    if name in PER_LEVEL and levels:
        return per_level(name, levels, other=other)
    if name == "share":
        raise DefinitionError(
            "WB-F30",
            f"{where}: 'share' needs `levels:`.",
            "Name them: levels: [GROCERY, MEAT]; or use top_share.",
        )
    found = None if name in REGISTRY else quantile(name)
    return (found or aggregation(name, where),)


def _text(settings: dict[str, Any], key: str, where: str) -> Text | None:
    if key not in settings:
        return None
    value = settings[key]
    if not isinstance(value, str | dict) or (isinstance(value, dict) and not set(value) <= {"en", "zh"}):
        raise DefinitionError(
            "WB-F02", f"{where}: `{key}` is {value!r}.", "Write a text, or {en: ..., zh: ...}."
        )
    text = Text.of(value)
    for language in ("en", "zh"):
        check_template(text[language], where)
    return text


def parse_examples(
    written: object, where: str, *, written_at: Callable[[int], str] | None = None
) -> tuple[Example, ...]:
    """The worked examples of a definition; `written_at` says where each stands. Raises WB-F02 for what is none."""
    if not isinstance(written, list):
        raise DefinitionError(
            "WB-F02", f"{where}: `examples` is not a list.", "Each example has given, row and expect."
        )
    examples = []
    for place, one in enumerate(written):
        example = expect_mapping(one, f"{where}, examples")
        expect_known(example, ("given", "row", "values", "expect"), f"{where}, examples")
        if "values" in example and ("given" in example or "row" in example):
            raise DefinitionError(
                "WB-F02", f"{where}: an example gives `values` or rows, not both.", "Leave one of them out."
            )
        given = expect_mapping(example.get("given", {}), f"{where}, given")
        values = example.get("values")
        examples.append(
            Example(
                {
                    t: tuple(expect_mapping(r, f"{where}, given") for r in rows or [])
                    for t, rows in given.items()
                },
                {} if values is not None else expect_mapping(example.get("row"), f"{where}, row"),
                expect_mapping(example.get("expect"), f"{where}, expect"),
                None if values is None else expect_mapping(values, f"{where}, values"),
                f"example {place + 1}" + (f" ({written_at(place)})" if written_at is not None else ""),
            )
        )
    return tuple(examples)


def written(feature: AnyFeature) -> dict[str, Any]:
    """The definition as it stands in the YAML file."""
    out: dict[str, Any] = {}
    if isinstance(feature, RowsFeature):
        out["from"] = feature.source
        if feature.value is not None:
            out["value"] = feature.value
        out["aggregate"] = list(dict.fromkeys(getattr(a, "written_as", a.name) for a in feature.aggregate))
        out["windows"] = [str(w) for w in feature.windows]
        for key, value in (
            ("where", feature.where),
            ("via", feature.via),
            ("match", list(feature.match)),
            ("link", list(feature.link)),
        ):
            if value:
                out[key] = value
        if feature.levels:
            out["levels"] = written_levels(feature.levels)
        if feature.other:
            out["other"] = True
        if feature.half_life != Duration(30):
            out["half_life"] = str(feature.half_life)
    elif isinstance(feature, EntityAttribute):
        out["attribute"] = f"{feature.table}.{feature.column_name}"
    elif isinstance(feature, RowAttribute):
        out["row"] = feature.row
    else:
        out[feature.kind] = feature.recipe.written()
    if feature.only_for:
        out["for"] = list(feature.only_for)
    for key, text in (("say", feature.say), ("noun", feature.noun)):
        if text is not None:
            out[key] = text.as_dict()
    if feature.examples:
        out["examples"] = [
            {"values": e.values, "expect": e.expect}
            if e.values is not None
            else {
                "given": {t: [dict(r) for r in rows] for t, rows in e.given.items()},
                "row": e.row,
                "expect": e.expect,
            }
            for e in feature.examples
        ]
    return out
