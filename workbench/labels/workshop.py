"""The workshop of a label: what to look at before its window, its threshold and its population are settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.features.columns import CUTOFF_AT, ROW
from workbench.labels.arrears import classes, first_bad
from workbench.labels.compile import mature_rows
from workbench.labels.definition import LabelDefinition
from workbench.labels.event_times import EventTimes, event_times
from workbench.labels.hits import first_hits, meets_after
from workbench.labels.overdue import Overdue
from workbench.labels.roll_rates import BY_STATUS, RollRates, roll_rates
from workbench.labels.vintages import Vintages, vintages
from workbench.labels.windows import BEGIN, END, KNOWN_OUTCOME
from workbench.tables.engine import AT, Engine

_TIMES_THE_WINDOW = 3  # events are watched this much longer than the window, to see what it misses
_LONGEST_DAYS = 730


@dataclass(frozen=True)
class Workshop:
    """`by_month` has month, rows, events, event_rate, immature and, for a risk, indeterminate; `counts` who was left out.

    A risk has `roll_rates` (to choose what is bad) and `vintages` (to choose the window), every other label
    `event_times` (to choose the window). `definition` is the label in full, where a template was used.
    """

    label: str
    definition: str
    counts: dict[str, int]
    by_month: pd.DataFrame
    sentences: tuple[str, ...]
    roll_rates: RollRates | None = None
    vintages: Vintages | None = None
    event_times: EventTimes | None = None

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table of the workshop by its name."""
        found = {"by_month": self.by_month}
        if self.roll_rates is not None:
            found["roll_to_next_month"] = self.roll_rates.to_next_month
            found["roll_to_worst"] = self.roll_rates.to_worst
            found["rolls_on"] = self.roll_rates.rolls_on
        if self.vintages is not None:
            found["vintages"], found["vintages_pooled"] = self.vintages.cells, self.vintages.pooled
        if self.event_times is not None:
            found["event_times"] = self.event_times.curve
        return found

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values; missing numbers are null."""
        return {
            "label": self.label,
            "definition": self.definition,
            "counts": self.counts,
            "sentences": list(self.sentences),
            "bad_from": self.roll_rates.bad_from if self.roll_rates else None,
            "flat_at": self.vintages.flat_at if self.vintages else None,
            "nine_tenths_at": self.event_times.nine_tenths_at if self.event_times else None,
            **{name: _records(frame) for name, frame in self.frames.items()},
        }

    def lines(self) -> list[str]:
        """The workshop for a person."""
        told = list(self.sentences)
        told += ["By month:", *_table(self.by_month)]
        if self.roll_rates is not None and len(self.roll_rates.rolls_on):
            ahead = self.roll_rates.months
            told += [
                f"Rolls on (worst of the next {ahead} months; current = a month later):",
                *_table(self.roll_rates.rolls_on),
                f"From this band to the worst of the next {ahead} months:",
                *_table(_matrix(self.roll_rates.to_worst)),
                "From this band to the next month's:",
                *_table(_matrix(self.roll_rates.to_next_month)),
            ]
        if self.vintages is not None and len(self.vintages.pooled):
            told += ["Vintages pooled by months on book:", *_table(self.vintages.pooled)]
        if self.event_times is not None and len(self.event_times.curve):
            told += ["Events by day since the window began:", *_table(_landmarks(self.event_times.curve))]
        if self.definition:
            told += ["The label in full:", *self.definition.splitlines()]
        return told


def workshop(engine: Engine, label: LabelDefinition) -> Workshop:
    """The workshop of a label whose tables are loaded."""
    until = engine.tables.end_of_observation()
    asked = mature_rows(engine, label, until=None).rows
    ripe = mature_rows(engine, label, until=until)
    by_month = _by_month(engine, label, asked, ripe.rows)
    counts = {k: v for k, v in ripe.counts.items() if v}
    if isinstance(label.outcome, Overdue):
        rolls = roll_rates(engine, label.outcome, label.name, observed_until=until)
        lasting = asked[asked[BEGIN] < until].reset_index(drop=True)
        lasting[END] = pd.Timestamp(until)
        bad = first_bad(engine, label.outcome, lasting, label.name)
        event_at = lasting[ROW].map(bad.set_index(ROW)[AT])
        curves = vintages(lasting[BEGIN], event_at, lag=label.outcome.lag, observed_until=until)
        said = (rolls.sentence(label.outcome.bad), curves.sentence(label.outcome.within.days / 30.4375))
        return Workshop(label.name, label.expanded, counts, by_month, said, roll_rates=rolls, vintages=curves)
    window_days = float((asked[END] - asked[BEGIN]).median() / pd.Timedelta(1, "D"))
    days = min(_LONGEST_DAYS, max(1, round(_TIMES_THE_WINDOW * window_days)))
    lasting = asked.copy()
    lasting[END] = lasting[BEGIN] + pd.Timedelta(days, "D")
    hits = first_hits(engine, label.outcome, lasting, f"label '{label.name}', outcome")
    times = event_times(
        lasting[BEGIN],
        lasting[ROW].map(hits.set_index(ROW)[AT]),
        days=days,
        lag=label.outcome.lag,
        observed_until=until,
        returns=not label.outcome.wants_any,
    )
    return Workshop(
        label.name,
        label.expanded,
        counts,
        by_month,
        (times.sentence(window_days),),
        event_times=times,
    )


def _by_month(
    engine: Engine, label: LabelDefinition, asked: pd.DataFrame, ripe: pd.DataFrame
) -> pd.DataFrame:
    """Per month of the cutoff: rows with their events, those between good and bad, and those that nobody can know yet."""
    known = ripe[[CUTOFF_AT]].assign(month=ripe[CUTOFF_AT].dt.strftime("%Y-%m"))
    if isinstance(label.outcome, Overdue):
        became = classes(engine, label.outcome, ripe, label.name)
        known = known.assign(
            rows=became.isin(["good", "bad"]), events=became == "bad", indeterminate=became == "indeterminate"
        )
    else:
        known = known.assign(
            rows=True, events=meets_after(engine, label.outcome, ripe, f"label '{label.name}', outcome")
        )
    figures = [c for c in ("rows", "events", "indeterminate") if c in known]
    counted = known.groupby("month")[figures].sum()
    waiting = asked[
        (asked[KNOWN_OUTCOME] > pd.Timestamp(engine.tables.end_of_observation())).to_numpy(dtype=bool)
    ]
    immature = waiting[CUTOFF_AT].dt.strftime("%Y-%m").value_counts().rename("immature")
    found = counted.join(immature, how="outer").fillna(0).astype("int64").sort_index()
    found.insert(2, "event_rate", found["events"] / found["rows"].where(found["rows"] > 0))
    return found.rename_axis("month").reset_index()


def _matrix(pairs: pd.DataFrame) -> pd.DataFrame:
    bands = list(dict.fromkeys([*pairs["from_band"], *pairs["to_band"]]))
    order = sorted(
        bands,
        key=lambda b: (
            b != "current",
            b == BY_STATUS,
            int(b.rstrip("+").split("-")[0]) if b[0].isdigit() else 0,
        ),
    )
    wide = pairs.pivot(index="from_band", columns="to_band", values="share").reindex(
        index=[b for b in order if b in set(pairs["from_band"])], columns=order
    )
    return wide.fillna(0.0).rename_axis(None, axis=1).reset_index()


def _landmarks(curve: pd.DataFrame) -> pd.DataFrame:
    """A dozen days of a long curve."""
    step = max(1, len(curve) // 12)
    return curve[(curve["day"] % step == 0) | (curve["day"] == curve["day"].max())]


def _table(frame: pd.DataFrame) -> list[str]:
    shares = {c for c in frame if frame[c].dtype.kind == "f"}
    said = {
        c: [
            "-" if pd.isna(v) else f"{v:.1%}" if c in shares else f"{v:,}" if isinstance(v, int) else str(v)
            for v in frame[c].tolist()
        ]
        for c in frame
    }
    widths = {c: max(len(str(c)), *(len(v) for v in said[c]), 0) for c in said}
    head = "  ".join(str(c).rjust(widths[c]) for c in said)
    body = [
        "  ".join(cell.rjust(widths[c]) for c, cell in zip(said, row, strict=True))
        for row in zip(*said.values(), strict=True)
    ]
    return [f"  {head}", *(f"  {line}" for line in body)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype("object").where(frame.notna(), None)
    return [
        {k: (v.item() if hasattr(v, "item") else v) for k, v in row.items()}
        for row in plain.to_dict("records")
    ]
