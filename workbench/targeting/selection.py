"""From scored rows to the people of a list, with a count for everybody who is not on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.errors import DataError, UsageError, did_you_mean
from workbench.scorecard.grades import LETTERS as GRADES
from workbench.targeting.experiment import HOLDOUT, arms, identifiers, places


@dataclass(frozen=True)
class Selection:
    """Who may be on the list: a number or a share of people, or a grade, or both.

    `share` is of the people that are left after exclusions and grade. `min_grade="B"` takes A and B; `grades` names
    them one by one. `order="lowest"` takes the least likely first (the safest of a risk model). `size` and `share`
    count the hold-out in.
    """

    size: int | None = None
    share: float | None = None
    min_grade: str | None = None
    grades: tuple[str, ...] = ()
    order: Literal["highest", "lowest"] = "highest"

    def __post_init__(self) -> None:
        hint = "Give a size, a share or a grade."
        if self.size is not None and self.share is not None:
            raise UsageError("WB-A15", "a list takes either a size or a share, but got both.", hint)
        if self.min_grade and self.grades:
            raise UsageError(
                "WB-A15", "a list takes either a lowest grade or the grades one by one, but got both.", hint
            )
        for grade in (*self.grades, *([self.min_grade] if self.min_grade else [])):
            if grade not in GRADES:
                raise UsageError("WB-A15", f"no grade is called '{grade}'.", did_you_mean(grade, GRADES))
        if self.size is None and self.share is None and not self.min_grade and not self.grades:
            raise UsageError("WB-A15", "nothing says how many customers the list takes.", hint)
        if self.size is not None and self.size < 1:
            raise UsageError("WB-A15", f"the size must be at least 1, but got {self.size}.", hint)
        if self.share is not None and not 0 < self.share <= 1:
            raise UsageError(
                "WB-A15", f"the share must be above 0 and at most 1, but got {self.share:g}.", hint
            )

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "grades": list(self.grades)}


@dataclass(frozen=True)
class Funnel:
    """Where everybody went: `scored` is the sum of all others."""

    scored: int
    without_id: int
    double: int
    excluded: int
    below_grade: int
    below_cut: int
    held_out: int
    final: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def select_people(
    scored: pd.DataFrame,
    selection: Selection,
    *,
    entity: str,
    exclusions: Iterable[object],
    holdout_share: float,
    salt: str,
) -> tuple[pd.DataFrame, Funnel]:
    """One row per chosen person, best first, with `rank` and `arm`; and the funnel.

    Of a person's several rows the best-scoring one stands for them. Ties at the cut are drawn by the sticky hash, not by
    row order. Raises DataError WB-A16 (a column is missing), WB-A17 (a probability is missing), WB-A18 (nobody is left).
    """
    _check(scored, selection, entity)
    people = scored.reset_index(drop=True)
    people[entity] = identifiers(people[entity])
    named = people[people[entity].notna()]
    sign = -1.0 if selection.order == "highest" else 1.0
    rank_by = pd.DataFrame({"score": sign * named["probability"]}, index=named.index)
    rank_by["place"] = places(named[entity], salt=f"{salt}|ties")
    named = named.loc[rank_by.sort_values(["score", "place"], kind="stable").index]
    single = named.drop_duplicates(entity, keep="first")
    gone = set(identifiers(pd.Series(list(exclusions), dtype=object)).dropna())
    allowed = single[~single[entity].isin(gone)]
    graded = allowed[allowed["grade"].isin(_grades(allowed, selection))] if _by_grade(selection) else allowed
    chosen = graded.head(_size(selection, len(graded))).reset_index(drop=True)
    if chosen.empty:
        raise DataError(
            "WB-A18",
            f"nobody is left of {len(scored):,} scored rows: {len(single) - len(allowed):,} people are excluded, "
            f"{len(allowed) - len(graded):,} have another grade.",
            "Widen the grades or shorten the exclusions.",
        )
    chosen.insert(0, "rank", np.arange(1, len(chosen) + 1))
    chosen["arm"] = arms(chosen[entity], holdout_share=holdout_share, salt=salt)
    held_out = int((chosen["arm"] == HOLDOUT).sum())
    funnel = Funnel(
        scored=len(scored),
        without_id=len(scored) - len(named),
        double=len(named) - len(single),
        excluded=len(single) - len(allowed),
        below_grade=len(allowed) - len(graded),
        below_cut=len(graded) - len(chosen),
        held_out=held_out,
        final=len(chosen) - held_out,
    )
    return chosen, funnel


def _check(scored: pd.DataFrame, selection: Selection, entity: str) -> None:
    needed = [entity, "probability", *(["grade"] if _by_grade(selection) else [])]
    for column in needed:
        if column not in scored.columns:
            raise DataError(
                "WB-A16",
                f"the scored rows have no column '{column}'.",
                did_you_mean(column, map(str, scored.columns)),
            )
    missing = int(scored["probability"].isna().sum())
    if missing:
        raise DataError("WB-A17", f"{missing:,} rows have no probability.", "Score the file again.")


def _by_grade(selection: Selection) -> bool:
    return bool(selection.min_grade or selection.grades)


def _grades(people: pd.DataFrame, selection: Selection) -> list[str]:
    known = sorted(people["grade"].dropna().astype(str).unique())
    if selection.min_grade is None:
        return list(selection.grades)
    return [grade for grade in known if grade <= selection.min_grade]


def _size(selection: Selection, available: int) -> int:
    if selection.size is not None:
        return selection.size
    if selection.share is not None:
        return max(1, int(np.floor(selection.share * available + 0.5)))
    return available
