"""What comes with the program about past searches: `python benchmarks/past.py` writes workbench/search/past.jsonl.

The whole portfolio on the development tables of benchmarks/search.py, out of fold on their training rows only; no test row and
no judged table is read.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.search_figures.tables import TABLES, NoTableError, Sources  # noqa: E402
from workbench.dataset.splits import cross_validation  # noqa: E402
from workbench.search.budget import Deadline  # noqa: E402
from workbench.search.past import Past, remember  # noqa: E402
from workbench.search.portfolio import PORTFOLIO  # noqa: E402
from workbench.search.search import search  # noqa: E402
from workbench.search.spec import SearchSpec  # noqa: E402

_PER_FOLD = 3  # folds are enough to compare candidates by


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("WORKBENCH_DATA"), help="folder of real data"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "benchmarks" / "search")
    asked = parser.parse_args()
    sources = Sources(None if asked.data is None else asked.data.absolute(), asked.out.absolute() / "made")
    written = asked.out / "past.jsonl"
    written.unlink(missing_ok=True)
    for table in TABLES.values():
        if table.judged:
            continue
        try:
            loaded = table.load(sources, 0)
        except NoTableError as error:
            print(f"{table.name} is left out: {error}", file=sys.stderr)
            continue
        y = loaded.y_train
        folds = cross_validation(y, loaded.entity_train, seed=0, columns=loaded.train.shape[1])[:_PER_FOLD]
        found = search(
            loaded.train,
            y,
            folds=folds,
            spec=SearchSpec(trials=len(PORTFOLIO)),
            deadline=Deadline.after(None),
            past=Past([]),
        )
        if found.past is not None:
            remember(written, found.past)
        print(f"{table.name}: {found.seconds:.0f} s", file=sys.stderr)
    (ROOT / "workbench" / "search" / "past.jsonl").write_bytes(written.read_bytes())


if __name__ == "__main__":
    main()
