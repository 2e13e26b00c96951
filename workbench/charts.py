"""Tidy frame in, Altair chart out: titles, tooltips and descriptions in English and Chinese.

Every chart is drawn from a frame that can be downloaded beside it. Charts have no fixed width, so that a page may stretch
them; `to_png` gives a picture without a browser.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import altair as alt
import pandas as pd

from workbench.text import Text

BLUE, GREY, RED = "#2f6db3", "#9aa3ad", "#c8443c"
GRADE_COLOURS = {"A": "#2c7a4b", "B": "#7fb069", "C": "#e0a53b", "D": "#c8443c"}
HEIGHT = 280

_WORDS = {
    "depth": Text("share of customers contacted", "触达客户占比"),
    "capture": Text("share of all events reached", "覆盖的事件占比"),
    "customers": Text("customers", "客户数"),
    "events": Text("events", "事件数"),
    "lift": Text("lift", "提升倍数"),
    "decile": Text("tenth of customers, likeliest first", "客户十分位（概率由高到低）"),
    "event_rate": Text("event rate", "事件率"),
    "predicted": Text("predicted probability", "预测概率"),
    "observed": Text("observed event rate", "实际事件率"),
    "low": Text("lower bound, 95%", "95% 下限"),
    "high": Text("upper bound, 95%", "95% 上限"),
    "n": Text("customers", "客户数"),
    "month": Text("month", "月份"),
    "auc": Text("AUC", "AUC"),
    "share": Text("share of the importance", "重要性占比"),
    "mean_abs": Text("mean push on the log-odds", "对数几率平均推动"),
    "sentence": Text("feature", "特征"),
    "group": Text("from", "来源"),
    "value": Text("value", "取值"),
    "contribution": Text("push on the log-odds of the event", "对事件对数几率的推动"),
    "bin": Text("bin", "分箱"),
    "points": Text("points", "分数"),
    "woe": Text("weight of evidence", "证据权重 WOE"),
    "grade": Text("grade", "等级"),
    "share_of_customers": Text("share of customers", "客户占比"),
    "trial": Text("trial", "试验"),
    "family": Text("kind of model", "模型类型"),
    "seconds": Text("seconds", "秒"),
    "random": Text("random choice", "随机选择"),
    "model": Text("by the model", "按模型"),
    "perfect": Text("perfect agreement", "完全一致"),
}


def _say(word: str, language: str) -> str:
    return _WORDS[word][language]


def _tips(fields: Iterable[tuple[str, str, str]], language: str) -> list[alt.Tooltip]:
    """(field, word, format) to tooltips; an empty format leaves the value as it is."""
    tips = []
    for name, word, shape in fields:
        options: dict[str, Any] = {"format": shape} if shape else {}
        tips.append(alt.Tooltip(_field(name), title=_say(word, language), **options))
    return tips


def _chart(data: pd.DataFrame) -> Any:
    """Altair's mark methods have types that no checker can follow: one place says Any."""
    return alt.Chart(data)


def _field(name: str) -> str:
    """A column's name as Vega-Lite reads it literally."""
    return (
        name.replace("\\", "\\\\")
        .replace(".", "\\.")
        .replace("[", "\\[")
        .replace("]", "\\]")
        .replace(":", "\\:")
    )


def _dressed(chart: Any, title: Text, describe: Text, language: str, *, height: int = HEIGHT) -> Any:
    return chart.properties(
        title=alt.TitleParams(title[language], anchor="start"),
        description=describe[language],
        height=height,
        width="container",
    )


def gain_curve(gains: pd.DataFrame, *, language: str = "en") -> alt.LayerChart:
    """`depth`, `capture` (both 0..1) and, if there, `customers`, `events`, `lift`."""
    data = gains[[c for c in ("depth", "customers", "events", "capture", "lift") if c in gains]]
    if float(data["depth"].min()) > 0:  # a curve of captured events begins at nobody
        start = dict.fromkeys(data.columns, 0.0) | ({"lift": float("nan")} if "lift" in data else {})
        data = pd.concat([pd.DataFrame([start]), data], ignore_index=True)
    shapes = {"depth": ".0%", "capture": ".1%", "customers": ",.0f", "events": ",.0f", "lift": ".2f"}
    x = alt.X("depth:Q", title=_say("depth", language), axis=alt.Axis(format="%"))
    curve = (
        _chart(data)
        .mark_line(color=BLUE, strokeWidth=2.5)
        .encode(
            x=x,
            y=alt.Y("capture:Q", title=_say("capture", language), axis=alt.Axis(format="%")),
            tooltip=_tips([(c, c, shapes[c]) for c in data.columns], language),
        )
    )
    hover = curve.mark_point(size=60, opacity=0, color=BLUE)
    random = (
        _chart(pd.DataFrame({"depth": [0.0, 1.0], "capture": [0.0, 1.0]}))
        .mark_line(color=GREY, strokeDash=[5, 4])
        .encode(x="depth:Q", y="capture:Q")
    )
    at_ten = data.loc[(data["depth"] - 0.1).abs().idxmin()]
    reached = f"{float(at_ten['capture']):.0%}"
    share = f"{float(at_ten['depth']):.0%}"
    return _dressed(
        random + curve + hover,
        Text(
            f"The best {share} of customers hold {reached} of the events",
            f"最优的 {share} 客户覆盖 {reached} 的事件",
        ),
        Text(
            f"Gain curve: share of events reached by share of customers contacted; {reached} at {share}. Dashed: random choice.",
            f"增益曲线：触达 {share} 客户可覆盖 {reached} 的事件；虚线为随机选择。",
        ),
        language,
    )


def deciles(table: pd.DataFrame, *, language: str = "en") -> alt.LayerChart:
    """`decile` (1 = likeliest), `event_rate`, and if there `customers` or `n`, `events`, `lift`."""
    shapes = {
        "decile": "",
        "event_rate": ".2%",
        "customers": ",.0f",
        "n": ",.0f",
        "events": ",.0f",
        "lift": ".2f",
    }
    columns = [c for c in shapes if c in table]
    bars = (
        _chart(table[columns])
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("decile:O", title=_say("decile", language), axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "event_rate:Q",
                title=_say("event_rate", language),
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, max(1.1 * float(table["event_rate"].max()), 1e-6)], nice=False),
            ),
            tooltip=_tips([(c, c, shapes[c]) for c in columns], language),
        )
    )
    text = bars.mark_text(dy=-7, color="#333").encode(text=alt.Text("event_rate:Q", format=".1%"))
    top, last = float(table["event_rate"].iloc[0]), float(table["event_rate"].iloc[-1])
    return _dressed(
        bars + text,
        Text("Event rate by tenth of customers", "各十分位客户的事件率"),
        Text(
            f"Bars of the event rate per tenth of customers, from {top:.1%} in the first to {last:.1%} in the last.",
            f"各十分位事件率柱状图：第一组 {top:.1%}，最后一组 {last:.1%}。",
        ),
        language,
    )


def calibration(table: pd.DataFrame, *, language: str = "en") -> alt.LayerChart:
    """`predicted`, `observed`, and if there `low`, `high`, `n`; `mean_probability`, `event_rate` and `rows` do as well."""
    table = table.rename(columns={"mean_probability": "predicted", "event_rate": "observed", "rows": "n"})
    columns = [c for c in ("predicted", "observed", "low", "high", "n") if c in table]
    shapes = {"predicted": ".2%", "observed": ".2%", "low": ".2%", "high": ".2%", "n": ",.0f"}
    data = table[columns]
    top = float(data[[c for c in columns if c != "n"]].max().max())
    x = alt.X("predicted:Q", title=_say("predicted", language), axis=alt.Axis(format="%"))
    y = alt.Y("observed:Q", title=_say("observed", language), axis=alt.Axis(format="%"))
    perfect = (
        _chart(pd.DataFrame({"predicted": [0.0, top], "observed": [0.0, top]}))
        .mark_line(color=GREY, strokeDash=[5, 4])
        .encode(x=x, y=y)
    )
    layers = [perfect]
    base = _chart(data).encode(x=x, tooltip=_tips([(c, c, shapes[c]) for c in columns], language))
    if {"low", "high"} <= set(columns):
        layers.append(base.mark_rule(color=BLUE, opacity=0.5).encode(y="low:Q", y2="high:Q"))
    layers.append(base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(y=y))
    return _dressed(
        alt.layer(*layers),
        Text("Do predicted probabilities come true?", "预测概率是否兑现？"),
        Text(
            "Observed event rate by predicted probability with 95% intervals; dashed: perfect agreement.",
            "按预测概率分组的实际事件率及 95% 区间；虚线表示完全一致。",
        ),
        language,
    )


def importance_bar(table: pd.DataFrame, *, language: str = "en", top: int = 15) -> alt.Chart:
    """From `explanation.importance`: the strongest features and their share."""
    data = table.head(top).rename(columns={f"sentence_{language}": "sentence"})
    data = data[["feature", "sentence", "group", "share", "mean_abs"]].copy()
    data["label"] = _unique(data["sentence"])
    chart = (
        _chart(data)
        .mark_bar(color=BLUE)
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=380)),
            x=alt.X("share:Q", title=_say("share", language), axis=alt.Axis(format="%")),
            tooltip=_tips(
                [
                    ("sentence", "sentence", ""),
                    ("group", "group", ""),
                    ("share", "share", ".1%"),
                    ("mean_abs", "mean_abs", ".3f"),
                ],
                language,
            ),
        )
    )
    first = str(data["sentence"].iloc[0]) if len(data) else ""
    return _dressed(
        chart,
        Text("What the model listens to", "模型最看重的特征"),
        Text(
            f"Bars of the {len(data)} most important features; the first is: {first}.",
            f"最重要的 {len(data)} 个特征；第一位：{first}。",
        ),
        language,
        height=max(80, 24 * len(data)),
    )


def _unique(sentences: Iterable[str]) -> list[str]:
    """Axis labels that differ: two features may share a sentence."""
    labels: list[str] = []
    for sentence in sentences:
        label, number = sentence, 2
        while label in labels:
            label, number = f"{sentence} ({number})", number + 1
        labels.append(label)
    return labels


def customer_bars(customer: pd.DataFrame, *, language: str = "en", top: int = 12) -> alt.Chart:
    """From `explanation.one_customer`: what pushes this customer up (red) and down (blue)."""
    data = customer.head(top)[["sentence", "value", "contribution", "direction"]].copy()
    data["label"] = _unique(
        f"{_short(said)}: {_short(value, 30)}"
        for said, value in zip(data["sentence"], data["value"], strict=True)
    )
    chart = (
        _chart(data)
        .mark_bar()
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=380)),
            x=alt.X("contribution:Q", title=_say("contribution", language)),
            color=alt.Color(
                "direction:N",
                scale=alt.Scale(domain=["up", "down", "none"], range=[RED, BLUE, GREY]),
                legend=None,
            ),
            tooltip=_tips(
                [
                    ("sentence", "sentence", ""),
                    ("value", "value", ""),
                    ("contribution", "contribution", "+.3f"),
                ],
                language,
            ),
        )
    )
    reference = str(customer.attrs.get("reference", ""))
    return _dressed(
        chart,
        Text("Why this customer", "该客户的原因"),
        Text(
            f"Pushes of {len(data)} features on this customer's log-odds. {reference}",
            f"{len(data)} 个特征对该客户对数几率的推动。{reference}",
        ),
        language,
        height=max(80, 24 * len(data)),
    )


def dependence_line(table: pd.DataFrame, sentence: str, *, language: str = "en") -> alt.LayerChart:
    """From `explanation.dependence`: mean and middle 80% of the contribution along a feature's values."""
    data = table.assign(label=table[f"label_{language}"])[["label", "n", "contribution", "low", "high"]]
    x = alt.X("label:N", sort=None, title=sentence, axis=alt.Axis(labelAngle=-45, labelLimit=140))
    tips = [("label", "value", ""), ("n", "n", ",.0f"), ("contribution", "contribution", "+.3f")]
    base = _chart(data).encode(x=x, tooltip=_tips(tips, language))
    ranges = base.mark_rule(color=GREY).encode(
        y=alt.Y("low:Q", title=_say("contribution", language)), y2="high:Q"
    )
    dots = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(y="contribution:Q")
    return _dressed(
        ranges + dots,
        Text(f"How it depends on: {sentence}", f"随取值变化：{sentence}"),
        Text(
            f"Mean push on the log-odds by value of {sentence}, with the middle 80% of customers.",
            f"按“{sentence}”取值的平均推动及中间 80% 客户范围。",
        ),
        language,
    )


def by_month(table: pd.DataFrame, *, metric: str = "event_rate", language: str = "en") -> alt.LayerChart:
    """`month` (text or date), the metric (`event_rate` or `auc`), and if there `low`, `high`, `n` or `rows`, `events`."""
    data = table.assign(month=table["month"].astype(str))
    if "rows" in data and "n" not in data:
        data = data.rename(columns={"rows": "n"})
    shape = ".3f" if metric == "auc" else ".2%"
    shapes = {"month": "", metric: shape, "n": ",.0f", "events": ",.0f"}
    columns = [c for c in shapes if c in data]
    # the interval of such a table is the event rate's
    bounds = [c for c in ("low", "high") if c in data and metric == "event_rate"]
    data = data[columns + bounds]
    base = _chart(data).encode(
        x=alt.X("month:O", title=_say("month", language), axis=alt.Axis(labelAngle=-45)),
        tooltip=_tips([(c, c, shapes[c]) for c in columns], language),
    )
    y = alt.Y(
        f"{metric}:Q",
        title=_say(metric, language),
        scale=alt.Scale(zero=metric != "auc"),
        axis=alt.Axis(format=".2f" if metric == "auc" else "%"),
    )
    layers = [base.mark_rule(color=GREY).encode(y=alt.Y("low:Q"), y2="high:Q")] if len(bounds) == 2 else []
    layers.append(base.mark_line(color=BLUE, point=True).encode(y=y))
    name = _WORDS[metric]
    return _dressed(
        alt.layer(*layers),
        Text(f"{name.en[:1].upper()}{name.en[1:]} by month", f"各月{name.zh}"),
        Text(f"Line of the {name.en} over {len(data)} months.", f"{len(data)} 个月的{name.zh}折线。"),
        language,
    )


def card_points(table: pd.DataFrame, variable: str, *, language: str = "en") -> alt.LayerChart:
    """From `Scorecard.table(language)`: the points of one variable's bins, with event rates in the tooltips."""
    rows = table[table["variable"] == variable]
    columns = ["bin", "n", "share", "event_rate", "woe", "points"]
    data = rows[columns].assign(label=_unique(_short(b) for b in rows["bin"]))
    data["at"] = data["points"].clip(lower=0)  # a number stands right of its bar, also of a negative one
    sentence = str(rows["sentence"].iloc[0]) if len(rows) else variable
    tips = [
        ("bin", "bin", ""), ("n", "n", ",.0f"), ("share", "share_of_customers", ".1%"),
        ("event_rate", "event_rate", ".2%"), ("woe", "woe", ".3f"), ("points", "points", ""),
    ]  # fmt: skip
    base = _chart(data).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=_tips(tips, language),
    )
    bars = base.mark_bar(color=BLUE).encode(x=alt.X("points:Q", title=_say("points", language)))
    text = base.mark_text(align="left", dx=4, color="#333").encode(x="at:Q", text="points:Q")
    return _dressed(
        bars + text,
        Text(f"Points: {sentence}", f"分数：{sentence}"),
        Text(
            f"Points of the {len(data)} bins of {sentence}, from {data['points'].min()} to {data['points'].max()}.",
            f"“{sentence}”{len(data)} 个分箱的分数，从 {data['points'].min()} 到 {data['points'].max()}。",
        ),
        language,
        height=max(80, 26 * len(data)),
    )


def _short(label: str, longest: int = 60) -> str:
    line = " ".join(str(label).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def grade_rates(table: pd.DataFrame, *, language: str = "en") -> alt.LayerChart:
    """From `Grades.table`: event rate with interval and share of customers per grade."""
    data = table[["grade", "n", "share", "events", "event_rate", "rate_low", "rate_high"]]
    colour = alt.Color(
        "grade:N",
        scale=alt.Scale(domain=list(GRADE_COLOURS), range=list(GRADE_COLOURS.values())),
        legend=None,
    )
    tips = [
        ("grade", "grade", ""), ("n", "n", ",.0f"), ("share", "share_of_customers", ".1%"),
        ("events", "events", ",.0f"), ("event_rate", "event_rate", ".2%"),
        ("rate_low", "low", ".2%"), ("rate_high", "high", ".2%"),
    ]  # fmt: skip
    base = _chart(data).encode(
        x=alt.X("grade:N", title=_say("grade", language), axis=alt.Axis(labelAngle=0)),
        tooltip=_tips(tips, language),
    )
    bars = base.mark_bar().encode(
        y=alt.Y("event_rate:Q", title=_say("event_rate", language), axis=alt.Axis(format="%")), color=colour
    )
    rules = base.mark_rule(color="#333").encode(y="rate_low:Q", y2="rate_high:Q")
    parts = ", ".join(
        f"{grade} {rate:.1%}" for grade, rate in zip(data["grade"], data["event_rate"], strict=True)
    )
    return _dressed(
        bars + rules,
        Text("Event rate by grade", "各等级的事件率"),
        Text(
            f"Bars of the event rate per grade with 95% intervals: {parts}.",
            f"各等级事件率及 95% 区间：{parts}。",
        ),
        language,
    )


def leaderboard(table: pd.DataFrame, *, language: str = "en") -> alt.Chart:
    """`trial`, `family`, `auc` and if there `seconds`: every candidate of a search."""
    shapes = {"trial": "", "family": "", "auc": ".4f", "seconds": ".1f"}
    columns = [c for c in shapes if c in table]
    best = float(table["auc"].max()) if len(table) else float("nan")
    chart = (
        _chart(table[columns])
        .mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=alt.X("trial:Q", title=_say("trial", language), axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("auc:Q", title=_say("auc", language), scale=alt.Scale(zero=False)),
            color=alt.Color("family:N", title=_say("family", language)),
            tooltip=_tips([(c, c, shapes[c]) for c in columns], language),
        )
    )
    return _dressed(
        chart,
        Text("Every candidate of the search", "搜索中的所有候选模型"),
        Text(
            f"AUC of {len(table)} candidates in the order in which they were tried; the best has {best:.3f}.",
            f"按尝试顺序的 {len(table)} 个候选模型的 AUC；最高 {best:.3f}。",
        ),
        language,
    )


def to_png(chart: Any, *, width: int = 640, scale: float = 1.5) -> bytes:
    """The chart as a PNG picture, without browser or network."""
    import vl_convert

    spec = chart.properties(width=width).to_dict()
    return vl_convert.vegalite_to_png(spec, scale=scale)
