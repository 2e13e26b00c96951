"""The context of a frame row: what belongs to this contact's own campaign, by `via` and `match`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.features.columns import (
    CUTOFF_AT,
    ROW,
    SPINE,
    Events,
    aliased,
    known_column,
    resolver,
    with_hops,
)
from workbench.features.definition import RowsFeature
from workbench.tables.engine import Engine, column, ident, named
from workbench.tables.kinds import same_key
from workbench.tables.schema import Table


def shared_match(engine: Engine, table: Table, features: list[RowsFeature]) -> tuple[str, ...]:
    """For a table without the entity: the `match` columns that its features share; empty for other tables."""
    if engine.tables.entity in engine.columns(table.name):
        return ()
    matches = {f.match for f in features}
    if len(matches) != 1 or not features[0].match or any(f.via for f in features):
        raise DefinitionError(
            "WB-F13",
            f"{features[0].place}: the table '{table.name}' has no column {engine.tables.entity}, so the feature needs `match:` with the frame's row.",
            "Example: match: [campaign_id].",
        )
    return features[0].match


def asked(shared: tuple[str, ...]) -> exp.Select:
    """Each different (cutoff, match) of the spine once: thousands of contacts share one campaign."""
    keys = [column(CUTOFF_AT), *(column(c) for c in shared)]
    first = exp.alias_(exp.Min(this=column(ROW)), ROW, quoted=True)
    return exp.select(first, *keys).from_(named(SPINE)).group_by(*(k.copy() for k in keys))


def spread(shared: tuple[str, ...], names: list[str]) -> exp.Select:
    """The answers of `asked` given to every row of the spine that asked the same."""
    same = exp.and_(*(exp.EQ(this=column(c, "g"), expression=column(c, "s")) for c in (CUTOFF_AT, *shared)))
    found = exp.EQ(this=column(ROW, "a"), expression=column(ROW, "g"))
    query = exp.select(column(ROW, "s"), *(column(n, "a") for n in names)).from_(aliased(SPINE, "s"))
    return query.join(aliased("asked", "g"), on=same).join(aliased("answered", "a"), on=found)


def stop_if_unmatched(engine: Engine, feature: RowsFeature) -> None:
    """Raises WB-F13 where the feature's own table lacks a column of `match:`, whatever the rows of a label have."""
    table = engine.tables.usable(feature.via or feature.source, f"feature '{feature.name}'")
    offered = engine.columns(table.name)
    for name in feature.match:
        if name not in offered:
            raise DefinitionError(
                "WB-F13",
                f"feature '{feature.name}', match: the table '{table.name}' has no column '{name}' to match by.",
                did_you_mean(name, offered, shown=40),
            )


def expect_shared(table: Table, name: str, offered: Iterable[str], spine: Iterable[str], where: str) -> None:
    """Raises WB-F13 unless both the table and the frame's rows have the column that they are to be matched by."""
    offered, spine = list(offered), [c for c in spine if not c.startswith("_")]
    for has, whose in ((offered, f"the table '{table.name}'"), (spine, "the label's rows")):
        if name not in has:
            both = [c for c in offered if c in spine]
            raise DefinitionError(
                "WB-F13",
                f"{where}: {whose} {'has' if has is offered else 'have'} no column '{name}' to match by.",
                f"{did_you_mean(name, both)} These are columns of both."
                if both
                else f"'{table.name}' and the label's rows share no column; `for:` names the labels that a feature is for.",
            )
    known_column(table, name, offered, where)


def via_key(feature: RowsFeature) -> str:
    links = f" by {','.join(feature.link)}" if feature.link else ""
    return f"{feature.via} on {','.join(feature.match)}{links}"


def via_join(
    engine: Engine, events: Events, feature: RowsFeature, spine: dict[str, str], alias: str
) -> tuple[exp.Expr, exp.Expr]:
    """A look-up without repeats of what belongs to the frame's row: an event counts once however often it is listed."""
    where = f"{feature.place}, via"
    table = engine.tables.usable(feature.via or "", where)
    offered = engine.columns(table.name)
    for name in feature.match:
        expect_shared(table, name, offered, spine, where)
    hops: dict[str, exp.Expr] = {}
    resolve = resolver(engine, table, hops, where)
    links = feature.link or _shared_links(engine, events.table, table, feature, where)
    chosen = [exp.alias_(column(c, "t"), c, quoted=True) for c in feature.match]
    for link in links:
        other, dot, hopped = link.partition(".")
        chosen.append(exp.alias_(resolve(other, hopped) if dot else resolve(None, link), link, quoted=True))
    hit = exp.alias_(exp.true(), "hit", quoted=True)
    lookup = with_hops(exp.select(*chosen, hit).distinct().from_(aliased(table.name, "t")), hops)
    source = engine.columns(events.table.name)
    on = [same_key(column(c, alias), offered[c], column(c, "s"), spine[c]) for c in feature.match]
    on += [
        # by a hop both sides are the same column of the third table
        exp.EQ(this=column(c, alias), expression=column(events.own(c, where), "e"))
        if "." in c
        else same_key(column(c, alias), offered[c], column(events.own(c, where), "e"), source[c])
        for c in links
    ]
    return exp.Subquery(this=lookup, alias=exp.TableAlias(this=ident(alias))), exp.and_(*on)


def _shared_links(
    engine: Engine, source: Table, via: Table, feature: RowsFeature, where: str
) -> tuple[str, ...]:
    """Key columns that both tables have: two `quantity` columns are no link."""
    declared = [c for t in engine.tables.tables.values() for c in t.unique]
    own = engine.columns(source.name)
    links = [
        c
        for c in engine.columns(via.name)
        if c in own and c not in feature.match and c in {*declared, engine.tables.entity}
    ]
    if not links:
        raise DefinitionError(
            "WB-F13",
            f"{where}: '{source.name}' and '{via.name}' share no key column.",
            "They need a common key, such as product_id, or `link:` names what links them.",
        )
    return tuple(links)
