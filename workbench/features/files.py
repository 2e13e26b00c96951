"""features.yaml read to definitions and written back."""

from __future__ import annotations

from typing import Any

import yaml

from workbench.errors import DefinitionError, did_you_mean
from workbench.features.aggregations import aggregation
from workbench.features.definition import (
    AnyFeature,
    EntityAttribute,
    Example,
    FormulaFeature,
    RowAttribute,
    RowsFeature,
    check_template,
)
from workbench.features.formulas import names_in, parse_formula
from workbench.features.windows import Window
from workbench.tables.durations import Duration
from workbench.tables.expression import columns_of
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, names
from workbench.text import Text

_SHARED = ("say", "noun", "for", "examples")
_ROWS = ("from", "value", "aggregate", "windows", "where", "via", "match", "link", "half_life")
_FORMULAS = ("ratio", "difference", "formula")
_RESERVED = ("label", "cutoff_time", "outcome_known_at")
_KINDS = ("from", "attribute", "row", *_FORMULAS)


def parse_features(file: YamlFile) -> dict[str, AnyFeature]:
    """Every definition of the file, checked as far as that needs no data. Raises WB-F02 ... WB-F08 with the line."""
    features: dict[str, AnyFeature] = {}
    made: dict[str, str] = {}
    for name, settings in file.content.items():
        where = f"{file.where(name)}, feature '{name}'"
        feature = _feature(name, expect_mapping(settings, where), where)
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
            for operand in feature.operands:
                if operand not in made or operand == name:
                    raise DefinitionError(
                        "WB-F08",
                        f"{file.where(name)}, feature '{name}': no feature column is called '{operand}'.",
                        did_you_mean(operand, made),
                    )
    return features


def dump_features(features: dict[str, AnyFeature]) -> str:
    """The YAML that reads back to equal definitions."""
    return yaml.safe_dump(
        {n: _written(f) for n, f in features.items()}, allow_unicode=True, sort_keys=False, width=120
    )


def _feature(name: str, settings: dict[str, Any], where: str) -> AnyFeature:
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
            "A feature aggregates rows (from), takes a value (attribute, row) or computes one (ratio, difference, formula).",
        )
    shared: dict[str, Any] = {
        "name": name,
        "say": _text(settings, "say", where),
        "noun": _text(settings, "noun", where),
        "only_for": names(settings.get("for"), f"{where}, for"),
        "examples": _examples(settings.get("examples", []), where),
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
    return _formula(kind, settings[kind], shared, where)


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
    chosen = tuple(aggregation(a, where) for a in aggregates)
    for needing in chosen:
        if needing.needs != "nothing" and value is None:
            raise DefinitionError(
                "WB-F06", f"{where}: '{needing.name}' needs a `value:`.", "Name the column to aggregate."
            )
    for text in (t for t in (value, settings.get("where")) if t is not None):
        columns_of(str(text), where)
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
        half_life=Duration.parse(settings.get("half_life", "30d"), f"{where}: `half_life`"),
    )


def _formula(kind: str, written: object, shared: dict[str, Any], where: str) -> FormulaFeature:
    if kind == "formula":
        text = str(written)
    else:
        pair = names(written, f"{where}, {kind}")
        if len(pair) != 2:
            raise DefinitionError(
                "WB-F02", f"{where}: `{kind}` needs two columns, got {len(pair)}.", f"Write {kind}: [a, b]."
            )
        text = f"ratio({pair[0]}, {pair[1]})" if kind == "ratio" else f"{pair[0]} - {pair[1]}"
        # a window may be written 30d..60d, which is a column's name but not a Python one
        return FormulaFeature(**shared, kind=kind, text=text, operands=pair)
    return FormulaFeature(**shared, kind=kind, text=text, operands=names_in(parse_formula(text, where)))


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


def _examples(written: object, where: str) -> tuple[Example, ...]:
    if not isinstance(written, list):
        raise DefinitionError(
            "WB-F02", f"{where}: `examples` is not a list.", "Each example has given, row and expect."
        )
    examples = []
    for one in written:
        example = expect_mapping(one, f"{where}, examples")
        expect_known(example, ("given", "row", "expect"), f"{where}, examples")
        given = expect_mapping(example.get("given", {}), f"{where}, given")
        examples.append(
            Example(
                {
                    t: tuple(expect_mapping(r, f"{where}, given") for r in rows or [])
                    for t, rows in given.items()
                },
                expect_mapping(example.get("row"), f"{where}, row"),
                expect_mapping(example.get("expect"), f"{where}, expect"),
            )
        )
    return tuple(examples)


def _written(feature: AnyFeature) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if isinstance(feature, RowsFeature):
        out["from"] = feature.source
        if feature.value is not None:
            out["value"] = feature.value
        out["aggregate"] = [a.name for a in feature.aggregate]
        out["windows"] = [str(w) for w in feature.windows]
        for key, value in (
            ("where", feature.where),
            ("via", feature.via),
            ("match", list(feature.match)),
            ("link", list(feature.link)),
        ):
            if value:
                out[key] = value
        if feature.half_life != Duration(30):
            out["half_life"] = str(feature.half_life)
    elif isinstance(feature, EntityAttribute):
        out["attribute"] = f"{feature.table}.{feature.column_name}"
    elif isinstance(feature, RowAttribute):
        out["row"] = feature.row
    else:
        out[feature.kind] = feature.text if feature.kind == "formula" else list(feature.operands)
    if feature.only_for:
        out["for"] = list(feature.only_for)
    for key, text in (("say", feature.say), ("noun", feature.noun)):
        if text is not None:
            out[key] = text.as_dict()
    if feature.examples:
        out["examples"] = [
            {
                "given": {t: [dict(r) for r in rows] for t, rows in e.given.items()},
                "row": e.row,
                "expect": e.expect,
            }
            for e in feature.examples
        ]
    return out
