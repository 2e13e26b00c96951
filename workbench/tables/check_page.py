"""The report of a check as a page to read or send: HTML without scripts, or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.tables.column_read import changed_lines
from workbench.tables.profile import TableProfile
from workbench.text import counted

if TYPE_CHECKING:
    from workbench.tables.findings import CheckReport

_SAID = {"stop": ("stops the use", "stop the use"), "quarantine": ("sets rows aside", "set rows aside"), "warn": ("to look at", "to look at"), "note": ("note", "notes")}  # fmt: skip
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;color:#1f2933;margin:2rem auto;padding:0 2rem;max-width:75rem}"
    "h2{margin-top:2.5rem;border-bottom:2px solid #1f5fa8;padding-bottom:.2rem}h3{margin:1.6rem 0 .4rem}"
    "table{border-collapse:collapse;width:100%;font-size:14px}th{background:#f3f5f7}"
    "td,th{border-bottom:1px solid #d9dee3;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "pre{background:#f7f8f9;padding:.8rem 1rem;white-space:pre-wrap;font-size:13px}"
    "tr[class] td:nth-child(2){white-space:nowrap}.stop td:first-child{color:#b00020;font-weight:bold}.quarantine td:first-child{color:#9a6700}"
)


_PROFILE = ("column", "type", "missing", "different", "least", "greatest", "most frequent")


@dataclass
class _Section:
    """A heading with what stands below it: sentences, a table (the first row is its head), preformatted lines."""

    heading: str
    level: int = 2
    sentences: list[str] = field(default_factory=list)
    table: list[Sequence[str]] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def label_said(label: dict[str, Any]) -> list[str]:
    """A label's rows and events, and what was left out, if anything was."""
    left_out = ", ".join(f"{reason} {count:,}" for reason, count in label["excluded"].items())
    said = f"{counted(label['rows'], 'row')}, {counted(label['events'], 'event')} ({label['event_rate']:.1%})"
    return [said, *([f"left out: {left_out}"] if left_out else [])]


def title_of(report: CheckReport) -> str:
    return f"Check of {report.dataset}: {'ready' if report.ok else 'NOT ready'}"


def as_html(report: CheckReport) -> str:
    """One page with its style inside."""
    title = escape(title_of(report))
    body = "".join(map(_html, _sections(report)))
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1>{body}</body></html>\n"
    )


def as_markdown(report: CheckReport) -> str:
    return "\n".join(
        [f"# {title_of(report)}", "", *(line for s in _sections(report) for line in _markdown(s))]
    )


def _sections(report: CheckReport) -> Iterator[_Section]:
    found = report.ordered()
    numbers = [(s, sum(f.severity == s for f in found)) for s in _SAID]
    told = ", ".join(f"{n} {_SAID[s][n > 1]}" for s, n in numbers if n) or "nothing"
    yield _Section(
        "What was found",
        sentences=[f"{counted(report.n_features, 'feature')}. Found: {told}."],
        table=[("severity", "code", "table", "finding", "what to do")] * bool(found)
        + [(f.severity, f.code, f.table, f.message, f.hint) for f in found],
        classes=[""] * bool(found) + [f.severity for f in found],
    )
    for label in report.labels:
        yield _Section(
            label["task"],
            sentences=[f"{'; '.join(label_said(label))}."],
            lines=list(label.get("told", ())),
        )
    if report.tables:
        rows = [(t.name, f"{t.rows:,}", _day(t.first), _day(t.last)) for t in report.tables]
        yield _Section("Tables", table=[("table", "rows", "from", "to"), *rows])
    for table in report.tables:
        changed = list(changed_lines(table.read))
        if table.profiles or changed:
            profile: list[Sequence[str]] = [_PROFILE, *_profile_rows(table)]
            yield _Section(table.name, 3, table=profile if table.profiles else [], lines=changed)


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else ""


def _profile_rows(table: TableProfile) -> Iterable[tuple[str, ...]]:
    for p in table.profiles:
        top = ", ".join(f"{v} ({n:,})" for v, n in p.top)
        share, different = f"{p.missing_share:.1%}", f"{p.distinct:,}"
        yield (p.name, p.type.lower(), share, different, p.least or "", p.greatest or "", top)


def _html(section: _Section) -> str:
    parts = [f"<h{section.level}>{escape(section.heading)}</h{section.level}>"]
    parts += [f"<p>{escape(s)}</p>" for s in section.sentences]
    if section.lines:
        parts.append(f"<pre>{escape(chr(10).join(section.lines))}</pre>")
    if section.table:
        parts.append("<table>")
        classes = section.classes or [""] * len(section.table)
        for place, (row, kind) in enumerate(zip(section.table, classes, strict=True)):
            tag = "td" if place else "th"
            cells = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
            parts.append(f"<tr class='{kind}'>{cells}</tr>" if kind else f"<tr>{cells}</tr>")
        parts.append("</table>")
    return "".join(parts)


def _markdown(section: _Section) -> Iterator[str]:
    yield from (f"{'#' * section.level} {section.heading}", "")
    for sentence in section.sentences:
        yield from (sentence, "")
    if section.lines:
        yield from ("```", *section.lines, "```", "")
    for place, row in enumerate(section.table):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
        if place == 0:
            yield "|" + "---|" * len(row)
    if section.table:
        yield ""
