"""Definitions survive being written and read; their sentences and SQL are for people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.config import Home
from workbench.dataset.catalog import load_dataset
from workbench.dataset.examples import failing_examples, run_example
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import RowsFeature
from workbench.features.files import dump_features, parse_features
from workbench.features.windows import Window
from workbench.tables.durations import Duration
from workbench.tables.yaml_file import read_yaml
from workbench.text import Text

HOME = Home(Path(__file__).resolve().parents[2])
windows = st.one_of(
    st.just(Window()),
    st.builds(
        lambda n, u: Window(Duration(n, u)), st.integers(1, 100), st.sampled_from(["h", "d", "w", "mo", "y"])
    ),
    st.builds(lambda n, m: Window(Duration(n + m), Duration(n)), st.integers(1, 90), st.integers(1, 90)),
)
features = st.builds(
    RowsFeature,
    name=st.sampled_from(["spend", "visits"]),
    source=st.just("orders"),
    value=st.sampled_from(["amount", "products.aisle", "amount * 2", '"with space"']),
    aggregate=st.lists(st.sampled_from(sorted(REGISTRY)), min_size=1, unique=True).map(
        lambda names: tuple(REGISTRY[n] for n in names)
    ),
    windows=st.lists(windows, min_size=1, max_size=3, unique=True).map(tuple),
    where=st.sampled_from([None, "aisle = '茶' and amount > 0", "amount between 1 and 2"]),
    match=st.sampled_from([(), ("campaign",)]),
    half_life=st.sampled_from([Duration(30), Duration(7)]),
    noun=st.sampled_from([None, Text("spend", "消费")]),
    only_for=st.sampled_from([(), ("churn",)]),
)


@given(feature=features)
def test_a_definition_written_and_read_is_equal(
    tmp_path_factory: pytest.TempPathFactory, feature: RowsFeature
) -> None:
    path = tmp_path_factory.mktemp("defs") / "features.yaml"
    path.write_text(dump_features({feature.name: feature}), encoding="utf-8")
    assert parse_features(read_yaml(path)) == {feature.name: feature}


def test_the_shipped_definitions_survive_too(tmp_path: Path) -> None:
    shipped = load_dataset(HOME, "complete_journey").features
    path = tmp_path / "features.yaml"
    path.write_text(dump_features(shipped), encoding="utf-8")
    assert parse_features(read_yaml(path)) == shipped


@pytest.mark.parametrize("dataset", ["complete_journey"])
def test_every_worked_example_of_the_shipped_definitions_holds(dataset: str) -> None:
    loaded = load_dataset(HOME, dataset)
    assert sum(len(f.examples) for f in loaded.features.values()) >= 2
    assert failing_examples(loaded) == []


def test_an_example_that_does_not_hold_says_what_came_out() -> None:
    loaded = load_dataset(HOME, "complete_journey")
    wrong = loaded.features["visits"].examples[0]
    told = run_example(loaded, loaded.features["visits"], replace(wrong, expect={"visits_distinct_all": 3}))
    assert told == ["visits_distinct_all should be 3 and is 2.0."]


@pytest.mark.parametrize(
    ("window", "english", "chinese"),
    [
        ("30d", "total spend in the last 30 days", "近30天消费合计"),
        ("1mo", "total spend in the last 1 month", "近1个月消费合计"),
        ("30d..60d", "total spend from 60 to 30 days before", "前60天至30天消费合计"),
        ("all", "total spend so far", "迄今消费合计"),
    ],
)
def test_a_column_reads_as_a_sentence(window: str, english: str, chinese: str) -> None:
    feature = RowsFeature(
        name="s",
        source="orders",
        value="amount",
        aggregate=(REGISTRY["sum"],),
        windows=(Window.parse(window),),
        noun=Text("spend", "消费"),
    )
    (column,) = feature.columns()
    assert column.name == f"s_sum_{window}"
    assert column.sentence == Text(english, chinese)


def test_a_say_of_its_own_names_the_aggregate_and_the_window() -> None:
    say = Text("{aggregate} of grocery spend in the last {window}", "近{window}杂货消费{aggregate}")
    feature = RowsFeature(
        name="s",
        source="orders",
        value="amount",
        aggregate=(REGISTRY["mean"],),
        windows=(Window.parse("90d"),),
        say=say,
    )
    assert feature.columns()[0].sentence == Text(
        "average of grocery spend in the last 90 days", "近90天杂货消费平均"
    )
