"""Definitions proposed from what is known of the tables: plain entries of features.yaml, for a person to edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.features.facts import ColumnFacts, TableFacts, reference
from workbench.features.glossary import noun_of, snake, things_of, words_of
from workbench.features.levels import OTHER, slug_of
from workbench.tables.durations import Duration
from workbench.tables.schema import TableSet
from workbench.text import Text

_LADDER = (7, 14, 30, 60, 90, 180, 365, 730, 1095)
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


@dataclass(frozen=True)
class Rhythm:
    """The windows that suit a table: a few of an entity's active days, three times as long, and the long view."""

    short: int
    middle: int
    long: int

    @classmethod
    def of(cls, gap_days: float | None, history_days: float, label_days: float | None) -> Rhythm:
        """Rungs of a ladder from a week to three years, none longer than the history; one near the label's own window.

        >>> Rhythm.of(3.0, 365, None), Rhythm.of(40.0, 730, 90)
        (Rhythm(short=7, middle=30, long=90), Rhythm(short=60, middle=90, long=365))
        """
        rungs = [d for d in _LADDER if d <= max(history_days, _LADDER[0])]
        at_least = gap_days if gap_days is not None else 30.0
        short = _rung(rungs, at_least)
        if label_days is not None and label_days > short:
            middle = _rung(rungs, label_days)
        else:
            middle = _rung(rungs, 3 * short)
        return cls(short, middle, max(_rung(rungs, 3 * middle), middle))

    @property
    def windows(self) -> list[str]:
        """All of them, and the whole history."""
        return [*dict.fromkeys(f"{d}d" for d in (self.short, self.middle, self.long)), "all"]

    @property
    def before(self) -> str | None:
        """What lies before the short window, up to the middle one; None where they are the same."""
        return f"{self.short}d..{self.middle}d" if self.middle > self.short else None


def _rung(rungs: Sequence[int], at_least: float) -> int:
    return next((d for d in rungs if d >= at_least), rungs[-1])


@dataclass(frozen=True)
class Proposed:
    """One entry: its settings, a comment above it, how many columns it makes, and how soon it is given up (0: last)."""

    name: str
    settings: dict[str, Any]
    columns: tuple[str, ...]
    tier: int
    comment: str = ""


@dataclass
class Group:
    """The entries of one table, with a heading and what was left out."""

    heading: list[str]
    entries: list[Proposed] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class RowContext:
    """A label's own rows: the table they come from, its columns by their facts, the keys, and the cutoff's column."""

    table: TableFacts
    keys: tuple[str, ...]
    cutoff: str
    held_back: tuple[str, ...] = ()  # columns that decide the outcome
    dates: tuple[str, ...] = ()


def propose(
    tables: TableSet,
    facts: Mapping[str, TableFacts],
    *,
    history_days: float,
    label_days: float | None = None,
    row: RowContext | None = None,
    most: int | None = None,
) -> list[Group]:
    """Entries by table, in the order of tables.yaml; with `most` the least telling ones are given up beyond so many columns."""
    groups: list[Group] = []
    several = sum(1 for f in facts.values() if f.table.event_time is not None and f.has_entity) > 1
    for name, table in facts.items():
        if tables.consent is not None and tables.consent.table == name:
            continue
        if row is not None and name == row.table.table.name:
            groups.append(_own_row(row))
        if not table.has_entity:
            if row is not None:
                groups.append(_described(tables, table, row))
            continue
        if table.table.event_time is not None:
            groups.append(_events(table, history_days, label_days, several=several))
            if row is not None and name != row.table.table.name:
                groups.append(_in_context(tables, facts, table, history_days, label_days, row))
        elif table.one_row_each:
            groups.append(_attributes(table))
        else:
            groups.append(_untimed(table, several=several))
    groups = [g for g in groups if g.entries or g.left_out]
    _unique(groups)
    if most is not None:
        _trim(groups, most)
    return groups


def _noun(column: ColumnFacts, table: TableFacts, *, several: bool) -> dict[str, str]:
    """`sales value`, or `sales value (basket lines)` where other tables may have one too."""
    noun = things_of(column.name) if column.role == "identifier" else noun_of(column.name)
    if not several or column.hop is not None:
        return noun.as_dict()
    title = _title(table)
    return {"en": f"{noun.en} ({title.en})", "zh": f"{noun.zh}（{title.zh}）"}


def _title(table: TableFacts) -> Text:
    return table.table.title or noun_of(table.table.name)


def _columns(name: str, aggregates: Sequence[str], windows: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}_{a}_{w}" for w in windows for a in aggregates)


def _rows(
    name: str,
    table: TableFacts,
    aggregate: list[str],
    windows: list[str],
    noun: dict[str, str],
    tier: int,
    comment: str = "",
    **settings: Any,
) -> Proposed:
    written = {"from": table.table.name, **{k: v for k, v in settings.items() if v is not None}}
    written |= {"aggregate": aggregate, "windows": windows, "noun": noun}
    made = aggregate
    if "levels" in settings:
        slugs = [
            *(
                settings["levels"]
                if isinstance(settings["levels"], dict)
                else map(slug_of, settings["levels"])
            )
        ]
        slugs += [OTHER] if settings.get("other") else []
        made = [f"{a}_{s}" for a in aggregate for s in slugs]
    return Proposed(name, written, _columns(name, made, windows), tier, comment)


def _events(table: TableFacts, history: float, label_days: float | None, *, several: bool) -> Group:
    rhythm = Rhythm.of(table.gap_days, history, label_days)
    name, title = snake(table.table.name), _title(table).as_dict()
    long = f"{rhythm.long}d"
    group = Group(_heading(table, rhythm))
    add = group.entries.append
    spans = [*rhythm.windows, *([rhythm.before] if rhythm.before else [])]
    add(_rows(name, table, ["count"], spans, title, 0))
    add(_rows(f"{name}_when", table, ["days_since_last", "days_since_first"], ["all"], title, 0))
    if rhythm.before:
        add(_change(f"{name}_pace", f"{name}_count_{rhythm.short}d", f"{name}_count_{rhythm.before}"))
    streak = "streak" if (table.gap_days or 0) <= 14 else "streak_months"
    add(_rows(f"{name}_rhythm", table, ["mean_gap", "std_gap", streak], [long], title, 1))
    habit = ["weekend_share", "peak_weekday"]
    if table.has_hours:
        habit += ["peak_hour", "peak_hour_share"]
    add(_rows(f"{name}_habit", table, habit, [long], title, 2))
    occasion = next(
        (c for c in table.of("identifier") if c.hop is None and _OCCASIONS & set(words_of(c.name))), None
    )
    for column in table.columns:
        noun = _noun(column, table, several=several)
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
            entry = f"{name}_{_short(column)}"
            add(
                _rows(
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
            _leave_out(group, column)
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
    yield _rows(
        f"{name}_{_short(column)}",
        table,
        ["distinct"],
        windows,
        noun,
        0 if column.hop is None else 2,
        value=column.reference,
    )
    if column.hop is None and not _OCCASIONS & set(words_of(column.name)):
        yield _rows(
            f"{name}_{_short(column)}_loyalty",
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
    entry, value = f"{name}_{_short(column)}", column.reference
    middle, long = f"{rhythm.middle}d", f"{rhythm.long}d"
    if column.hop is not None:
        yield _rows(entry, table, ["mean", "max"], [middle], noun, 2, value=value)
        return
    if _INTENSIVE & set(words_of(column.name)):
        yield _rows(entry, table, ["mean", "max"], rhythm.windows, noun, 0, value=value)
        yield _rows(f"{entry}_typical", table, ["last", "min", "std"], [middle], noun, 1, value=value)
        yield _rows(f"{entry}_trend", table, ["trend"], [long], noun, 2, value=value)
        return
    spans = [*rhythm.windows, *([rhythm.before] if rhythm.before else [])]
    yield _rows(entry, table, ["sum"], spans, noun, 0, value=value)
    yield _rows(f"{entry}_typical", table, ["mean", "max", "std", "q90"], [middle], noun, 1, value=value)
    yield _rows(f"{entry}_trend", table, ["trend"], [long], noun, 2, value=value)
    yield _rows(
        f"{entry}_recent", table, ["decayed_sum"], [long], noun, 1, value=value, half_life=f"{rhythm.short}d"
    )
    if rhythm.before and column.low >= 0:
        yield _change(f"{entry}_pace", f"{entry}_sum_{rhythm.short}d", f"{entry}_sum_{rhythm.before}")
    if occasion is not None:
        each, per = noun_of(column.name), things_of(occasion.name)
        say = {
            "en": f"{each.en} divided by the number of {per.en} in the last {Duration(rhythm.middle).phrase('en')}",
            "zh": f"近{Duration(rhythm.middle).phrase('zh')}平均每次{per.zh}的{each.zh}",
        }
        made = f"{entry}_each"
        reads = [f"{entry}_sum_{middle}", f"{name}_{_short(occasion)}_distinct_{middle}"]
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
    yield _rows(
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
        yield _rows(f"{entry}_below_zero", table, ["count", "days_since_last"], spans, words, 0, where=below)
        return
    per = things_of(occasion.name)
    words = {"en": f"{per.en} with negative {noun['en']}", "zh": f"{noun['zh']}为负的{per.zh}"}
    made = f"{entry}_below_zero"
    yield _rows(made, table, ["distinct"], spans, words, 0, value=occasion.reference, where=below)
    yield _rows(f"{made}_when", table, ["days_since_last"], ["all"], words, 0, where=below)
    for window in (f"{rhythm.middle}d", "all"):
        share = f"{made}_share_{window}"
        yield Proposed(
            share,
            {"ratio": [f"{made}_distinct_{window}", f"{name}_{_short(occasion)}_distinct_{window}"]},
            (share,),
            0,
        )


def _category(
    name: str, table: TableFacts, column: ColumnFacts, rhythm: Rhythm, noun: dict[str, str]
) -> Iterator[Proposed]:
    entry, middle = f"{name}_{_short(column)}", f"{rhythm.middle}d"
    tier = 1 if column.hop is None else 2
    levels, other = frozen_levels(column)
    if levels:
        comment = f"the {len(levels)} most frequent of {column.distinct:,} values, as of the day above"
        yield _rows(
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
    yield _rows(
        f"{entry}_variety", table, ["distinct", "entropy"], [middle], noun, tier, value=column.reference
    )
    if column.distinct <= 40:
        yield _rows(f"{entry}_usual", table, ["mode"], [f"{rhythm.long}d"], noun, 2, value=column.reference)


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


def _change(name: str, now: str, before: str) -> Proposed:
    return Proposed(name, {"change": [now, before]}, (name,), 1)


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


def _attributes(table: TableFacts) -> Group:
    group = Group([f"{table.table.name}: one row each of {table.rows:,}"])
    for column in table.columns:
        if column.hop is not None or column.role not in ("number", "category"):
            _leave_out(group, column)
            continue
        name = snake(column.name)
        settings = {"attribute": f"{table.table.name}.{column.name}", "noun": noun_of(column.name).as_dict()}
        group.entries.append(Proposed(name, settings, (name,), 0))
    return group


def _untimed(table: TableFacts, *, several: bool) -> Group:
    group = Group([f"{table.table.name}: no event time, so no windows"])
    name, add = snake(table.table.name), group.entries.append
    add(_rows(name, table, ["count"], ["all"], _title(table).as_dict(), 0))
    for column in table.columns:
        entry, noun = f"{name}_{_short(column)}", _noun(column, table, several=several)
        if column.role == "number" and column.hop is None:
            add(_rows(entry, table, ["sum", "mean", "max"], ["all"], noun, 1, value=column.reference))
        elif column.role in ("category", "text", "identifier"):
            add(_rows(entry, table, ["distinct"], ["all"], noun, 2, value=column.reference))
        else:
            _leave_out(group, column)
    return group


def _own_row(row: RowContext) -> Group:
    """What the contact itself says; whoever plans contacts knows it when they are made."""
    group = Group(
        [
            f"the label's own row of {row.table.table.name}",
            "Is each of these known on the day of the cutoff? If it is filled in later, take it out.",
        ]
    )
    for column in row.table.columns:
        if column.name in row.held_back:
            group.left_out.setdefault("decides the outcome", []).append(column.reference)
        elif column.role in ("number", "category"):
            name = f"row_{_short(column)}"
            settings = {"row": column.reference, "noun": noun_of(column.name).as_dict()}
            group.entries.append(Proposed(name, settings, (name,), 0))
    for date in row.dates:
        name, noun = f"row_days_to_{snake(date)}", noun_of(date)
        span = f"days_between({reference(row.cutoff)}, {reference(date)})"
        say = {"en": f"days from the cutoff to the {noun.en}", "zh": f"从选择日到{noun.zh}的天数"}
        group.entries.append(Proposed(name, {"row": span, "say": say}, (name,), 0))
    return group


def _described(tables: TableSet, table: TableFacts, row: RowContext) -> Group:
    """A table without the entity that shares a key with the label's rows, such as the coupons of a campaign."""
    shared = _shared(table, row)
    group = Group([f"{table.table.name}, matched on {', '.join(shared)}"])
    if not shared or table.table.key is not None:
        return Group([])
    name, add = snake(table.table.name), group.entries.append
    add(_rows(f"{name}_here", table, ["count"], ["all"], _title(table).as_dict(), 1, match=list(shared)))
    for column in table.columns:
        if column.name in shared or column.hop is not None:
            continue
        if column.role == "identifier":
            noun = things_of(column.name).as_dict()
            add(
                _rows(
                    f"{name}_here_{_short(column)}",
                    table,
                    ["distinct"],
                    ["all"],
                    noun,
                    1,
                    match=list(shared),
                    value=column.reference,
                )
            )
        elif column.role == "number":
            noun = noun_of(column.name).as_dict()
            add(
                _rows(
                    f"{name}_here_{_short(column)}",
                    table,
                    ["mean", "max"],
                    ["all"],
                    noun,
                    1,
                    match=list(shared),
                    value=column.reference,
                )
            )
    return group


def _in_context(
    tables: TableSet,
    facts: Mapping[str, TableFacts],
    table: TableFacts,
    history: float,
    label_days: float | None,
    row: RowContext,
) -> Group:
    """Earlier rows that resemble this contact, and those that belong to what it offers."""
    rhythm = Rhythm.of(table.gap_days, history, label_days)
    name, title = snake(table.table.name), _title(table)
    group = Group([f"{table.table.name}, as far as it belongs to this row"])
    mine = {c.name for c in row.table.of("category")}
    alike = [c.name for c in table.columns if c.hop is None and c.by_type == "category" and c.name in mine]
    for column in alike:
        noun = noun_of(column)
        words = {"en": f"{title.en} with the same {noun.en}", "zh": f"{noun.zh}相同的{title.zh}"}
        group.entries.append(
            _rows(
                f"{name}_same_{snake(column)}",
                table,
                ["count", "days_since_last"],
                ["all"],
                words,
                1,
                match=[column],
            )
        )
    for other in facts.values():
        shared = _shared(other, row)
        if other.has_entity or not shared or other.table.key is not None:
            continue
        keys = {k for t in tables.tables.values() for k in t.unique}
        own = {c.name for c in table.columns if c.hop is None}
        links = [
            c.name for c in other.columns if c.hop is None and c.name in own & keys and c.name not in shared
        ]
        if not links:
            continue
        offered = _title(other)
        words = {
            "en": f"{title.en} that belong to this row's {offered.en}",
            "zh": f"属于本次{offered.zh}的{title.zh}",
        }
        via: dict[str, Any] = {"via": [other.table.name], "match": list(shared)}
        windows = list(dict.fromkeys([f"{rhythm.middle}d", "all"]))
        entry = f"{name}_of_{snake(other.table.name)}"
        group.entries.append(_rows(entry, table, ["count"], windows, words, 0, **via))
        group.entries.append(_rows(f"{entry}_when", table, ["days_since_last"], ["all"], words, 1, **via))
        for column in (c for c in table.of("number") if c.hop is None):
            noun = noun_of(column.name)
            of = {"en": f"{noun.en} of {words['en']}", "zh": f"{words['zh']}{noun.zh}"}
            group.entries.append(
                _rows(
                    f"{entry}_{_short(column)}", table, ["sum"], windows, of, 1, value=column.reference, **via
                )
            )
    return group


def _shared(table: TableFacts, row: RowContext) -> tuple[str, ...]:
    """Key columns of the label's rows that the table has as well."""
    own = {c.name for c in table.columns if c.hop is None}
    return tuple(k for k in row.keys if k in own)


def _short(column: ColumnFacts) -> str:
    return snake(column.name)


def _leave_out(group: Group, column: ColumnFacts) -> None:
    reason = column.reason or f"a {column.role} by a hop"
    if reason not in ("the entity or the time itself",):
        group.left_out.setdefault(reason, []).append(column.reference)


def _heading(table: TableFacts, rhythm: Rhythm) -> list[str]:
    if not table.rows:
        return [
            f"{table.table.name}: nothing was known yet, so column types alone decide; windows {', '.join(rhythm.windows)}"
        ]
    gap = "nobody came twice yet" if table.gap_days is None else f"a usual gap of {table.gap_days:.3g} days"
    return [
        f"{table.table.name}: {table.rows:,} rows of {table.entities:,}, {gap}; windows {', '.join(rhythm.windows)}"
    ]


def _unique(groups: list[Group]) -> None:
    """Later entries of a name that is taken get a number; what reads them is told."""
    taken: set[str] = set()
    for group in groups:
        renamed: dict[str, str] = {}
        for place, entry in enumerate(group.entries):
            name, number = entry.name, 2
            while name in taken or any(c.replace(entry.name, name, 1) in taken for c in entry.columns):
                name, number = f"{entry.name}_{number}", number + 1
            columns = tuple(c.replace(entry.name, name, 1) for c in entry.columns)
            renamed |= dict(zip(entry.columns, columns, strict=True))
            settings = {
                k: [renamed.get(o, o) for o in v] if k in ("ratio", "change") else v
                for k, v in entry.settings.items()
            }
            group.entries[place] = Proposed(name, settings, columns, entry.tier, entry.comment)
            taken |= {name, *columns}


def _trim(groups: list[Group], most: int) -> None:
    """Give up whole entries, the last of the highest tier first, and what reads them."""
    ranked = sorted((e for g in groups for e in g.entries), key=lambda e: e.tier)
    kept: set[str] = set()
    made: set[str] = set()
    room = most
    for _ in range(2):  # a ratio may stand before what it reads
        for entry in ranked:
            reads = entry.settings.get("ratio") or entry.settings.get("change") or []
            if entry.name not in kept and len(entry.columns) <= room and made.issuperset(reads):
                kept.add(entry.name)
                made |= set(entry.columns)
                room -= len(entry.columns)
    for group in groups:
        group.entries = [e for e in group.entries if e.name in kept]
