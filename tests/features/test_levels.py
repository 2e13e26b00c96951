"""Frozen levels: each value that a definition names is a column of counts and shares."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from workbench.dataset.build import feature_values, store_spine
from workbench.errors import DefinitionError
from workbench.features.definition import RowsFeature
from workbench.features.files import dump_features, parse_features
from workbench.features.levels import Level, slug_of
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.tables.yaml_file import YamlFile
from workbench.text import Text

SHOP = {
    "from": "orders",
    "value": "products.aisle",
    "aggregate": ["count", "share", "distinct"],
    "levels": ["Tea", "生鲜", "O'Brien; drop"],
    "other": True,
    "windows": ["30d", "all"],
    "noun": {"en": "aisle", "zh": "货架"},
}
AISLES = ["Tea", "生鲜", "O'Brien; drop", "bread", None]


def parse(definition: dict) -> RowsFeature:
    feature = parse_features(YamlFile(Path("features.yaml"), {"aisle": definition}))["aisle"]
    assert isinstance(feature, RowsFeature)
    return feature


def compute(feature: RowsFeature, orders: pd.DataFrame) -> pd.DataFrame:
    tables = {
        "orders": Table("orders", "-", event_time="at", keep_duplicates=True),
        "products": Table("products", "-", key="product"),
    }
    with Engine(
        TableSet("x", Path(), Text.of("x"), "who", tables, observed_until=datetime(2026, 1, 1))
    ) as engine:
        engine.put_rows("products", pd.DataFrame({"product": range(5), "aisle": AISLES}))
        engine.put_rows("orders", orders)
        store_spine(
            engine, pd.DataFrame({"_row": [0, 1], "who": [1, 2], "_cutoff": [datetime(2025, 3, 1)] * 2})
        )
        return feature_values(engine, [feature], None, 2)


def test_counts_and_shares_agree_with_counting_by_hand() -> None:
    rng = np.random.default_rng(0)
    orders = pd.DataFrame(
        {
            "who": 1,
            "product": rng.integers(0, 5, 80),
            "at": pd.to_datetime("2025-01-01") + pd.to_timedelta(rng.integers(0, 70, 80), "D"),
            "room": rng.integers(1, 4, 80),
        }
    )
    values = compute(parse(SHOP), orders)
    for window, begin in (("30d", "2025-01-30"), ("all", "2000-01-01")):
        inside = orders[(orders["at"] >= begin) & (orders["at"] < "2025-03-01")]
        counts = Counter(AISLES[p] for p in inside["product"])
        filled = sum(n for level, n in counts.items() if level is not None)
        for level, slug in (
            ("Tea", "tea"),
            ("生鲜", "生鲜"),
            ("O'Brien; drop", "o_brien_drop"),
            ("bread", "other"),
        ):
            assert values.at[0, f"aisle_count_{slug}_{window}"] == counts[level]
            assert values.at[0, f"aisle_share_{slug}_{window}"] == pytest.approx(counts[level] / filled)
    assert values.at[1, "aisle_count_tea_all"] == 0
    assert np.isnan(values.at[1, "aisle_share_tea_all"])


def test_the_shares_of_all_levels_and_the_others_make_one() -> None:
    orders = pd.DataFrame({"who": 1, "product": [0, 0, 1, 2, 3, 4], "at": pd.to_datetime(["2025-02-10"] * 6)})
    values = compute(parse(SHOP), orders)
    shares = [c for c in values if "_share_" in c and c.endswith("_30d")]
    assert len(shares) == 4
    assert values.loc[0, shares].sum() == pytest.approx(1)


def test_levels_that_are_numbers_are_compared_as_numbers() -> None:
    orders = pd.DataFrame(
        {"who": 1, "product": 0, "room": [1, 1, 2], "at": pd.to_datetime(["2025-02-10"] * 3)}
    )
    feature = parse({"from": "orders", "value": "room", "aggregate": "count", "levels": [1, 2.5]})
    values = compute(feature, orders.assign(n=range(3)))
    assert values.loc[0].to_dict() == {"aisle_count_1_all": 2, "aisle_count_2_5_all": 0}


def test_levels_of_the_wrong_type_are_refused_before_anything_runs() -> None:
    orders = pd.DataFrame({"who": [1], "product": 0, "room": [1], "at": pd.to_datetime(["2025-02-10"])})
    texts = parse({"from": "orders", "value": "room", "aggregate": "count", "levels": ["1"]})
    with pytest.raises(DefinitionError, match="WB-F30.*its levels are texts.*without quotes"):
        compute(texts, orders)
    with pytest.raises(DefinitionError, match="WB-F06.*needs numbers"):
        compute(parse({**SHOP, "levels": [1, 2]}), orders)


def test_every_level_has_its_sentence() -> None:
    columns = {c.name: c.sentence for c in parse(SHOP).columns()}
    assert columns["aisle_count_tea_30d"] == Text(
        "number of rows in the last 30 days with “Tea” as aisle", "近30天货架为“Tea”的次数"
    )
    assert columns["aisle_share_other_all"] == Text(
        "share of rows so far with any other as aisle", "迄今货架为其他值的占比"
    )


@pytest.mark.parametrize(
    ("value", "slug"),
    [("FROZEN GROCERY", "frozen_grocery"), ("A&B - c", "a_b_c"), ("生鲜/水果", "生鲜_水果"), ("ＡＢ１", "ab1"), ("Größe", "grösse"), (3.0, "3"), ("é", "é"), ("e\u0301", "é"), ("x" * 90, "x" * 40)],
)  # fmt: skip
def test_a_level_has_one_name_and_it_is_an_identifier(value: str | float, slug: str) -> None:
    assert slug_of(value) == slug
    assert f"a_{slug}".isidentifier()


def test_levels_may_be_named_and_grouped(tmp_path: Path) -> None:
    definition = {**SHOP, "levels": {"meat": ["MEAT", "MEAT-PCKGD"], "fish": "FISH"}}
    feature = parse(definition)
    assert feature.levels == (Level("meat", ("MEAT", "MEAT-PCKGD")), Level("fish", ("FISH",)))
    for written in (definition, SHOP, {**SHOP, "levels": [1, 2.5]}):
        one = parse(written)
        assert parse(yaml.safe_load(dump_features({"aisle": one}))["aisle"]) == one


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"levels": []}, "names none"),
        ({"levels": "Tea"}, "names none"),
        ({"levels": ["A B", "a-b"]}, "would both be called 'a_b'"),
        ({"levels": ["other"]}, "makes no column name of its own"),
        ({"levels": ["!!!"]}, "makes no column name of its own"),
        ({"levels": ["NO", False]}, "Put those that are meant as texts in quotes"),
        ({"levels": [None]}, "None cannot be a level"),
        ({"levels": [["a"]]}, "cannot be a level"),
        ({"levels": {"meat": "M", "red": ["R", "M"]}}, "'M' belongs to 'meat' and to 'red'"),
        ({"levels": {"Big Meat": "M"}}, "cannot be called 'Big Meat'"),
        ({"levels": list("abcdefgh") * 40}, "at most 200"),
        ({"aggregate": ["distinct"]}, "nothing is aggregated per level"),
        ({"other": "yes please"}, "`other` is 'yes please'"),
        ({"levels": ["Tea"], "aggregate": ["share", "sum"]}, None),
    ],
)
def test_levels_that_cannot_be_are_refused(changed: dict, words: str | None) -> None:
    if words is None:
        assert len(parse(SHOP | changed).columns()) == 6
        return
    with pytest.raises(DefinitionError, match="^WB-F30") as caught:
        parse(SHOP | changed)
    assert words in str(caught.value)


def test_share_without_levels_is_told_what_it_needs() -> None:
    with pytest.raises(DefinitionError, match="WB-F30.*'share' needs `levels:`"):
        parse({"from": "orders", "value": "products.aisle", "aggregate": "share"})
