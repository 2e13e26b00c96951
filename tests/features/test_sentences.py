"""Every column reads as a sentence in both languages, whatever its aggregation and window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.features.aggregations import REGISTRY, Aggregation
from workbench.features.aggregations.quantiles import quantile
from workbench.features.definition import RowsFeature
from workbench.features.files import parse_features
from workbench.features.levels import Level, per_level
from workbench.features.windows import Window
from workbench.tables.yaml_file import read_yaml
from workbench.text import Text

LEVELS = (Level("茶", ("茶",)), Level("鱼", ("鱼", "虾")))
AGGREGATIONS: tuple[Aggregation, ...] = (
    *REGISTRY.values(),
    *(q for n in ("q05", "q25", "q95") if (q := quantile(n)) is not None),
    *per_level("count", LEVELS, other=True),
    *per_level("share", LEVELS, other=True),
)
WINDOWS = ("30d", "12h", "2w", "1mo", "2y", "30d..60d", "7d..1mo", "month-1", "month-3", "month-3..month-1", "month-6..month-4", "this_month", "all")  # fmt: skip


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("aggregation", AGGREGATIONS, ids=lambda a: a.name)
def test_a_column_reads_as_a_sentence_in_both_languages(aggregation: Aggregation, window: str) -> None:
    feature = RowsFeature(
        name="spend",
        source="orders",
        value="amount",
        aggregate=(aggregation,),
        windows=(Window.parse(window),),
        noun=Text("spend", "消费"),
    )
    (column,) = feature.columns()
    assert column.name == f"spend_{aggregation.name}_{window}"
    english, chinese = column.sentence.en, column.sentence.zh
    for sentence in (english, chinese):
        assert not re.search(r"[{}]", sentence), sentence
        assert sentence == " ".join(sentence.split())
    assert "spend" in english
    assert re.search(r"[a-z]{3}.* .*[a-z]{3}", english)
    assert "消费" in chinese
    assert not re.search(r"[A-Za-z]", chinese), chinese


@pytest.mark.parametrize("aggregation", AGGREGATIONS, ids=lambda a: a.name)
def test_a_say_of_ones_own_has_words_for_the_aggregation_and_the_window(aggregation: Aggregation) -> None:
    say = Text("{aggregate} of {noun}, {when} ({window})", "{when}（{window}）{noun}{aggregate}")
    feature = RowsFeature(
        name="spend",
        source="orders",
        value="amount",
        aggregate=(aggregation,),
        windows=(Window.parse("month-2"), Window.parse("7d..1mo")),
        noun=Text("spend", "消费"),
        say=say,
    )
    for column in feature.columns():
        assert not re.search(r"[{}]", column.sentence.en + column.sentence.zh)
        assert not re.search(r"[A-Za-z]", column.sentence.zh), column.sentence.zh


def test_no_two_aggregations_and_no_two_windows_read_alike() -> None:
    said = {(a.en, a.zh) for a in AGGREGATIONS if a.name not in ("q05", "q25", "q95")}
    assert len(said) == len(AGGREGATIONS) - 3
    for language in ("en", "zh"):
        assert len({Window.parse(w).phrase(language) for w in WINDOWS}) == len(WINDOWS)
        assert len({Window.parse(w).length_phrase(language) for w in WINDOWS}) == len(WINDOWS)


def said(tmp_path: Path, written: str) -> list[Text]:
    (tmp_path / "features.yaml").write_text(written, encoding="utf-8")
    return [
        c.sentence
        for f in parse_features(read_yaml(tmp_path / "features.yaml")).values()
        for c in f.columns()
    ]


def test_without_a_noun_a_column_says_which_rows_of_which_table_are_meant(tmp_path: Path) -> None:
    where = "kind = 'x and y' and amount > 40 or note is not null"
    (streak, spend) = said(
        tmp_path,
        f'stx: {{from: visits, aggregate: streak_months, where: "{where}"}}\n'
        "spend: {from: orders, value: products.price, aggregate: sum, windows: [30d], via: coupons, match: [campaign_id]}\n",
    )
    assert f"stx (rows of visits where {where})" in streak.en
    assert "stx（到访的记录，限kind = 'x and y' 且 amount > 40 或 note 不缺失）" in streak.zh
    assert spend.en == "total spend (price of orders; same campaign_id in coupons) in the last 30 days"
    assert spend.zh == "近30天spend（订单的价格，在coupons中campaign_id相同）合计"


def test_without_a_noun_an_attribute_says_where_it_comes_from(tmp_path: Path) -> None:
    told = said(
        tmp_path,
        "vip: {attribute: customers.vip}\nlength: {row: duration}\ncool: {row: duration, noun: so}\n",
    )
    assert told == [
        Text("vip of customers", "客户的vip"),
        Text("duration of the row itself", "本行的时长"),
        Text("so", "so"),
    ]


def test_a_tag_says_the_conditions_of_what_it_reads(tmp_path: Path) -> None:
    tag = said(tmp_path, "n: {from: tx, where: \"kind = 'x'\", windows: [90d]}\nt: {tag: n_count_90d > 3}\n")[
        1
    ]
    assert "rows of tx where kind = 'x'" in tag.en
    assert "限kind = 'x'" in tag.zh
