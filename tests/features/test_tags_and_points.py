"""Tags are named conditions, scores add points by rules; both are features that formulas may read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DefinitionError
from workbench.features.definition import FormulaFeature
from workbench.features.files import dump_features, parse_features
from workbench.features.points import Points
from workbench.tables.yaml_file import read_yaml
from workbench.text import Text

DEFINITIONS = """
overdue: {from: payments, where: "days_late > 0", aggregate: count, noun: {en: overdue payments, zh: 逾期还款}}
prepaid: {from: payments, where: "days_late < 0", aggregate: count, noun: {en: early payments, zh: 提前还款}}
visits: {from: visits, aggregate: count, windows: [30d, 90d], noun: {en: visits, zh: 到访}}
town: {attribute: people.town, noun: {en: home town, zh: 所在城镇}}
good_payer:
  tag: "overdue_count_all == 0 and prepaid_count_all >= 1"
  say: {en: never overdue and once prepaid, zh: 从未逾期且曾提前还款}
cautious: {tag: {when: "prepaid_count_all > 2", missing: 0}}
interaction_score:
  points:
    base: 5
    add:
      - {when: "good_payer == 1", points: 20, say: {en: pays reliably, zh: 还款可靠}}
      - {band: visits_count_90d, edges: [1, 5, 10], points: [0, 5, 10, 20], missing: -3}
      - {when: "town in ('Ulm', 'Bonn')", points: 2.5}
    min: 0
    max: 40
doubled: {formula: "interaction_score * 2"}
"""


def read(tmp_path: Path, text: str) -> dict:
    path = tmp_path / "features.yaml"
    path.write_text(text, encoding="utf-8")
    return parse_features(read_yaml(path))


def value(feature: FormulaFeature, **columns: list) -> list:
    frame = {k: pd.Series(v, dtype="object" if k == "town" else "float64") for k, v in columns.items()}
    found = feature.recipe.value(frame, len(next(iter(columns.values()))))
    return [None if np.isnan(v) else v for v in found]


def test_a_tag_is_one_zero_or_missing_and_one_side_may_decide_it(tmp_path: Path) -> None:
    tag = read(tmp_path, DEFINITIONS)["good_payer"]
    assert value(tag, overdue_count_all=[0, 0, 1, 1, 0], prepaid_count_all=[1, 0, 1, None, None]) == [
        1, 0, 0, 0, None,
    ]  # fmt: skip


def test_a_tag_may_say_what_it_is_where_nothing_is_known(tmp_path: Path) -> None:
    assert value(read(tmp_path, DEFINITIONS)["cautious"], prepaid_count_all=[3, 2, None]) == [1, 0, 0]


def test_a_score_is_the_sum_of_its_rules_within_its_limits(tmp_path: Path) -> None:
    score = read(tmp_path, DEFINITIONS)["interaction_score"]
    columns = {
        "good_payer": pd.Series([1.0, 0.0, None, 1.0]),
        "visits_count_90d": pd.Series([10.0, 0.0, None, 5.0]),
        "town": pd.Series(["Ulm", None, "Köln", "Bonn"], dtype="object"),
    }
    assert score.recipe.value(columns, 4).tolist() == [40, 5, 2, 37.5]
    parts = score.recipe.contributions(columns, 4)
    assert parts.to_dict("list") == {
        "base": [5, 5, 5, 5],
        "rule_1": [20, 0, 0, 20],
        "rule_2": [20, 0, -3, 10],
        "rule_3": [2.5, 0, 0, 2.5],
        "limit": [-7.5, 0, 0, 0],
    }


def test_contributions_add_up_to_the_score(tmp_path: Path) -> None:
    score = read(tmp_path, DEFINITIONS)["interaction_score"]
    rng = np.random.default_rng(0)
    columns = {
        "good_payer": pd.Series(rng.choice([0.0, 1.0, np.nan], 500)),
        "visits_count_90d": pd.Series(rng.choice([0.0, 1.0, 4.9, 5.0, 12.0, np.nan], 500)),
        "town": pd.Series(rng.choice(["Ulm", "Bonn", "Köln"], 500)).astype("object"),
    }
    parts = score.recipe.contributions(columns, 500)
    np.testing.assert_allclose(parts.sum(axis=1), score.recipe.value(columns, 500))


def test_every_rule_says_what_it_is_for(tmp_path: Path) -> None:
    features = read(tmp_path, DEFINITIONS)
    recipe = features["interaction_score"].recipe
    assert isinstance(recipe, Points)
    said = {c.name: c.sentence for f in features.values() for c in f.columns()}
    assert recipe.reasons(said)["rule_1"] == Text("pays reliably", "还款可靠")
    assert recipe.reasons(said)["rule_2"] == Text(
        "“number of visits in the last 90 days”", "“近90天到访次数”"
    )
    assert [r.told(said).zh for r in recipe.rules[:2]] == [
        "还款可靠：20分",
        "按“近90天到访次数”：低于1：0分，1起：5分，5起：10分，10起：20分，缺失：-3分",
    ]
    assert [t.zh for t in recipe.frame] == ["基础分5", "限于0至40分"]
    sentence = features["interaction_score"].columns()[0].sentence
    assert sentence.zh.startswith(
        "积分：基础分5；限于0至40分；还款可靠：20分；按“近90天到访次数”：低于1：0分"
    )
    assert "below 1: 0, from 1 on: 5, from 5 on: 10, from 10 on: 20, missing: -3" in sentence.en


def test_a_tag_without_words_of_its_own_reads_as_its_condition(tmp_path: Path) -> None:
    sentence = read(tmp_path, DEFINITIONS)["cautious"].columns()[0].sentence
    assert sentence == Text(
        "whether “number of early payments so far” > 2 (1 yes, 0 no)", "是否“迄今提前还款次数” > 2（1是0否）"
    )


def test_tags_and_scores_survive_being_written_and_read(tmp_path: Path) -> None:
    features = read(tmp_path, DEFINITIONS)
    assert read(tmp_path, dump_features(features)) == features


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ('{tag: "visits_count_30d + 1"}', "WB-F27", "not true or false"),
        ('{tag: "1 == 1"}', "WB-F27", "names no feature column"),
        ("{tag: 3}", "WB-F27", "is no condition"),
        ('{tag: {when: "visits_count_30d > 1", missing: 2}}', "WB-F27", "`missing` of a tag is 2"),
        ('{tag: {wen: "visits_count_30d > 1"}}', "WB-T02", "Did you mean 'when'"),
        ('{tag: "visit_count_30d > 1"}', "WB-F08", "Did you mean 'visits_count_30d'"),
        ("{points: {add: []}}", "WB-F29", "adds nothing up"),
        ("{points: {add: [{points: 3}]}}", "WB-F29", "`when:` or `band:`"),
        ('{points: {add: [{when: "visits_count_30d > 1", points: many}]}}', "WB-F29", "'many', which is not a number"),
        ('{points: {add: [{when: "visits_count_30d > 1", points: .inf}]}}', "WB-F29", "inf, which is not a number"),
        ("{points: {add: [{band: visits_count_30d, edges: [5, 1], points: [0, 1, 2]}]}}", "WB-F29", "do not rise"),
        ("{points: {add: [{band: visits_count_30d, edges: [1], points: [0, 1, 2]}]}}", "WB-F29", "1 edges make 2 bands"),
        ('{points: {add: [{when: "visits_count_30d > 1", points: 1}], min: 5, max: 5}}', "WB-F29", "not below"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path: Path, written: str, code: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, DEFINITIONS + f"new: {written}\n")
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("more", "circle"),
    [
        ('a: {formula: "a + 1"}', "a -> a"),
        ('a: {formula: "b + 1"}\nb: {ratio: [c, visits_count_30d]}\nc: {tag: "a > 1"}', "a -> b -> c -> a"),
        ('z: {formula: "a + 1"}\na: {formula: "b + 1"}\nb: {formula: "a + 1"}', "a -> b -> a"),
    ],
)
def test_formulas_in_a_circle_are_named(tmp_path: Path, more: str, circle: str) -> None:
    with pytest.raises(DefinitionError, match="^WB-F25") as caught:
        read(tmp_path, DEFINITIONS + more)
    assert caught.value.message.endswith(f"{circle}.")


def test_a_diamond_of_formulas_is_no_circle_and_a_long_chain_is_read(tmp_path: Path) -> None:
    more = 'top: {formula: "left + right"}\nleft: {formula: "low + 1"}\nright: {formula: "low + 2"}\nlow: {formula: "visits_count_30d"}\n'
    more += "".join(f'c{i}: {{formula: "c{i + 1} + 1"}}\n' for i in range(2000)) + "c2000: {formula: top}\n"
    assert len(read(tmp_path, DEFINITIONS + more)) == 8 + 4 + 2001


def test_change_compares_daily_rates(tmp_path: Path) -> None:
    more = (
        'spend: {from: visits, value: paid, aggregate: [sum, mean], windows: [30d, "30d..90d"]}\n'
        'pace: {change: [spend_sum_30d, "spend_sum_30d..90d"]}\n'
    )
    pace = read(tmp_path, DEFINITIONS + more)["pace"]
    columns = {
        "spend_sum_30d": pd.Series([30.0, 30.0, 0.0]),
        "spend_sum_30d..90d": pd.Series([60.0, 0.0, 60.0]),
    }
    assert pace.recipe.value(columns, 3).tolist()[::2] == [1.0, 0.0]
    assert np.isnan(pace.recipe.value(columns, 3)[1])
    assert pace.columns()[0].sentence == Text(
        "spend (paid of visits) per day in the last 30 days, against the daily average from 90 to 30 days before",
        "近30天日均spend（到访的已付）与前90天至30天日均之比",
    )
    for wrong in ("spend_mean_30d", "good_payer", "town", "overdue_count_all"):
        with pytest.raises(DefinitionError, match=f"WB-F28.*'{wrong}' has none"):
            read(tmp_path, DEFINITIONS + more + f"w: {{change: [spend_sum_30d, {wrong}]}}")


def test_a_column_of_a_calendar_month_is_written_in_backquotes(tmp_path: Path) -> None:
    more = "m: {from: visits, aggregate: count, windows: [month-1]}\n"
    assert read(tmp_path, DEFINITIONS + more + "f: {formula: '`m_count_month-1` + 1'}")["f"].operands == (
        "m_count_month-1",
    )
    with pytest.raises(DefinitionError, match="WB-F08.*Write `m_count_month-1` in backquotes"):
        read(tmp_path, DEFINITIONS + more + "f: {formula: 'm_count_month-1 + 1'}")


def test_a_call_of_no_function_and_a_feature_that_reads_itself_are_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(
        DefinitionError, match="'__import__\\('os'\\).system' is no function, so it is not allowed"
    ):
        read(tmp_path, DEFINITIONS + "w: {formula: \"__import__('os').system('x')\"}\n")
    with pytest.raises(DefinitionError, match="WB-F08") as caught:
        read(tmp_path, DEFINITIONS + "visits_x: {formula: visits_y + 1}\n")
    assert "visits_x" not in caught.value.hint
