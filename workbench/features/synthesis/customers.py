"""Entries over the tables that know the customer: events, rows without a time, one row each."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.features.facts import ColumnFacts, TableFacts
from workbench.features.glossary import noun_of, snake, things_of, words_of
from workbench.features.levels import OTHER, slug_of
from workbench.features.synthesis.entries import (
    Group,
    Proposed,
    change_of,
    leave_out,
    noun_in,
    rows_of,
    short,
    title_of,
)
from workbench.features.synthesis.rhythm import Rhythm
from workbench.tables.durations import Duration
from workbench.text import counted

_TOP = 8  # frozen levels of a category
_LEAST_SHARE = 0.01
_LEAST_NEGATIVE = 0.002
_UNITS = {"quantity", "qty", "units"}
_PRICES = {"price", "unitprice"}
# adding these up says nothing
_INTENSIVE = {
    "price",
    "unitprice",
    "rate",
    "ratio",
    "share",
    "percent",
    "pct",
    "score",
    "age",
    "balance",
    "limit",
    "level",
}
_OCCASIONS = {"basket", "order", "invoice", "visit", "session", "transaction", "receipt", "trip", "ticket"}


def of_events(table: TableFacts, history: float, label_days: float | None, *, several: bool) -> Group:
    rhythm = Rhythm.of(table.gap_days, history, label_days)
    name, title = snake(table.table.name), title_of(table).as_dict()
    long = f"{rhythm.long}d"
    group = Group(_heading(table, rhythm))
    add = group.entries.append
    spans = [*rhythm.windows, *([rhythm.before] if rhythm.before else [])]
    add(rows_of(name, table, ["count"], spans, title, 0))
    add(rows_of(f"{name}_when", table, ["days_since_last", "days_since_first"], ["all"], title, 0))
    if rhythm.before:
        add(change_of(f"{name}_pace", f"{name}_count_{rhythm.short}d", f"{name}_count_{rhythm.before}"))
    streak = "streak" if (table.gap_days or 0) <= 14 else "streak_months"
    add(rows_of(f"{name}_rhythm", table, ["mean_gap", "std_gap", streak], [long], title, 1))
    habit = ["weekend_share", "peak_weekday"]
    if table.has_hours:
        habit += ["peak_hour", "peak_hour_share"]
    add(rows_of(f"{name}_habit", table, habit, [long], title, 2))
    occasion = next(
        (c for c in table.of("identifier") if c.hop is None and _OCCASIONS & set(words_of(c.name))), None
    )
    for column in table.columns:
        noun = noun_in(column, table, several=several)
        if column.role == "identifier":
            for one in _identifier(name, table, column, rhythm, noun):
                add(one)
        elif column.role == "number":
            for one in _number(name, table, column, rhythm, noun, occasion):
                add(one)
        elif column.role == "category":
            for one in _category(name, table, column, rhythm, noun):
                add(one)
        elif column.role == "text":
            entry = f"{name}_{short(column)}"
            add(
                rows_of(
                    entry,
                    table,
                    ["distinct", "entropy"],
                    [f"{rhythm.middle}d"],
                    noun,
                    2,
                    value=column.reference,
                )
            )
        else:
            leave_out(group, column)
    amount = _amount(table)
    if amount is not None:
        for one in _number(name, table, amount, rhythm, noun_of("amount").as_dict(), occasion):
            add(one)
    return group


def _identifier(
    name: str, table: TableFacts, column: ColumnFacts, rhythm: Rhythm, noun: dict[str, str]
) -> Iterator[Proposed]:
    """What only names something is counted, never computed with."""
    windows = list(dict.fromkeys([f"{rhythm.short}d", f"{rhythm.middle}d", "all"]))
    yield rows_of(
        f"{name}_{short(column)}",
        table,
        ["distinct"],
        windows,
        noun,
        0 if column.hop is None else 2,
        value=column.reference,
    )
    if column.hop is None and not _OCCASIONS & set(words_of(column.name)):
        yield rows_of(
            f"{name}_{short(column)}_loyalty",
            table,
            ["top_share"],
            [f"{rhythm.long}d"],
            noun,
            2,
            value=column.reference,
        )


def _number(
    name: str,
    table: TableFacts,
    column: ColumnFacts,
    rhythm: Rhythm,
    noun: dict[str, str],
    occasion: ColumnFacts | None,
) -> Iterator[Proposed]:
    entry, value = f"{name}_{short(column)}", column.reference
    middle, long = f"{rhythm.middle}d", f"{rhythm.long}d"
    if column.hop is not None:
        yield rows_of(entry, table, ["mean", "max"], [middle], noun, 2, value=value)
        return
    if _INTENSIVE & set(words_of(column.name)):
        yield rows_of(entry, table, ["mean", "max"], rhythm.windows, noun, 0, value=value)
        yield rows_of(f"{entry}_typical", table, ["last", "min", "std"], [middle], noun, 1, value=value)
        yield rows_of(f"{entry}_trend", table, ["trend"], [long], noun, 2, value=value)
        return
    spans = [*rhythm.windows, *([rhythm.before] if rhythm.before else [])]
    yield rows_of(entry, table, ["sum"], spans, noun, 0, value=value)
    yield rows_of(f"{entry}_typical", table, ["mean", "max", "std", "q90"], [middle], noun, 1, value=value)
    yield rows_of(f"{entry}_trend", table, ["trend"], [long], noun, 2, value=value)
    yield rows_of(
        f"{entry}_recent", table, ["decayed_sum"], [long], noun, 1, value=value, half_life=f"{rhythm.short}d"
    )
    if rhythm.before and column.low >= 0:
        yield change_of(f"{entry}_pace", f"{entry}_sum_{rhythm.short}d", f"{entry}_sum_{rhythm.before}")
    if occasion is not None:
        each, per = noun_of(column.name), things_of(occasion.name)
        say = {
            "en": f"{each.en} divided by the number of {per.en} in the last {Duration(rhythm.middle).phrase('en')}",
            "zh": f"近{Duration(rhythm.middle).phrase('zh')}平均每次{per.zh}的{each.zh}",
        }
        made = f"{entry}_each"
        reads = [f"{entry}_sum_{middle}", f"{name}_{short(occasion)}_distinct_{middle}"]
        yield Proposed(made, {"ratio": reads, "say": say}, (made,), 1)
    if _LEAST_NEGATIVE <= column.negative <= 0.5:
        yield from _below_zero(entry, name, table, column, rhythm, noun, occasion)


def _below_zero(
    entry: str,
    name: str,
    table: TableFacts,
    column: ColumnFacts,
    rhythm: Rhythm,
    noun: dict[str, str],
    occasion: ColumnFacts | None,
) -> Iterator[Proposed]:
    """Returns, refunds, reversals: how often, how much, and which share of the occasions."""
    below, spans = f"{column.reference} < 0", rhythm.windows
    words = {"en": f"rows with negative {noun['en']}", "zh": f"{noun['zh']}为负的记录"}
    amount = {"en": f"negative {noun['en']}", "zh": f"为负的{noun['zh']}"}
    yield rows_of(
        f"{entry}_negative",
        table,
        ["sum"],
        [f"{rhythm.middle}d", "all"],
        amount,
        1,
        value=column.reference,
        where=below,
    )
    if occasion is None:
        yield rows_of(
            f"{entry}_below_zero", table, ["count", "days_since_last"], spans, words, 0, where=below
        )
        return
    per = things_of(occasion.name)
    words = {"en": f"{per.en} with negative {noun['en']}", "zh": f"{noun['zh']}为负的{per.zh}"}
    made = f"{entry}_below_zero"
    yield rows_of(made, table, ["distinct"], spans, words, 0, value=occasion.reference, where=below)
    yield rows_of(f"{made}_when", table, ["days_since_last"], ["all"], words, 0, where=below)
    for window in (f"{rhythm.middle}d", "all"):
        share = f"{made}_share_{window}"
        yield Proposed(
            share,
            {"ratio": [f"{made}_distinct_{window}", f"{name}_{short(occasion)}_distinct_{window}"]},
            (share,),
            0,
        )


def _category(
    name: str, table: TableFacts, column: ColumnFacts, rhythm: Rhythm, noun: dict[str, str]
) -> Iterator[Proposed]:
    entry, middle = f"{name}_{short(column)}", f"{rhythm.middle}d"
    tier = 1 if column.hop is None else 2
    levels, other = frozen_levels(column)
    if levels:
        comment = f"the {len(levels)} most frequent of {column.distinct:,} values, as of the day above"
        yield rows_of(
            entry,
            table,
            ["count", "share"],
            [middle],
            noun,
            tier,
            comment,
            value=column.reference,
            levels=levels,
            other=other or None,
        )
    yield rows_of(
        f"{entry}_variety", table, ["distinct", "entropy"], [middle], noun, tier, value=column.reference
    )
    if column.distinct <= 40:
        yield rows_of(f"{entry}_usual", table, ["mode"], [f"{rhythm.long}d"], noun, 2, value=column.reference)


def frozen_levels(column: ColumnFacts) -> tuple[list[str] | dict[str, str], bool]:
    """The most frequent levels that a definition freezes, and whether there are others; named where names would clash."""
    kept = [
        x.value for x in column.levels if x.share >= _LEAST_SHARE and x.value.strip() == x.value and x.value
    ][:_TOP]
    if len(kept) == column.distinct and len(kept) == 2:
        kept = kept[:1]  # of two levels one says it all
    slugs = [slug_of(v) for v in kept]
    others = column.distinct > len(kept)
    if all(slugs) and len(set(slugs)) == len(slugs) and OTHER not in slugs:
        return kept, others and len(kept) > 1
    named: dict[str, str] = {}
    for place, (slug, value) in enumerate(zip(slugs, kept, strict=True), start=1):
        clear = bool(slug) and slugs.count(slug) == 1 and slug != OTHER
        named[slug if clear else f"{slug or 'level'}_{place}"] = value
    return named, others and len(kept) > 1


def _amount(table: TableFacts) -> ColumnFacts | None:
    """Quantity times price, where a table has both and no amount."""
    own = [c for c in table.of("number") if c.hop is None]
    units = [c for c in own if _UNITS & set(words_of(c.name))]
    prices = [c for c in own if _PRICES & set(words_of(c.name))]
    if len(units) != 1 or len(prices) != 1 or any("amount" in words_of(c.name) for c in own):
        return None
    product = f"{units[0].reference} * {prices[0].reference}"
    low = min(units[0].low, prices[0].low)
    return ColumnFacts(product, "amount", "number", low=low, negative=0.0)


def of_attributes(table: TableFacts) -> Group:
    group = Group([f"{table.table.name}: one row each of {table.rows:,}"])
    for column in table.columns:
        if column.hop is not None or column.role not in ("number", "category"):
            leave_out(group, column)
            continue
        name = snake(column.name)
        settings = {"attribute": f"{table.table.name}.{column.name}", "noun": noun_of(column.name).as_dict()}
        group.entries.append(Proposed(name, settings, (name,), 0))
    return group


def of_untimed(table: TableFacts, *, several: bool) -> Group:
    group = Group([f"{table.table.name}: no event time, so no windows"])
    name, add = snake(table.table.name), group.entries.append
    add(rows_of(name, table, ["count"], ["all"], title_of(table).as_dict(), 0))
    for column in table.columns:
        entry, noun = f"{name}_{short(column)}", noun_in(column, table, several=several)
        if column.role == "number" and column.hop is None:
            add(rows_of(entry, table, ["sum", "mean", "max"], ["all"], noun, 1, value=column.reference))
        elif column.role in ("category", "text", "identifier"):
            add(rows_of(entry, table, ["distinct"], ["all"], noun, 2, value=column.reference))
        else:
            leave_out(group, column)
    return group


def _heading(table: TableFacts, rhythm: Rhythm) -> list[str]:
    if not table.rows:
        return [
            f"{table.table.name}: nothing was known yet, so column types alone decide; windows {', '.join(rhythm.windows)}"
        ]
    gap = "nobody came twice yet" if table.gap_days is None else f"a usual gap of {table.gap_days:.3g} days"
    return [
        f"{table.table.name}: {counted(table.rows, 'row')} of {table.entities:,}, {gap}; windows {', '.join(rhythm.windows)}"
    ]
