"""Where a feature's numbers come from: every table column that a label or one of its features reads, and the way there.

The lineage follows formulas to their operands, hops, joins, `via`, `match` and `link`, and tables that were derived from
others (`score_of`, `built_from`) to what those read. It needs no data. Where only the data could tell whose a column is (a
joined look-up brings its columns along), both candidates count: a permission must not depend on a file's header.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.config import Home
from workbench.dataset.catalog import Dataset, load_dataset
from workbench.errors import DefinitionError, WorkbenchError
from workbench.features.definition import (
    AnyFeature,
    EntityAttribute,
    FormulaFeature,
    RowAttribute,
    RowsFeature,
)
from workbench.labels.conditions import Condition
from workbench.labels.definition import AnyLabel, FlatLabel, LabelDefinition
from workbench.labels.overdue import Overdue
from workbench.tables.expression import columns_of
from workbench.tables.schema import Table

WHOLE = "*"  # a table's column where the table as a whole was read


@dataclass(frozen=True)
class Read:
    """One column that is read; `way` are the steps to it, `limits` the `allowed_for` lists that hold for it.

    `dataset` is empty for the label's own dataset; `derived` says that the values were read by a model or another job,
    not by this label's own queries.
    """

    table: str
    column: str
    way: tuple[str, ...] = ()
    limits: tuple[tuple[str, ...], ...] = ()
    dataset: str = ""
    derived: bool = False

    @property
    def place(self) -> str:
        """`repayments.days_past_due`, with its dataset before it where that is another one."""
        return f"{self.dataset}:{self.table}.{self.column}" if self.dataset else f"{self.table}.{self.column}"

    @property
    def path(self) -> str:
        return " -> ".join((*self.way, self.place))


def feature_lineage(dataset: Dataset, label: LabelDefinition) -> dict[str, tuple[Read, ...]]:
    """Feature column -> what it reads, for every column of the label's frame.

    Raises DefinitionError WB-T31 where a table is the score of a label that cannot be found."""
    return _of_features(dataset, label, ())


def label_lineage(dataset: Dataset, label: LabelDefinition) -> tuple[Read, ...]:
    """What decides who is in the frame and which outcome they have."""
    return _of_label(dataset, label, ())


def shown(reads: Iterable[Read]) -> list[str]:
    """The different columns of some reads, sorted, as JSON shows them."""
    return sorted({r.place for r in reads})


def _of_features(
    dataset: Dataset, label: LabelDefinition, asked: tuple[str, ...]
) -> dict[str, tuple[Read, ...]]:
    found: dict[str, tuple[Read, ...]] = {}
    for feature in dataset.features_for(label):  # operands stand before the formulas that read them
        if isinstance(feature, FormulaFeature):
            reads = [r for o in feature.operands for r in found[o]]
        else:
            reads = list(_everything(dataset, _own(dataset, feature, label), asked))
        for column in feature.columns():
            found[column.name] = _different(replace(r, way=(column.name, *r.way)) for r in reads)
    return found


def _different(reads: Iterable[Read]) -> tuple[Read, ...]:
    """Each place once, by its shortest way; a named value tells more than the rows that it stands in."""
    nearest: dict[str, Read] = {}
    for read in sorted(reads, key=lambda r: (len(r.way), bool({"rows", "time"} & set(r.way)), r.way)):
        nearest.setdefault(read.place, read)
    return tuple(nearest.values())


def _own(dataset: Dataset, feature: AnyFeature, label: LabelDefinition) -> Iterator[Read]:
    """The columns that a feature's own definition names."""
    if isinstance(feature, EntityAttribute):
        yield Read(feature.table, feature.column_name, ("attribute",))
        yield from _clock(dataset.tables.tables.get(feature.table))
    elif isinstance(feature, RowAttribute):
        yield from _named(dataset, label.row.table if label.row else "", feature.row, "row")
    elif isinstance(feature, RowsFeature):
        yield from _of_rows(dataset, feature, label)
    else:
        raise TypeError(f"no lineage is known for a {type(feature).__name__}")


def _of_rows(dataset: Dataset, feature: RowsFeature, label: LabelDefinition) -> Iterator[Read]:
    source = feature.source
    yield Read(source, dataset.entity, ("rows",))
    yield from _clock(dataset.tables.tables.get(source))
    if feature.value is not None:
        yield from _named(dataset, source, feature.value, "value")
    if feature.where is not None:
        yield from _named(dataset, source, feature.where, "where")
    for name in feature.match:
        yield Read(feature.via or source, name, (f"via {feature.via}" if feature.via else "match",))
        if label.row is not None:
            yield Read(label.row.table, name, ("match",))
    if feature.via is not None:
        # without `link` the tables are linked by the keys that both have, which their declarations know
        for link in feature.link or _shared_keys(dataset, source, feature.via):
            yield from _named(dataset, source, link.rpartition(".")[2] if "." not in link else link, "link")
            yield from _named(dataset, feature.via, link, f"via {feature.via}")


def _shared_keys(dataset: Dataset, source: str, via: str) -> tuple[str, ...]:
    declared = {c for t in dataset.tables.tables.values() for c in t.unique} | {dataset.entity}
    told = {c for name in (source, via) for c in dataset.tables.tables[name].columns}
    return tuple(sorted(declared & told))


def _named(dataset: Dataset, table: str, text: str, step: str) -> Iterator[Read]:
    """The columns of a condition or value over a table, hops with the keys that they need."""
    for other, name in columns_of(text, step):
        if other is None or other == table:
            yield Read(table, name, (step,))
            continue
        yield Read(other, name, (step, f"hop to {other}"))
        key = dataset.tables.tables[other].key if other in dataset.tables.tables else None
        if key is not None:
            yield Read(table, key, (step, f"hop to {other}"))
            yield Read(other, key, (step, f"hop to {other}"))


def _clock(table: Table | None) -> Iterator[Read]:
    if table is not None:
        for name in (table.event_time, table.known_at):
            if name is not None:
                yield Read(table.name, name, ("time",))


def _of_label(dataset: Dataset, label: LabelDefinition, asked: tuple[str, ...]) -> tuple[Read, ...]:
    own: list[Read] = []
    if label.row is not None:
        named = (*label.row.key, *([label.row.cutoff] if label.row.cutoff else []))
        own += [Read(label.row.table, c, ("row",)) for c in named]
        own += _clock(dataset.tables.tables.get(label.row.table))
        if label.outcome.until is not None:
            own += _named(dataset, label.row.table, label.outcome.until, "until")
    if label.per_event is not None:
        event = Condition(table=label.per_event.table, wants_any=True, where=label.per_event.where)
        own += _below("per_event", _of_condition(dataset, event))
    for step, condition in _conditions(label):
        own += _below(step, _of_condition(dataset, condition))
    return _different(_everything(dataset, own, asked))


def _conditions(label: LabelDefinition) -> Iterator[tuple[str, Condition | Overdue]]:
    yield from (("eligible", c) for c in label.eligible)
    yield from (("exclude", e.condition) for e in label.exclude)
    if label.row is not None and label.row.responded is not None:
        yield "responded", label.row.responded
    yield "outcome", label.outcome


def _below(step: str, reads: Iterable[Read]) -> Iterator[Read]:
    return (replace(r, way=(step, *r.way)) for r in reads)


def _of_condition(dataset: Dataset, condition: Condition | Overdue) -> Iterator[Read]:
    yield Read(condition.table, dataset.entity, ("rows",))
    yield from _clock(dataset.tables.tables.get(condition.table))
    for name in condition.match:
        yield Read(condition.table, name, ("match",))
    if condition.where is not None:
        yield from _named(dataset, condition.table, condition.where, "where")
    if isinstance(condition, Overdue):
        yield from (Read(condition.table, name, ("days past due",)) for name in condition.columns)


def _everything(dataset: Dataset, reads: Iterable[Read], asked: tuple[str, ...]) -> Iterator[Read]:
    """The reads with their limits, and what lies behind them: joined look-ups, a score's features, a table's origins."""
    derived: dict[str, tuple[Read, ...]] = {}
    for read in reads:
        table = dataset.tables.tables.get(read.table)
        if table is None:
            continue  # the definition itself is refused elsewhere
        for one, owner in _with_joins(dataset, table, read):
            yield replace(one, limits=owner.limits_of(one.column))
            if owner.score_of is None and not owner.built_from:
                continue
            if owner.name not in derived:
                derived[owner.name] = tuple(_behind(dataset, owner, asked))
            steps = (*one.way, one.place)
            yield from (replace(r, way=(*steps, *r.way)) for r in derived[owner.name])


def _with_joins(dataset: Dataset, table: Table, read: Read) -> Iterator[tuple[Read, Table]]:
    yield read, table
    for join in table.join:
        target = dataset.tables.tables[join.table]
        told = read.column not in table.columns and (
            read.column in target.columns or target.limits_of(read.column)
        )
        if told or target.limits or target.as_of or target.score_of or target.built_from:
            yield replace(read, table=target.name, way=(*read.way, f"join of {table.name}")), target


def _behind(dataset: Dataset, table: Table, asked: tuple[str, ...]) -> Iterator[Read]:
    """What a derived table was made of."""
    for part in table.built_from:
        name, _, column = part.partition(".")
        origin = dataset.tables.tables[name]
        limited = [i.column for i in origin.inherited if i.column is not None]
        columns = [column] if column else [WHOLE, *dict.fromkeys([*origin.columns, *limited])]
        own = (Read(name, c, (f"built from {part}",), derived=True) for c in columns)
        if part not in asked:
            yield from _everything(dataset, own, (*asked, part))
    if table.score_of is not None:
        yield from _of_score(dataset, table, asked)


def _of_score(dataset: Dataset, table: Table, asked: tuple[str, ...]) -> Iterator[Read]:
    other, label = scored_task(dataset, table)
    task = f"{other.name}/{label.name}"
    if task in asked or isinstance(label, FlatLabel):
        return  # a model that reads its own earlier scores adds nothing new; a flat table has no rules of its own
    reads = [*_of_label(other, label, (*asked, task))]
    for found in _of_features(other, label, (*asked, task)).values():
        reads += found
    foreign = "" if other.name == dataset.name else other.name
    yield from (
        replace(r, way=(f"score of {task}", *r.way), dataset=r.dataset or foreign, derived=True)
        for r in reads
    )


def scored_task(dataset: Dataset, table: Table) -> tuple[Dataset, AnyLabel]:
    """The label whose model's scores a table holds. Raises WB-T31 where there is none of that name."""
    written = str(table.score_of)
    where = f"tables.yaml, table '{table.name}'"
    name, slash, label = written.rpartition("/")
    try:
        other = dataset if not slash or name == dataset.name else load_dataset(_home(dataset), name)
        return other, other.label(label)
    except WorkbenchError as error:
        raise DefinitionError(
            "WB-T31",
            f"{where}: `score_of: {written}` leads to no label whose data could be looked up: {error.message}",
            f"Write score_of: LABEL or DATASET/LABEL; for a model from elsewhere, `allowed_for:`. {error.hint}".strip(),
        ) from error


def _home(dataset: Dataset) -> Home:
    folder: Path = dataset.tables.folder
    return Home(folder.parent.parent)
