"""The command line: a thin shell over the service.

Every verb takes `--json` (one object on stdout, all else on stderr), `--home` and `--as USER`.
Exit codes: 0 done; 1 unexpected; 2 usage; 3 bad data or definition; 4 gate failed; 5 waiting for
approval; 6 cancelled or out of time; 74 disk full; 75 locked.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from workbench.errors import UsageError, WorkbenchError, disk_full
from workbench.text import counted

if TYPE_CHECKING:
    from workbench.service import Workbench

STARTED_AT = time.time()  # a budget counts from the command's start

app = typer.Typer(
    name="workbench",
    help="From customer tables to an approved target list, with a scorecard that your risk team can read.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
features_app = typer.Typer(help="Point-in-time features.", no_args_is_help=True)
audience_app = typer.Typer(help="Target lists: build, show, export.", no_args_is_help=True)
jobs_app = typer.Typer(help="Queued runs: list, cancel, finish, resume.", no_args_is_help=True)
sample_app = typer.Typer(help="Simulated data whose truth is known.", no_args_is_help=True)
app.add_typer(features_app, name="features")
app.add_typer(audience_app, name="audience")
app.add_typer(jobs_app, name="jobs")
app.add_typer(sample_app, name="sample")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; all else on stderr.")]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The folder with feature_defs/, mlruns/ and var/.")
]
As = Annotated[
    str | None,
    typer.Option("--as", help="Who you are; default WORKBENCH_USER, else the first practice user."),
]
Budget = Annotated[str, typer.Option("--budget", help="Wall time for the whole run: 60s, 5m, 1h.")]


def open_workbench(home: Path | None) -> Workbench:
    from workbench.service import Workbench

    return Workbench.open(home)


def answer(value: dict[str, Any], as_json: bool, lines: Callable[[], list[str]]) -> None:
    """The command's result: the object itself, or sentences for a person."""
    if as_json:
        print(json.dumps(value, ensure_ascii=False, default=str, allow_nan=False))
    else:
        print("\n".join(lines()))


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def on_terminal(stage: str, fraction: float, sentence: str) -> None:
    """A progress bar on a terminal; one line per stage where there is none."""
    if sys.stderr.isatty():
        filled = round(24 * fraction)
        print(
            f"\r\x1b[K[{'█' * filled}{'·' * (24 - filled)}] {fraction:4.0%} {stage}: {sentence}"[:150],
            end="",
            file=sys.stderr,
            flush=True,
        )
    elif stage != on_terminal.__dict__.get("last"):
        on_terminal.__dict__["last"] = stage
        print(f"[{fraction:4.0%}] {stage}: {sentence}", file=sys.stderr, flush=True)


def done_on_terminal() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@app.command()
def demo(
    as_json: Json = False,
    home: HomeOption = None,
    budget: Budget = "60s",
) -> None:
    """The main job on real data that pip brings: four models, scorecards, an approved practice list."""
    from workbench.demo import require_source, run_demo

    wb = open_workbench(home)
    require_source(wb.home.path)
    result = run_demo(wb, budget=budget, progress=on_terminal)
    done_on_terminal()
    answer(result.as_dict(), as_json, result.lines)


@app.command()
def check(
    dataset: Annotated[str, typer.Argument(help="A folder of feature_defs/, or dataset/label.")],
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Also change what was not known at the cutoffs: nothing may differ."),
    ] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Also write the whole report as .html or .md.")
    ] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Judge definitions and data: stable codes, severities stop, quarantine, warn."""
    data = open_workbench(home).data
    if report_file is not None:
        data.refuse_report(report_file)
    report = data.check(dataset)
    if report_file is not None:
        data.write_report(report, report_file)
    proof = data.prove(dataset, progress=on_terminal) if prove and report.ok else None
    done_on_terminal()
    told = report.as_dict()
    if prove:  # what cannot be used is not proven either
        told |= {"ok": report.ok and proof is not None and proof.ok, "proof": proof and proof.as_dict()}
    answer(told, as_json, lambda: report.lines() + (proof.lines() if proof else []))
    if not report.ok or (proof is not None and not proof.ok):
        raise typer.Exit(3)


@features_app.command("build")
def features_build(
    task: Annotated[str, typer.Argument(help="dataset/label")],
    out: Annotated[Path, typer.Option("--out", help="Where the features go: .parquet or .csv.")],
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="As of this date (YYYY-MM-DD), without labels.")
    ] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """The training frame of a task, or the features of its eligible customers as of a date."""
    built = open_workbench(home).data.build(task, cutoff=cutoff, out=out, progress=on_terminal)
    done_on_terminal()
    answer(
        built,
        as_json,
        lambda: [f"{counted(built['rows'], 'row')} x {built['features']} features -> {built['out']}"],
    )


@features_app.command("list")
def features_list(
    dataset: Annotated[str, typer.Argument(help="A folder of feature_defs/, or dataset/label.")],
    label: Annotated[str | None, typer.Option("--label", help="Only what this label uses.")] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Every feature column with its sentence in English and Chinese, its source and its worked examples."""
    found = open_workbench(home).data.features(dataset, label=label)
    answer(found.as_dict(), as_json, found.lines)


@features_app.command("select")
def features_select(
    task: Annotated[str, typer.Argument(help="dataset/label")],
    write: Annotated[
        bool, typer.Option("--write", help="Write features.selected.yaml beside features.yaml.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Which columns to keep, judged on training rows, and the reason for every one that goes."""
    found, lines = open_workbench(home).data.select(task, write=write, force=force, progress=on_terminal)
    done_on_terminal()
    out = [f"-> {found['out']}"] if "out" in found else []
    answer(found, as_json, lambda: [*lines, *out])


@features_app.command("propose")
def features_propose(
    dataset: Annotated[str, typer.Argument(help="A folder of feature_defs/, or dataset/label.")],
    label: Annotated[
        str | None, typer.Option("--label", help="Suit this label; default: all of the dataset.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Default: features.proposed.yaml beside tables.yaml.")
    ] = None,
    most: Annotated[int, typer.Option("--max", help="At most so many columns.", min=1)] = 300,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Walk the tables and write definitions to edit; never touches features.yaml unless told to."""
    made = open_workbench(home).data.propose(dataset, label=label, out=out, most=most, force=force)
    answer(made.as_dict(), as_json, made.lines)


@app.command()
def train(
    what: Annotated[str, typer.Argument(help="dataset/label, or a file: CSV, Excel, Parquet.")],
    label: Annotated[str | None, typer.Option("--label", help="The file's column to predict.")] = None,
    positive: Annotated[
        str | None, typer.Option("--positive", help="The label's value that counts as the event.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="response, conversion, churn or risk.")] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="The customer's column; rows of one customer are judged together (by date with --time).",
        ),
    ] = None,
    time_column: Annotated[
        str | None, typer.Option("--time", help="The date column; the last part is judged out of time.")
    ] = None,
    known_after_event: Annotated[
        list[str] | None,
        typer.Option("--known-after-event", help="A column that is only known afterwards; never used."),
    ] = None,
    known_before: Annotated[
        list[str] | None,
        typer.Option(
            "--known-before", help="A column that you vouch for: known on the day of choice, strong as it is."
        ),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="A feature that may not teach.")
    ] = None,
    rising: Annotated[
        list[str] | None, typer.Option("--rising", help="A number with which the score may only rise.")
    ] = None,
    falling: Annotated[
        list[str] | None, typer.Option("--falling", help="A number with which the score may only fall.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option("--weight", help="The feature that says how much a row counts.")
    ] = None,
    budget: Budget = "60s",
    trials: Annotated[
        int | None, typer.Option("--trials", help="A number of trials instead of a time: repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    workers: Annotated[
        int, typer.Option("--workers", help="Processes that fit side by side; 1: threads of this one.")
    ] = 1,
    name: Annotated[str | None, typer.Option("--name", help="The model's name; default: the file's.")] = None,
    enqueue: Annotated[
        bool, typer.Option("--enqueue", help="Leave it to a worker and come back at once.")
    ] = False,
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Search for the best model within a budget and register it."""
    from workbench.service import TrainRequest, seconds_of

    wb = open_workbench(home)
    is_file = label is not None or Path(what).suffix != "" or Path(what).exists()
    request = TrainRequest(
        task=None if is_file else what,
        file=str(Path(what).resolve()) if is_file else None,
        label=label,
        positive=positive,
        kind=kind,  # ty: ignore[invalid-argument-type] - checked by the request itself
        id_column=id_column,
        time_column=time_column,
        known_after_event=tuple(known_after_event or ()),
        known_before=tuple(known_before or ()),
        without=tuple(without or ()),
        rising=tuple(rising or ()),
        falling=tuple(falling or ()),
        weight=weight,
        name=name,
        budget_seconds=None if trials else seconds_of(budget),
        trials=trials,
        seed=seed,
        workers=workers,
        user=wb.people.acting(user).name,
        started_at=None if enqueue else STARTED_AT,
    )
    if enqueue:
        job = wb.runs.start(request)
        answer(
            job.as_dict(),
            as_json,
            lambda: [f"queued as {job.id}; `workbench worker` runs it, `workbench jobs list` shows it"],
        )
        return
    result = wb.runs.train_here(request, progress=on_terminal)
    done_on_terminal()
    answer(result, as_json, lambda: training_lines(result))


def training_lines(result: dict[str, Any]) -> list[str]:
    metrics = result["metrics"]
    lines = [
        f"{result['model']} version {result['version']}: event = {result['event_class']}, "
        f"test AUC {metrics['test_auc']:.3f} ({metrics['test_auc_low']:.3f}-{metrics['test_auc_high']:.3f}), "
        f"KS {metrics['test_ks']:.3f}, lift at 10% {metrics['test_lift_10']:.1f}, scorecard AUC {metrics['card_auc']:.3f}, "
        f"{result['wall_seconds']:.0f} s"
    ]
    lines += [f"  WARNING: {warning}" for warning in result["warnings"]]
    return lines + [f"  note: {note}" for note in result["notes"]]


@app.command()
def score(
    what: Annotated[
        str, typer.Argument(help="MODEL, MODEL@champion, MODEL@VERSION, or dataset/label with --cutoff.")
    ],
    file: Annotated[Path | None, typer.Argument(help="The table to score.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the scores go: .csv, .parquet or .xlsx.")
    ] = None,
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="For dataset/label: score who is eligible as of this date.")
    ] = None,
    reasons: Annotated[str, typer.Option("--reasons", help="none, top:N or all.")] = "none",
    card: Annotated[bool, typer.Option("--card", help="Add the scorecard's points and probability.")] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Probabilities, grades and reasons for a file, or for today's customers of a dataset."""
    if out is None:
        raise UsageError("WB-U08", "Where are the scores to go?", hint="Name a file: --out scores.csv.")
    wb = open_workbench(home)
    if cutoff is not None:
        if file is not None:
            raise UsageError(
                "WB-U09", "--cutoff scores a dataset's own customers; a file cannot be given as well."
            )
        scored = wb.scores.task(what, cutoff=cutoff, out=out, reasons=reasons, card=card)
    elif file is None:
        raise UsageError(
            "WB-U09", f"What is {what} to score?", hint="Name a file, or a dataset/label with --cutoff DATE."
        )
    else:
        scored = wb.scores.file(what, file, out=out, reasons=reasons, card=card)
    answer(
        scored,
        as_json,
        lambda: [
            f"{counted(scored['rows'], 'row')} scored by {scored['model']} version {scored['version']} -> {scored['out']}",
            *(f"  note: {note}" for note in scored["notes"]),
        ],
    )


@app.command()
def scorecard(
    model: Annotated[str, typer.Argument(help="MODEL, MODEL@champion or MODEL@VERSION.")],
    out: Annotated[Path, typer.Option("--out", help="A folder.")],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """The scorecard as points table, SQL, PMML and Excel."""
    made = open_workbench(home).models.export_scorecard(model, out)
    answer(
        made,
        as_json,
        lambda: [
            f"scorecard of {made['model']} version {made['version']}:",
            *(f"  {file}" for file in made["files"]),
        ],
    )


@app.command()
def publish(
    what: Annotated[str, typer.Argument(help="MODEL[@VERSION], or the id of a list.")],
    note: Annotated[str, typer.Option("--note", help="Why it should go live.")] = "",
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Ask for the release of a model or a list; a second person approves."""
    wb = open_workbench(home)
    asked = wb.approvals.request(what, user=wb.people.acting(user).name, note=note).as_dict()
    answer(
        asked,
        as_json,
        lambda: [f"{asked['id']} waits for a second person: workbench approve {asked['id']} --as SOMEBODY"],
    )


@app.command()
def approve(
    request_id: Annotated[str, typer.Argument(help="The id that publish gave.")],
    reason: Annotated[str, typer.Option("--reason")] = "",
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Grant a release. Whoever asked for it cannot."""
    wb = open_workbench(home)
    done = wb.approvals.approve(request_id, user=wb.people.acting(user).name, reason=reason).as_dict()
    answer(done, as_json, lambda: [f"{done['id']}: {done['status']}"])


@app.command()
def reject(
    request_id: Annotated[str, typer.Argument()],
    reason: Annotated[str, typer.Option("--reason", help="Goes back to whoever asked.")],
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Send a request back with a reason."""
    wb = open_workbench(home)
    done = wb.approvals.reject(request_id, user=wb.people.acting(user).name, reason=reason).as_dict()
    answer(done, as_json, lambda: [f"{done['id']}: {done['status']}"])


@app.command()
def rollback(
    task: Annotated[str, typer.Argument(help="dataset/label, or a model's name.")],
    reason: Annotated[str, typer.Option("--reason")] = "",
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Make the previous champion live again."""
    wb = open_workbench(home)
    done = wb.models.rollback(task, user=wb.people.acting(user).name, reason=reason)
    answer(done, as_json, lambda: [f"{done['model']}: version {done['version']} is live again"])


@audience_app.command("build")
def audience_build(
    model: Annotated[str, typer.Argument(help="dataset/label, or MODEL with --file.")],
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="Whoever is eligible as of this date.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A table of customers without outcome.")] = None,
    size: Annotated[int | None, typer.Option("--size", help="At most so many customers.")] = None,
    share: Annotated[float | None, typer.Option("--share", help="Or this share of them, 0..1.")] = None,
    safest: Annotated[
        bool, typer.Option("--safest", help="From the least likely up, such as the safest of a risk model.")
    ] = False,
    grades: Annotated[str | None, typer.Option("--grades", help="Only these grades, such as A,B.")] = None,
    holdout: Annotated[
        float, typer.Option("--holdout", help="Share left out to prove that it worked, 0..1.")
    ] = 0.1,
    exclude: Annotated[
        Path | None, typer.Option("--exclude", help="A file whose first column lists who may not be on it.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The list's name; default: the model's.")] = None,
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Freeze a versioned list of customers."""
    from workbench.service import ListRequest

    wb = open_workbench(home)
    made = wb.lists.build(
        ListRequest(
            model=model,
            cutoff=cutoff,
            file=file,
            size=size,
            share=share,
            order="lowest" if safest else "highest",
            grades=tuple(grades.split(",")) if grades else None,
            holdout_share=holdout,
            exclude_file=exclude,
            name=name,
            user=wb.people.acting(user).name,
        )
    ).as_dict()
    answer(
        made,
        as_json,
        lambda: [
            f"{made['id']}: {made['rows']:,} customers; ask for its release: workbench publish {made['id']}"
        ],
    )


@audience_app.command("show")
def audience_show(
    list_id: Annotated[str | None, typer.Argument(help="One list; all of them if left out.")] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Lists, their versions, and how each came about."""
    wb = open_workbench(home)
    if list_id:
        shown = wb.lists.get(list_id).as_dict()
        answer(shown, as_json, lambda: [f"{key}: {value}" for key, value in shown.items()])
    else:
        everything = {"lists": [item.as_dict() for item in wb.lists.list()]}
        answer(
            everything,
            as_json,
            lambda: (
                [f"{a['id']}  {a['rows']:,} customers  {a['state']}" for a in everything["lists"]]
                or ["no list yet"]
            ),
        )


@audience_app.command("export")
def audience_export(
    list_id: Annotated[str, typer.Argument()],
    out: Annotated[
        Path, typer.Option("--out", help="A folder, or a file ending in .csv, .xlsx or .parquet.")
    ],
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """The approved list as a file with its manifest. Nothing leaves before approval."""
    wb = open_workbench(home)
    left = wb.lists.export(list_id, user=wb.people.acting(user).name, out=out)
    answer(
        left,
        as_json,
        lambda: [f"{left['rows']:,} customers -> {left['file']} (manifest: {left['manifest_file']})"],
    )


@jobs_app.command("list")
def jobs_list(as_json: Json = False, home: HomeOption = None) -> None:
    """Queued, running and finished runs."""
    wb = open_workbench(home)
    found = wb.runs.list()
    jobs = {"worker_alive": wb.runs.worker_alive(), "jobs": [job.as_dict() for job in found]}
    answer(
        jobs,
        as_json,
        lambda: [f"{job.id}  {job.state:9}  {job.title}" for job in found] or ["no job yet"],
    )


def _job_verb(verb: str, explanation: str) -> None:
    @jobs_app.command(verb, help=explanation)
    def act(job_id: str, as_json: Json = False, home: HomeOption = None, user: As = None) -> None:
        wb = open_workbench(home)
        job = getattr(wb.runs, verb)(job_id, user=wb.people.acting(user).name).as_dict()
        answer(job, as_json, lambda: [f"{job['id']}: {job['state']}"])


_job_verb("cancel", "Stop a run within seconds; nothing is registered.")
_job_verb("finish", "End the search now and keep the best so far.")
_job_verb("resume", "Go on with a run that failed or was cancelled, from its journal.")


@sample_app.command("bank")
def sample_bank(
    customers: Annotated[int, typer.Option("--customers", help="How many customers.")],
    out: Annotated[Path, typer.Option("--out", help="A folder for the tables, such as DATA/sample_bank.")],
    seed: Annotated[
        int, typer.Option("--seed", help="From 1000000 on: the second family of worlds, kept for judging.")
    ] = 0,
    months: Annotated[int, typer.Option("--months", help="Length of the period.")] = 24,
    events_per_customer: Annotated[
        float, typer.Option("--events-per-customer", help="Mean number of app events over the period.")
    ] = 100.0,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="A folder for the truth; default: OUT_truth beside it.")
    ] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """A simulated bank as Parquet tables, and the truth about it in a folder apart."""
    made = open_workbench(home).samples.bank(
        customers=customers,
        seed=seed,
        months=months,
        events_per_customer=events_per_customer,
        out=out,
        truth=truth,
        progress=on_terminal,
    )
    done_on_terminal()
    answer(made.as_dict(), as_json, made.lines)


@app.command()
def retrain(
    task: Annotated[
        str | None, typer.Argument(help="dataset/label; every task with a champion if left out.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Outcomes known by this date (YYYY-MM-DD).")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only where newer mature outcomes have come in since the last run.")
    ] = False,
    budget: Budget = "60s",
    as_json: Json = False,
    home: HomeOption = None,
    user: As = None,
) -> None:
    """Train a challenger, compare it with the champion, and ask for its approval. Once per task and date."""
    wb = open_workbench(home)
    done = wb.schedules.retrain(
        task,
        as_of=as_of,
        due=due,
        budget=budget,
        user=wb.people.acting(user, service=True).name,
        progress=on_terminal,
    )
    done_on_terminal()
    answer(done.as_dict(), as_json, done.lines)
    if done.exit_code:
        raise typer.Exit(done.exit_code)


@app.command()
def monitor(
    model: Annotated[str, typer.Argument(help="dataset/label, or MODEL with --file.")],
    cutoff: Annotated[str | None, typer.Option("--cutoff", help="Customers as of this date.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Or a table of today's customers.")] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """How like today's customers are to those the model learned from (PSI on frozen bins)."""
    report = open_workbench(home).schedules.monitor(model, cutoff=cutoff, file=file)
    answer(report.as_dict(), as_json, report.lines)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@app.command("app")
def run_app(
    port: Annotated[int, typer.Option("--port")] = 8501,
    home: HomeOption = None,
) -> None:
    """The web app and a worker on this machine (127.0.0.1), until Ctrl-C."""
    from workbench.config import Home
    from workbench.ui.launch import run_app as launch

    raise typer.Exit(launch(Home.find(home), port=port))


@app.command()
def worker(home: HomeOption = None) -> None:
    """Run queued jobs, one at a time, until Ctrl-C."""
    open_workbench(home).runs.work()


@app.command("search-worker")
def search_worker(
    workers: Annotated[int, typer.Option("--workers", help="Fits at a time: one per processor core.")] = 1,
    memory_mb: Annotated[
        int | None, typer.Option("--memory-mb", help="What the fits may hold together.")
    ] = None,
    idle: Annotated[
        str | None, typer.Option("--idle", help="End after this long without work (10m); default: never.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Help searches of other machines that share WORKBENCH_STUDY_URL, until Ctrl-C."""
    from workbench.service import help_searches, seconds_of

    fits = help_searches(
        workers=workers, memory_mb=memory_mb, idle_seconds=None if idle is None else seconds_of(idle), say=say
    )
    answer({"fits": fits}, as_json, lambda: [f"{fits} fits handed in"])


@app.command()
def doctor(as_json: Json = False, home: HomeOption = None) -> None:
    """Where things live and whether everything that is needed is there."""
    report = open_workbench(home).health.doctor()
    answer(report.as_dict(), as_json, report.lines)
    if not report.ok:
        raise typer.Exit(1)


def fail(error: WorkbenchError, as_json: bool) -> NoReturn:
    done_on_terminal()
    if as_json:
        print(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
    say(str(error))
    raise SystemExit(error.exit_code)


def usage_error(error: typer.TyperException, as_json: bool) -> NoReturn:
    """A wrong command in typer's own words; as an object where objects were asked for."""
    show, sentence = getattr(error, "show", None), getattr(error, "format_message", None)
    if as_json and sentence is not None:
        fail(
            UsageError("WB-U01", sentence(), hint="`workbench COMMAND --help` shows what is allowed."),
            as_json,
        )
    if show is not None:
        show()
    raise SystemExit(getattr(error, "exit_code", 2))


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code; a failure is one sentence, never a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    logging.basicConfig(level=os.environ.get("WORKBENCH_LOG", "ERROR"), stream=sys.stderr)
    try:
        raise SystemExit(
            typer.main.get_command(app).main(args=given, prog_name="workbench", standalone_mode=False) or 0
        )
    except typer.TyperException as error:
        usage_error(error, as_json)
    except WorkbenchError as error:
        fail(error, as_json)
    except KeyboardInterrupt:
        say("stopped")
        raise SystemExit(130) from None
    except Exception as error:
        logging.getLogger("workbench").info("unexpected", exc_info=error)
        unknown = WorkbenchError("WB-X01", f"Something unexpected happened: {type(error).__name__}: {error}")
        fail(disk_full(error) or unknown, as_json)
