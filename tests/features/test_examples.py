"""Every worked example of every definition that ships is run, one test each."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dataset.shop import FEATURES, LABELS, TABLES, shop
from workbench.config import Home
from workbench.dataset.catalog import Dataset, load_dataset
from workbench.dataset.checks import check_dataset
from workbench.dataset.dictionary import examples_of
from workbench.dataset.examples import failing_examples, run_example, run_label_example
from workbench.errors import DefinitionError
from workbench.features.definition import Example
from workbench.labels.definition import LabelDefinition
from workbench.tables.catalog import list_datasets

HOME = Home(Path(__file__).resolve().parents[2])
SHIPPED = {name: load_dataset(HOME, name) for name in list_datasets(HOME)}
EXAMPLES = [
    pytest.param(dataset, feature.name, number, id=f"{name}-{feature.name}-{number}")
    for name, dataset in SHIPPED.items()
    for feature in dataset.features.values()
    for number in range(len(feature.examples))
]


LABEL_EXAMPLES = [
    pytest.param(dataset, label.name, number, id=f"{name}-{label.name}-{number}")
    for name, dataset in SHIPPED.items()
    for label in dataset.labels.values()
    if isinstance(label, LabelDefinition)
    for number in range(len(label.examples))
]


@pytest.mark.parametrize(("dataset", "feature", "number"), EXAMPLES)
def test_a_shipped_example_holds(dataset: Dataset, feature: str, number: int) -> None:
    definition = dataset.features[feature]
    assert run_example(dataset, definition, definition.examples[number]) == []


@pytest.mark.parametrize(("dataset", "label", "number"), LABEL_EXAMPLES)
def test_a_shipped_example_of_a_label_holds(dataset: Dataset, label: str, number: int) -> None:
    definition = dataset.labels[label]
    assert isinstance(definition, LabelDefinition)
    assert run_label_example(dataset, definition, definition.examples[number]) == []


def test_there_are_examples_to_run() -> None:
    assert len(EXAMPLES) >= 2
    assert len(LABEL_EXAMPLES) >= 3


MORE = """
visits: {from: orders, aggregate: count, windows: [30d, all]}
aisle: {from: orders, value: products.aisle, aggregate: count, levels: [tea], windows: [30d]}
share:
  ratio: [visits_count_30d, visits_count_all]
  examples:
    - {values: {visits_count_30d: 1, visits_count_all: 4}, expect: {share: 0.25}}
    - {values: {visits_count_all: 4}, expect: {share: null}}
fan:
  tag: "aisle_count_tea_30d >= 2 and town == 'Ulm'"
  examples:
    - {values: {aisle_count_tea_30d: 2, town: Ulm}, expect: {fan: 1}}
    - given:
        orders: [{customer: 1, product: t, at: 2025-02-10}, {customer: 1, product: t, at: 2025-02-12}]
        products: [{product: t, aisle: tea}]
        people: [{customer: 1, town: Ulm}]
      row: {customer: 1, cutoff_time: 2025-03-01}
      expect: {fan: 1}
score:
  points: {add: [{when: "fan == 1", points: 3}, {band: share, edges: [0.5], points: [0, 2]}]}
  examples:
    - given:
        orders: [{customer: 1, product: t, at: 2025-02-10}, {customer: 1, product: t, at: 2025-02-12}]
        products: [{product: t, aisle: tea}]
        people: [{customer: 1, town: Bonn}]
      row: {customer: 1, cutoff_time: 2025-03-01}
      expect: {score: 2}
nobody:
  from: orders
  value: amount
  aggregate: [sum, mean]
  examples:
    - {given: {}, row: {customer: 1, cutoff_time: 2025-03-01}, expect: {nobody_sum_all: 0, nobody_mean_all: null}}
"""


def test_what_is_computed_may_be_given_values_or_the_rows_that_it_is_made_of(tmp_path: Path) -> None:
    dataset = load_dataset(shop(tmp_path, features=FEATURES + MORE), "shop")
    assert failing_examples(dataset) == []
    wrong = Example({}, {}, {"share": 1}, {"visits_count_30d": 1, "visits_count_all": 4})
    assert run_example(dataset, dataset.features["share"], wrong) == ["share should be 1 and is 0.25."]
    rows = dataset.features["score"].examples[0]
    told = run_example(dataset, dataset.features["score"], replace(rows, expect={"score": 3}))
    assert told == ["score should be 3 and is 2.0."]


def test_examples_are_data_that_can_be_shown(tmp_path: Path) -> None:
    dataset = load_dataset(shop(tmp_path, features=FEATURES + MORE), "shop")
    assert examples_of(dataset.features["share"])[0] == {
        "values": {"visits_count_30d": 1, "visits_count_all": 4},
        "expect": {"share": 0.25},
    }
    shown = examples_of(dataset.features["score"])[0]
    assert shown["cutoff"] == "2025-03-01"
    assert shown["row"] == {"customer": 1}
    assert len(shown["given"]["orders"]) == 2


LABEL = (
    LABELS.replace(
        """
answers:""",
        """
  examples:
    - given: &orders
        orders: [{customer: 1, product: t, at: 2025-02-10}, {customer: 1, product: t, at: 2025-03-12}]
      row: {customer: 1, cutoff_time: 2025-03-01}
      expect: 1
    - {given: *orders, row: {customer: 1, cutoff_time: 2025-03-20}, expect: 0}
    - {given: *orders, row: {customer: 1, cutoff_time: 2025-02-01}, expect: left out}         # no order before
    - {given: *orders, row: {customer: 2, cutoff_time: 2025-03-01}, expect: left out}         # nobody
    - {given: {}, row: {customer: 1, cutoff_time: 2025-03-01}, expect: left out}
answers:""",
    )
    + """  examples:
    - given:
        orders: [{customer: 1, product: t, at: 2025-03-14}]
        mailings: [{mailing: 1, customer: 1, sent: 2025-03-01, ends: 2025-03-14}]
      row: {mailing: 1, customer: 1, cutoff_time: 2025-03-01}
      expect: 1
"""
)


def test_a_label_has_examples_too(tmp_path: Path) -> None:
    dataset = load_dataset(shop(tmp_path, labels=LABEL), "shop")
    assert failing_examples(dataset) == []
    buys = dataset.labels["buys"]
    assert isinstance(buys, LabelDefinition)
    assert len(buys.examples) == 5
    turned = replace(buys.examples[0], expect={"label": 0})
    assert run_label_example(dataset, buys, turned) == ["the label should be 0 and is 1."]


@pytest.mark.parametrize("expect", ["2", "maybe", "{label: 1}"])
def test_a_label_expects_one_zero_or_left_out(tmp_path: Path, expect: str) -> None:
    wrong = LABELS + f"  examples: [{{given: {{}}, row: {{customer: 1}}, expect: {expect}}}]\n"
    with pytest.raises(DefinitionError, match="WB-L01.*expects 1, 0 or left out"):
        load_dataset(shop(tmp_path, labels=wrong), "shop")


@pytest.mark.parametrize(
    ("feature", "example", "words"),
    [
        ("share", {"values": {"visit": 1}}, "gives 'visit', which it does not read"),
        ("visits", {"values": {"visits_count_30d": 1}}, "say nothing about it"),
        ("share", {"row": {"customer": 1}}, "needs `cutoff_time`"),
    ],
)
def test_an_example_that_gives_the_wrong_things_is_refused(
    tmp_path: Path, feature: str, example: dict, words: str
) -> None:
    dataset = load_dataset(shop(tmp_path, features=FEATURES + MORE), "shop")
    given = Example({}, example.get("row", {}), {}, example.get("values"))
    with pytest.raises(DefinitionError, match=f"WB-F02.*{words}"):
        run_example(dataset, dataset.features[feature], given)


def test_a_failing_example_says_whose_it_is_and_where_it_stands(tmp_path: Path) -> None:
    given = "given: {orders: [{customer: 1, at: 2025-02-10, product: t}]}, row: {customer: 1, cutoff_time: 2025-03-01}"
    features = (
        "n:\n  from: orders\n  examples:\n"
        f"    - {{{given}, expect: {{n_count_all: 1}}}}\n    - {{{given}, expect: {{n_count_all: 7}}}}\n"
    )
    labels = LABELS.replace("answers:", f"  examples:\n    - {{{given}, expect: 1}}\nanswers:")
    home = shop(tmp_path, features=features, labels=labels)
    found = [f for f in check_dataset(home, "shop").findings if f.code == "WB-F14"]
    assert [(f.table, f.column, f.message) for f in found] == [
        (
            "orders",
            "n",
            "feature 'n', example 2 (features.yaml, line 5): n_count_all should be 7 and is 1.0.",
        ),
        ("orders", "buys", "label 'buys', example 1 (labels.yaml, line 8): the label should be 1 and is 0."),
    ]


GIVEN = "given: {orders: [{customer: 1, at: 2025-02-10}]}"
ROW = "row: {customer: 1, cutoff_time: 2025-03-01}"


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        (GIVEN, "given: {order: [{customer: 1}]}", "WB-T05", "no table is called 'order'. Did you mean 'orders'"),
        ("at: 2025-02-10", "att: 2025-02-10", "WB-T12", "'orders' has no column 'att'.*Did you mean 'at'"),
        ("[{customer: 1, at", "[{custmer: 1, at", "WB-T12", "'orders' has no column 'custmer'"),
        ("row: {customer", "row: {custmer", "WB-T12", "row has no column 'custmer'. Did you mean 'customer'"),
        ("cutoff_time", "cutof_time", "WB-T12", "row has no column 'cutof_time'"),
        ("2025-03-01", "soon", "WB-F02", "`cutoff_time` is 'soon'"),
        ("2025-03-01", "2025-03-01T00:00:00+08:00", "WB-F02", r"names a time zone.*without the zone"),
        ("at: 2025-02-10", "at: soon", "WB-F02", "no moment without a zone: soon"),
        ("at: 2025-02-10", "at: 2025-02-10T00:00:00+08:00", "WB-F02", "no moment without a zone"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("of", ["feature", "label"])
def test_an_example_that_speaks_of_what_there_is_not_stops(
    tmp_path: Path, of: str, old: str, new: str, code: str, words: str
) -> None:
    """Without the refusal the mistyped rows would be nobody's, and an example that expects nothing would hold."""
    expect, where = (
        ("{w_count_30d: 1}", "features.yaml, line") if of == "feature" else ("1", "labels.yaml, line")
    )
    example = f"{{{GIVEN}, {ROW}, expect: {expect}}}"
    assert old in example
    example = example.replace(old, new, 1)
    feature = f"w: {{from: orders, aggregate: count, windows: [30d], examples: [{example}]}}\n"
    label = f"answered:\n  kind: conversion\n  cutoffs: [2025-03-01]\n  outcome: {{any_in: orders, within: 30d}}\n  examples: [{example}]\n"
    home = shop(
        tmp_path,
        features=FEATURES + (feature if of == "feature" else ""),
        labels=(LABELS[: LABELS.index("answers:")] if of == "feature" else "")
        + (label if of == "label" else ""),
    )
    told = [f for f in check_dataset(home, "shop").findings if f.severity == "stop" and f.code == code]
    assert len(told) == 1
    assert re.search(words, f"{told[0].message} {told[0].hint}")
    assert "moment" in words or where in told[0].message


def test_an_examples_row_needs_the_one_who_is_asked_about(tmp_path: Path) -> None:
    row = ROW.replace("customer: 1, ", "")
    feature = (
        f"w: {{from: orders, aggregate: count, examples: [{{{GIVEN}, {row}, expect: {{w_count_all: 0}}}}]}}\n"
    )
    dataset = load_dataset(shop(tmp_path, features=FEATURES + feature), "shop")
    with pytest.raises(DefinitionError, match="WB-F02.*row needs `customer`"):
        failing_examples(dataset)


def test_an_example_may_give_what_a_look_up_brings_and_what_the_labels_own_row_holds(tmp_path: Path) -> None:
    """`aisle` is a column of orders by its look-up; `ends` one of the mailings that a label asks about."""
    example = (
        "{given: {orders: [{customer: 1, at: 2025-02-10, aisle: tea}]},"
        " row: {customer: 1, mailing: 1, ends: 2025-03-05, cutoff_time: 2025-03-01}, expect: {w_count_30d: 1}}"
    )
    feature = f"w: {{from: orders, aggregate: count, windows: [30d], examples: [{example}]}}\n"
    tables = TABLES.replace("known_after: 1d", "known_after: 1d, join: {products: product}")
    home = shop(tmp_path, tables=tables, features=feature)
    assert not [f for f in check_dataset(home, "shop").findings if f.code in ("WB-T12", "WB-F02", "WB-F14")]
