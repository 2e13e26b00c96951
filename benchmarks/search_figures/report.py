"""Stored results to Markdown and JSON: one paired table, its differences, and the summary at each budget."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from math import isfinite
from pathlib import Path

from benchmarks.search_figures.programs import OURS, PROGRAMS
from benchmarks.search_figures.results import Result, Store
from benchmarks.search_figures.run import DISTURBED_AT
from benchmarks.search_figures.statistics import (
    RESAMPLES,
    Difference,
    Line,
    Summary,
    difference,
    early_against_late,
    metrics_of,
    summarise,
)
from benchmarks.search_figures.tables import TABLES

EARLY, LATE = 20.0, 60.0


@dataclass(frozen=True)
class Group:
    """Development or judged tables: their results and what follows from them."""

    title: str
    results: Sequence[Result]
    lines: Sequence[Line]
    differences: Sequence[Difference]
    summaries: Sequence[Summary]


@dataclass(frozen=True)
class Report:
    command: str
    groups: Sequence[Group]
    versions: Mapping[str, Mapping[str, str]]
    missing: Mapping[str, str]  # program or table -> why it took no part
    facts: Mapping[str, Mapping[str, object]]
    opened: Sequence[str]
    outdated: int
    disturbed: int

    def as_dict(self) -> dict[str, object]:
        return {
            "date": str(date.today()),
            "command": self.command,
            "machine": machine(),
            "versions": self.versions,
            "missing": dict(self.missing),
            "tables": self.facts,
            "opened": list(self.opened),
            "groups": [
                {
                    "title": g.title,
                    "runs": [_finite(asdict(r) | {"metrics": dict(line.metrics)}) for r, line in zip(g.results, g.lines, strict=True)],
                    "differences": [_finite(asdict(d)) for d in g.differences],
                    "summaries": [_finite(asdict(s)) for s in g.summaries],
                    "early_against_late": {m: early_against_late(g.lines, EARLY, LATE, m) for m in ("auc", "logloss")},
                }
                for g in self.groups
            ],
        }  # fmt: skip

    def markdown(self) -> str:
        facts = machine()
        lines = [
            "# The search against other AutoML programs",
            "",
            f"{date.today()}, {facts['cores']} cores, {facts['memory_gb']} GB, Python {facts['python']}. Command: `{self.command}`.",
            "",
            "Every program runs in a process of its own on the same training rows (text as categories, missing as missing), the same seconds, the same "
            "two cores; its clock starts after imports and servers. Three times the budget ends it by force, and who fails is ranked last. "
            "Test rows were seen by no program; figures are from stored predictions.",
            "",
            *_table(
                [
                    ("program", "version", "asked for"),
                    *((PROGRAMS[p].title, _version(p, v), PROGRAMS[p].objective) for p, v in self.versions.items()),
                ]
            ),
        ]  # fmt: skip
        if self.missing:
            lines += ["", *(f"- {name} took no part: {reason}." for name, reason in self.missing.items())]
        if self.outdated:
            lines += [
                "",
                f"{self.outdated} of the results are of an earlier state of their program or table.",
            ]
        if self.disturbed:
            lines += [
                "",
                f"{self.disturbed} of the results were disturbed: other work took more than {DISTURBED_AT:.0%} of the cores.",
            ]
        for group in self.groups:
            lines += ["", f"## {group.title}", "", *self._group(group)]
        if self.opened:
            lines += ["", "Judged tables were opened on", "", *(f"- {line}" for line in self.opened)]
        return "\n".join(lines) + "\n"

    def _group(self, group: Group) -> list[str]:
        lines = []
        for summary in group.summaries:
            lines += [*_summary(summary), ""]
        for metric, name in (("auc", "AUC"), ("logloss", "log-loss")):
            found = early_against_late(group.lines, EARLY, LATE, metric)
            if found is not None:
                lines += [
                    f"Ours with {EARLY:g} s less the best rival with {LATE:g} s: mean {name} {found[0]:+.4f} over {found[1]} tables.",
                    "",
                ]
        names = dict.fromkeys(line.table for line in group.lines)
        described = [("table", "what", "split", "train / test rows", "test events", "columns (text)")]
        for name in names:
            facts = self.facts[name]
            described.append((
                name, TABLES[name].what, TABLES[name].split, f"{facts['train_rows']:,} / {facts['test_rows']:,}", f"{facts['test_events']:,}",
                f"{facts['columns']} ({facts['text_columns']})",
            ))  # fmt: skip
        lines += [*_table(described), "", "### Ours less the best rival", ""]
        lines += [
            f"95% intervals of {RESAMPLES:,} paired resamples of test rows, or of customers where there are any.",
            "",
        ]
        rows = [("seconds", "table", "AUC", "against", "log-loss", "against")]
        paired: dict[tuple, dict[str, Difference]] = {}
        for d in group.differences:
            yardstick = "" if PROGRAMS[d.rival].ranked else d.rival
            paired.setdefault((d.seconds, d.table, d.seed, yardstick), {})[d.metric] = d
        for (seconds, table, seed, _), found in paired.items():
            cells = [
                c for m in ("auc", "logloss") for c in (_interval(found[m]), PROGRAMS[found[m].rival].title)
            ]
            rows.append((f"{seconds:g}", _named(table, seed), *cells))
        lines += [*_table(rows), "", "### All runs", ""]
        lines += [
            *_table([_HEAD, *(_row(r, line) for r, line in zip(group.results, group.lines, strict=True))])
        ]
        return lines


_HEAD = (
    "table", "seconds", "program", "AUC", "log-loss", "Brier", "fit s", "whole process s", "rows scored per s", "model MB", "peak GB",
)  # fmt: skip


def compose(
    store: Store,
    *,
    command: str,
    budgets: Sequence[float],
    tables: Sequence[str],
    programs: Sequence[str],
    missing: Mapping[str, str],
    versions: Mapping[str, Mapping[str, str]],
    resamples: int = RESAMPLES,
) -> Report:
    """The report of what is stored for these budgets, tables and programs."""
    order = {p: i for i, p in enumerate(PROGRAMS)}
    wanted = [
        r for r in store.results() if r.table in tables and r.program in programs and r.seconds in budgets
    ]
    place = {t: i for i, t in enumerate(TABLES)}
    wanted.sort(key=lambda r: (r.seconds, place[r.table], r.seed, order[r.program]))
    groups = []
    for title, judged in (("Development tables", False), ("Judged tables", True)):
        results = [r for r in wanted if TABLES[r.table].judged is judged]
        if results:
            groups.append(_group(store, title, results, resamples=resamples))
    facts = {}
    outdated = 0
    for result in wanted:
        prepared = store.prepared(result.table, result.cell.split)
        facts.setdefault(result.table, prepared["facts"] if prepared else {})
        same = result.mark == PROGRAMS[result.program].mark and prepared is not None
        outdated += not (same and prepared["mark"] == result.data)
    return Report(
        command,
        groups,
        versions,
        missing,
        facts,
        store.opened([], date.today()),
        outdated,
        sum(r.disturbed for r in wanted),
    )


def _group(store: Store, title: str, results: Sequence[Result], *, resamples: int) -> Group:
    lines, differences, rows = [], [], {}
    for result in results:
        y, entity = store.truth(result.table, result.cell.split)
        metrics = {}
        if not result.failed:
            p = store.predictions(result.cell)
            metrics = metrics_of(y, p)
            rows.setdefault((result.seconds, result.table, result.seed), (y, entity, {}))[2][
                result.program
            ] = p
        lines.append(Line(result.table, result.seed, result.seconds, result.program, metrics, result.failed))
    for (seconds, table, seed), (y, entity, predicted) in rows.items():
        rivals = {p: v for p, v in predicted.items() if p != OURS}
        ranked = {p: v for p, v in rivals.items() if PROGRAMS[p].ranked}
        yardsticks = [{p: v} for p, v in rivals.items() if p not in ranked]
        for against in (ranked, *yardsticks) if OURS in predicted else ():
            for metric in ("auc", "logloss") if against else ():
                found = difference(y, entity, predicted[OURS], against, metric, resamples=resamples)
                differences.append(Difference(table, seed, seconds, metric, *found))
    budgets = sorted({r.seconds for r in results})
    summaries = [s for s in (summarise(lines, seconds) for seconds in budgets) if s is not None]
    return Group(title, results, lines, differences, summaries)


def machine() -> dict[str, object]:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": os.cpu_count(), "memory_gb": round(pages / 2**30), "python": platform.python_version()}


def write(report: Report, folder: Path) -> None:
    from workbench.files import write_json, write_text

    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "search.md", report.markdown())
    write_json(folder / "search.json", report.as_dict())


def _summary(summary: Summary) -> list[str]:
    programs = sorted(summary.mean_rank["logloss"], key=summary.mean_rank["logloss"].__getitem__)
    rows = [(f"{summary.seconds:g} s", "mean rank, AUC", "mean rank, log-loss", "failed")]
    for p in programs:
        rows.append((PROGRAMS[p].title, *(f"{summary.mean_rank[m][p]:.2f}" for m in ("auc", "logloss")), summary.failures[p]))  # fmt: skip
    said = f"{summary.programs} programs, {summary.tables} table{'' if summary.tables == 1 else 's'}. "
    if summary.worst_gap > 0:
        behind = f"{summary.worst_gap:.4f}" if isfinite(summary.worst_gap) else "failed"
        said += f"Furthest behind the best rival: {behind} AUC on {summary.worst_table}."
    else:
        said += f"Nowhere behind the best rival in AUC; closest on {summary.worst_table} ({-summary.worst_gap:.4f} ahead)."
    return [*_table(rows), "", said]


def _row(result: Result, line: Line) -> tuple:
    head = (_named(result.table, result.seed), f"{result.seconds:g}", PROGRAMS[result.program].title)
    if result.failed:
        return (
            *head,
            f"failed: {result.failed.replace('|', '/')}",
            "",
            "",
            "",
            *_cells(result, inside=False),
        )
    figures = (line.metrics["auc"], line.metrics["logloss"], line.metrics["brier"])
    return (*head, *(f"{v:.4f}" for v in figures), *_cells(result, inside=True))


def _cells(result: Result, *, inside: bool) -> tuple:
    shown = (
        ("fit_seconds", 1, ".1f"), ("process_seconds", 1, ".1f"), ("rows_per_second", 1, ",.0f"), ("model_bytes", 1e6, ".1f"), ("peak_bytes", 1e9, ".2f"),
    )  # fmt: skip
    values = [(result.figures.get(name), unit, form) for name, unit, form in shown]
    cells = tuple("" if value is None else format(value / unit, form) for value, unit, form in values)
    return cells if inside else cells[1:]


def _interval(d: Difference) -> str:
    return f"{d.value:+.4f} ({d.low:+.4f} to {d.high:+.4f})"


def _named(table: str, seed: int) -> str:
    return f"{table}, seed {seed}" if seed else table


def _version(program: str, versions: Mapping[str, str]) -> str:
    known = {k.lower(): v for k, v in versions.items()}
    own = PROGRAMS[program].package.lower()
    shown = [
        f"{p} {known[p.lower()]}" for p in PROGRAMS[program].shown if p.lower() in known and p.lower() != own
    ]
    return " with ".join(x for x in (known.get(own, "?"), ", ".join(shown)) if x)


def _finite(value: object) -> object:
    """JSON has no infinity and no nan."""
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def _table(rows: Sequence[tuple]) -> list[str]:
    head, *body = rows
    return ["| " + " | ".join(str(c) for c in row) + " |" for row in (head, ("---",) * len(head), *body)]
