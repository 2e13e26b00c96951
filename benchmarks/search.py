"""The search against six other AutoML programs: same rows, same seconds, same two cores, one paired table.

`python benchmarks/search.py --budgets 20 60 300` sets the rivals up (each in an environment of its own), runs all of them
on the development tables and writes docs/benchmarks/search.md and search.json. Stopped, it goes on where it was; `--report-only`
runs nothing. `--judged` opens the judged tables as well: once per release, and never to tune anything. A part (`--tables`,
`--programs`) is a quick look: its report lies in `--out` only.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the workbench beside this file is the one that is measured

from benchmarks.search_figures.environments import Environment, NoEnvironmentError  # noqa: E402
from benchmarks.search_figures.programs import PROGRAMS, Program  # noqa: E402
from benchmarks.search_figures.report import compose, write  # noqa: E402
from benchmarks.search_figures.results import Cell, Store  # noqa: E402
from benchmarks.search_figures.run import run  # noqa: E402
from benchmarks.search_figures.tables import TABLES, NoTableError, Sources, Table  # noqa: E402


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def environments(programs: Sequence[Program], envs: Path, missing: dict[str, str]) -> dict[str, Environment]:
    """The environments that can be had; why one cannot goes to `missing`."""
    found = {}
    for program in programs:
        try:
            found[program.name] = program.environment(envs)
        except NoEnvironmentError as error:
            missing[program.title] = str(error)
            say(f"{program.title} takes no part: {error}")
    return found


def prepare(
    store: Store,
    tables: Sequence[Table],
    seeds: int,
    sources: Sources,
    missing: dict[str, str],
    *,
    anew: bool,
) -> list[tuple[str, int]]:
    """Every (table, split) that lies ready; tables that cannot be had go to `missing`."""
    ready = []
    for table in tables:
        for split in range(seeds if table.seeded else 1):
            if anew or store.prepared(table.name, split) is None:
                try:
                    store.prepare(table.name, split, table.load(sources, split))
                except NoTableError as error:
                    missing[table.name] = str(error)
                    say(f"{table.name} is left out: {error}")
                    break
            ready.append((table.name, split))
    return ready


def run_all(
    store: Store, cells: Sequence[Cell], found: dict[str, Environment], *, threads: int, again: bool
) -> None:
    """Runs what is not stored yet, or is stored of another state of the program or the table."""
    for number, cell in enumerate(cells, 1):
        program = PROGRAMS[cell.program]
        data = store.prepared(cell.table, cell.split)
        if data is None:
            raise SystemExit(f"{cell.table} was not prepared.")
        known = store.result(cell)
        same = known is not None and (known.mark, known.data, known.threads) == (
            program.mark,
            data["mark"],
            threads,
        )
        if same and not (again and (known.failed or known.disturbed)):
            continue
        environment = found[cell.program]
        mark = program.mark  # before the run: an edit during it makes it out of date
        ran = run(
            program,
            environment,
            store.data(cell.table, cell.split),
            seconds=cell.seconds,
            threads=threads,
            seed=cell.seed,
        )
        version = {k.lower(): v for k, v in environment.versions.items()}.get(program.package.lower(), mark)
        store.keep(cell, ran, mark=mark, data=data["mark"], version=version, threads=threads)
        took = ran.figures.get("fit_seconds")
        told = f"failed: {ran.failed}" if ran.failed else f"fitted in {took:.1f} s"
        say(f"{number} of {len(cells)}: {cell.folder} {told}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budgets", nargs="+", type=float, default=[20.0, 60.0, 300.0], help="seconds")
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), help="default: all of development")
    parser.add_argument("--programs", nargs="+", choices=list(PROGRAMS), default=list(PROGRAMS))
    parser.add_argument(
        "--judged", action="store_true", help="open the judged tables too, and write down that it was done"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        help="runs of each table; where there is no time, each on a split of its own",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("WORKBENCH_DATA"), help="folder of real data"
    )
    parser.add_argument("--envs", type=Path, default=Path.home() / ".cache" / "workbench-rivals")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "benchmarks" / "search")
    parser.add_argument(
        "--to", type=Path, help="folder of the report; default: docs/benchmarks where all takes part"
    )
    parser.add_argument("--report-only", action="store_true", help="run nothing")
    parser.add_argument(
        "--again",
        action="store_true",
        help="run again what failed, and what other work on the machine disturbed",
    )
    parser.add_argument("--prepare-again", action="store_true", help="read the tables again")
    asked = parser.parse_args(arguments)
    if min(asked.budgets) <= 0 or asked.seeds < 1 or asked.threads < 1:
        raise SystemExit("--budgets are above 0, --seeds and --threads at least 1.")
    names = asked.tables or [t.name for t in TABLES.values() if asked.judged or not t.judged]
    judged = [t for t in names if TABLES[t].judged]
    if judged and not asked.judged:
        raise SystemExit(
            f"{', '.join(judged)}: judged tables are opened with --judged only, once per release."
        )

    store = Store(asked.out.absolute())
    missing: dict[str, str] = {}
    programs = [PROGRAMS[p] for p in dict.fromkeys(asked.programs)]
    found = environments(programs, asked.envs.expanduser().absolute(), missing)
    if not asked.report_only:
        if judged:
            store.opened(judged, date.today())
        sources = Sources(None if asked.data is None else asked.data.absolute(), store.folder / "made")
        ready = prepare(
            store, [TABLES[t] for t in names], asked.seeds, sources, missing, anew=asked.prepare_again
        )
        cells = [
            cell
            for seconds in sorted(set(asked.budgets))
            for seed in range(asked.seeds)
            for table in names
            for program in found
            if ((cell := Cell(seconds, table, seed, program)).table, cell.split) in ready
        ]
        run_all(store, cells, found, threads=asked.threads, again=asked.again)
    report = compose(
        store,
        command=shown(sys.argv[1:] if arguments is None else arguments),
        budgets=asked.budgets,
        tables=names,
        programs=[p.name for p in programs],
        missing=missing,
        versions={name: e.versions for name, e in found.items()},
    )
    whole = not asked.tables and set(asked.programs) == set(PROGRAMS)
    write(report, store.folder)
    if asked.to is not None or whole:
        write(report, asked.to or ROOT / "docs" / "benchmarks")
    print(report.markdown())


def shown(arguments: Sequence[str]) -> str:
    """The command without folders, which are this machine's own."""
    folders = ("--data", "--envs", "--out", "--to")
    kept, skip = [], False
    for argument in arguments:
        if not skip and not argument.startswith(tuple(f"{f}=" for f in folders)) and argument not in folders:
            kept.append(argument)
        skip = argument in folders
    return " ".join(["python benchmarks/search.py", *kept])


if __name__ == "__main__":
    main()
