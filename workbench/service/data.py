"""Datasets: what there is, what is wrong with it, what a label looks like month by month."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.config import Home
from workbench.dataset.frame import TrainingFrame
from workbench.errors import DataError, UsageError
from workbench.files import whole_file
from workbench.progress import Progress, silent
from workbench.service.days import day_of


@dataclass(frozen=True)
class Data:
    """The datasets of this home."""

    home: Home

    def list(self) -> builtins.list[Any]:
        """A summary of each dataset; one whose tables lie below an environment variable and are not on this machine
        is left out."""
        from workbench.dataset.summary import describe_dataset
        from workbench.tables.catalog import list_datasets

        found = []
        for name in list_datasets(self.home):
            try:
                found.append(describe_dataset(self.home, name))
            except DataError as error:
                if error.code != "WB-T03" or not self._may_be_elsewhere(name):
                    raise
        return found

    def _may_be_elsewhere(self, name: str) -> bool:
        from workbench.tables.catalog import load_tables
        from workbench.tables.sources import is_elsewhere

        tables = load_tables(self.home, name)
        sources = [tables.flat.source] if tables.flat else [t.source for t in tables.tables.values()]
        return any(is_elsewhere(source) for source in sources)

    def tasks(self) -> builtins.list[str]:
        """Every task, as dataset/label."""
        from workbench.dataset.catalog import load_dataset
        from workbench.tables.catalog import list_datasets

        return [
            f"{name}/{label}"
            for name in list_datasets(self.home)
            for label in load_dataset(self.home, name).labels
        ]

    def check(self, what: str) -> Any:
        """Judges a dataset, or one label of it: `dataset` or `dataset/label`."""
        from workbench.dataset.checks import check_dataset

        name, _, label = what.partition("/")
        return check_dataset(self.home, name, label=label or None)

    def prove(self, what: str, *, progress: Progress = silent) -> Any:
        """Proofs against leakage of `dataset`, or of `dataset/label`, on a sample of its own customers."""
        from workbench.dataset.proof.prove import prove_dataset

        name, _, label = what.partition("/")
        return prove_dataset(self.home, name, label=label or None, progress=progress)

    def refuse_report(self, out: Path) -> None:
        """Raises WB-U12 for a report that is neither .html nor .md, before anything is checked."""
        if out.suffix not in (".html", ".md"):
            raise UsageError(
                "WB-U12", f"'{out.name}' must end in .html or .md.", "Name the file accordingly."
            )

    def write_report(self, report: Any, out: Path) -> None:
        """Writes the report of a check as a page, every finding in full."""
        from workbench.tables.check_page import as_html, as_markdown

        self.refuse_report(out)
        with whole_file(out) as part:
            part.write_text(
                as_html(report) if out.suffix == ".html" else as_markdown(report), encoding="utf-8"
            )

    def label(self, task: str) -> Any:
        """Rows, events and event rate by month of a task, and what was left out."""
        from workbench.dataset.summary import label_summary

        return label_summary(self.home, task)

    def workshop(self, task: str) -> Any:
        """What to look at before a label's window and threshold are settled: frames by name, and sentences."""
        from workbench.dataset.summary import label_workshop

        return label_workshop(self.home, task)

    def scoring_days(self, task: str) -> tuple[Any, ...]:
        """Days as of which a list can be made while outcomes are open, the newest first; none for a flat table."""
        from workbench.dataset.summary import scoring_days

        return scoring_days(self.home, task)

    def frame(self, task: str, *, as_of: str | None = None, progress: Progress = silent) -> TrainingFrame:
        from workbench.dataset.build import build_training_frame

        return build_training_frame(
            self.home, task, as_of=day_of(as_of) if as_of else None, progress=progress
        )

    def propose(
        self, what: str, *, out: Path | None, most: int | None, force: bool, label: str | None = None
    ) -> Any:
        """Writes proposed definitions for a dataset, or for one label of it."""
        from workbench.dataset.proposal import write_proposal

        name, _, named = what.partition("/")
        return write_proposal(self.home, name, label=label or named or None, out=out, most=most, force=force)

    def features(self, what: str, *, label: str | None = None) -> Any:
        """The data dictionary of a dataset, or of one label: columns, sentences, definitions, examples."""
        from workbench.dataset.dictionary import feature_dictionary

        name, _, named = what.partition("/")
        return feature_dictionary(self.home, name, label=label or named or None)

    def select(
        self, task: str, *, write: bool = False, force: bool = False, progress: Progress = silent
    ) -> Any:
        """Which feature columns of a task to keep, and why each other one goes; with `write` as a file, too."""
        from workbench.dataset.selected import write_selected
        from workbench.dataset.selection import select_features
        from workbench.tables.catalog import load_tables

        found = select_features(self.frame(task, progress=progress))
        answer = {"task": task, **found.as_dict()}
        if write:
            tables = load_tables(self.home, task.partition("/")[0])
            if tables.flat is not None:
                raise UsageError("WB-F31", f"'{task}' is a flat task and has no features.yaml to write.")
            answer["out"] = str(write_selected(tables.folder / "features.yaml", task, found, force=force))
        return answer, found.lines()

    def build(
        self, task: str, *, cutoff: str | None, out: Path, progress: Progress = silent
    ) -> dict[str, Any]:
        """Writes a task's training frame, or the features of its eligible customers as of `cutoff`."""
        from workbench.dataset.build import build_scoring_frame

        if out.suffix not in (".parquet", ".csv"):
            raise UsageError(
                "WB-U12", f"'{out.name}' must end in .parquet or .csv.", hint="Name the file accordingly."
            )
        if cutoff is None:
            frame = self.frame(task, progress=progress)
        else:
            frame = build_scoring_frame(self.home, task, day_of(cutoff))
        with whole_file(out) as part:
            if out.suffix == ".parquet":
                frame.rows.to_parquet(part, index=False)
            else:
                frame.rows.to_csv(part, index=False)
        return {
            "task": task,
            "rows": len(frame.rows),
            "features": len(frame.features),
            "out": str(out),
            "fingerprint": frame.fingerprint,
            "left_out": frame.counts,
        }
