"""Audience: who may be on the list, how many, who stays out; then a second person decides."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from workbench.service import ListRequest
from workbench.ui.components.datasets import scoring_days
from workbench.ui.components.empty import teach
from workbench.ui.components.funnel import show_funnel
from workbench.ui.components.masks import mask_columns
from workbench.ui.components.picks import model_name, pick
from workbench.ui.components.release import download
from workbench.ui.view import View, address, go, plain

GRADES = ("A", "B", "C", "D")
PREVIEW_ROWS = 20
UPLOADS = ["csv", "xlsx", "parquet", "gz", "txt", "tsv"]


def page(view: View) -> None:
    st.title(view.t("audience.title"))
    if list_id := address("list"):
        one_list(view, list_id)
        return
    models = view.wb.models.list()
    if not models:
        teach(view, "audience.none", leads_to="build")
    else:
        new_list(view, models)
    earlier_lists(view)


@dataclass(frozen=True)
class Wish:
    """What the form says."""

    cutoff: date | None
    file: Any
    end: str
    """From which end of the scores: likeliest, safest or riskiest."""
    size: int | None
    share: float | None
    grades: tuple[str, ...]
    holdout_share: float
    exclude: Any
    name: str

    @property
    def complete(self) -> bool:
        return self.cutoff is not None or self.file is not None


def new_list(view: View, models: Sequence[Any]) -> None:
    model = choose(view, models)
    wish = ask(view, model)
    st.markdown(promise(view, wish))
    allowed = view.may("business", "modeler")
    if not st.button(
        view.t("audience.send"),
        type="primary",
        icon=":material/send:",
        disabled=not (allowed and wish.complete),
    ):
        return
    with (
        st.spinner(view.t("audience.building")),
        uploaded(wish.file) as file,
        uploaded(wish.exclude) as exclude,
    ):
        made = view.wb.lists.build(
            ListRequest(
                model=f"{model.name}@{model.version}",
                cutoff=wish.cutoff.isoformat() if wish.cutoff and file is None else None,
                file=file,
                size=wish.size,
                share=wish.share,
                order="lowest" if wish.end == "safest" else "highest",
                grades=wish.grades or None,
                holdout_share=wish.holdout_share,
                exclude_file=exclude,
                name=wish.name,
                user=view.user,
            )
        )
        view.wb.approvals.request(made.id, user=view.user, note="")
    go("audience", list=made.id)


def choose(view: View, models: Sequence[Any]) -> Any:
    def words(model: Any) -> str:
        return view.t("model.version", name=model.name, version=model.version)

    asked = f"{address('model')}@{address('version')}"
    return pick(view.t("audience.model"), models, name=model_name, words=words, asked=asked)


def ask(view: View, model: Any) -> Wish:
    """Every field has a default; the first one says who may be on the list at all."""
    cutoff, file = who(view, model)
    left, right = st.columns(2)
    with left:
        end = which_end(view, model.kind)
        share, size = how_many(view, end)
        grades = st.pills(
            view.t("audience.grades"), GRADES, selection_mode="multi", help=view.t("audience.grades.help")
        )
    with right:
        holdout = st.slider(
            view.t("audience.holdout"), 0, 50, 10, 5, format="%d%%", help=view.t("audience.holdout.help")
        )
        name = st.text_input(view.t("audience.name"), model.name.replace(".", "-").replace("_", "-"))
    with st.expander(view.t("audience.exclude")):
        exclude = st.file_uploader(view.t("audience.exclude.file"), type=UPLOADS, key="exclude")
    return Wish(cutoff, file, end, size, share, tuple(grades or ()), holdout / 100, exclude, name)


def who(view: View, model: Any) -> tuple[date | None, Any]:
    """Customers whose outcome is still open, or a file; never last campaign's rows by default."""
    days = scoring_days(view, model.task)
    sources = ["date", "file"] if days else ["file"]
    source = st.segmented_control(
        view.t("audience.who"),
        sources,
        default=sources[0],
        required=True,
        format_func=lambda name: view.t(f"audience.who.{name}"),
        help=view.t("audience.who.help"),
    )
    if source == "file":
        return None, st.file_uploader(
            view.t("audience.file"), type=UPLOADS, key="customers", help=view.t("audience.file.help")
        )
    label, about = view.t("audience.as_of"), view.t("audience.as_of.help")
    if days[0].rows is None:
        return st.date_input(label, days[0].day, help=about), None
    chosen = pick(
        label,
        days,
        name=lambda found: found.day.isoformat(),
        words=lambda found: view.t("audience.day", day=found.day, n=f"{found.rows:,}"),
        about=about,
    )
    return chosen.day, None


def how_many(view: View, end: str) -> tuple[float | None, int | None]:
    by = st.segmented_control(
        view.t("audience.how_many"),
        ["share", "size"],
        default="share",
        required=True,
        format_func=lambda name: view.t(f"audience.how_many.{name}"),
    )
    if by == "size":
        return None, int(st.number_input(view.t("audience.size"), min_value=1, value=1000, step=100))
    return st.slider(view.t(f"audience.share.{end}"), 5, 100, 20, 5, format="%d%%") / 100, None


def which_end(view: View, kind: str) -> str:
    """Of a risk model either end may be wanted, the safest unless said otherwise; of the others the likeliest."""
    if kind != "risk":
        return "likeliest"
    return st.segmented_control(
        view.t("audience.end"),
        ["safest", "riskiest"],
        default="safest",
        required=True,
        format_func=lambda end: view.t(f"audience.end.{end}"),
    )


def promise(view: View, wish: Wish) -> str:
    """What will happen, before it does."""
    if not wish.complete:
        return view.t("audience.promise.incomplete")
    many = (
        view.t(f"audience.promise.size.{wish.end}", n=f"{wish.size:,}")
        if wish.size
        else view.t(f"audience.promise.share.{wish.end}", share=f"{wish.share:.0%}")
    )
    return view.t("audience.promise", many=many, holdout=f"{wish.holdout_share:.0%}")


@contextlib.contextmanager
def uploaded(given: Any) -> Generator[Path | None]:
    """An uploaded file as a path, for as long as it is read."""
    if given is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(given.name).name
        path.write_bytes(given.getbuffer())
        yield path


def one_list(view: View, list_id: str) -> None:
    audience = view.wb.lists.get(list_id)
    manifest = audience.manifest
    st.subheader(view.t("list.title", name=audience.name, version=audience.version))
    release(view, audience)
    show_funnel(view, manifest["funnel"])
    facts = {"model": f"{manifest['model']}@{manifest['model_version']}", "as_of": manifest["as_of"]}
    facts |= {"built": view.when(manifest["built_at"]), "who": manifest["built_by"]}
    st.caption(view.t("list.facts", **facts))
    with st.expander(view.t("list.preview"), expanded=False):
        members = view.wb.lists.members(audience.id).head(PREVIEW_ROWS)
        shown = [
            c for c in ("rank", manifest["entity"], "probability", "grade", "arm") if c in members.columns
        ]
        st.dataframe(
            mask_columns(members[shown], [manifest["entity"]]), hide_index=True, alt=view.t("list.preview")
        )
        st.caption(view.t("list.masked"))
    with st.expander(view.t("list.manifest")):
        st.json(manifest)
    if st.button(view.t("list.all"), icon=":material/arrow_back:"):
        go("audience")


def release(view: View, audience: Any) -> None:
    """Where the list stands on its way out."""
    asked = view.wb.approvals.get(audience.approval).approval if audience.approval else None
    if asked is None or asked.status == "rejected":
        if asked is not None:
            st.error(
                view.t("list.rejected", who=asked.decider, reason=plain(asked.reason or "")),
                icon=":material/undo:",
            )
        note = st.text_input(view.t("list.note"))
        if st.button(view.t("audience.send"), type="primary", disabled=not view.may("business", "modeler")):
            view.wb.approvals.request(audience.id, user=view.user, note=note)
            st.rerun()
    elif asked.status == "waiting":
        st.info(view.t("list.waiting", who=asked.requester), icon=":material/hourglass_top:")
        if view.may("approver") and st.button(view.t("list.to_approvals"), type="primary"):
            go("approvals")
    else:
        st.success(
            view.t("list.approved", who=asked.decider, when=view.when(asked.decided_at)),
            icon=":material/verified:",
        )
        download(view, audience.id)


def earlier_lists(view: View) -> None:
    lists = view.wb.lists.list()
    if not lists:
        return
    st.subheader(view.t("audience.earlier"))
    names = [view.t(f"list.column.{name}") for name in ("name", "customers", "model", "as_of", "built")]
    table = pd.DataFrame(
        [
            (
                a.id,
                a.rows,
                f"{a.manifest['model']}@{a.manifest['model_version']}",
                a.manifest["as_of"],
                view.when(a.manifest["built_at"]),
            )
            for a in lists
        ],
        columns=names,
    )
    picked = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="lists-table",
        alt=view.t("audience.earlier"),
    )
    if rows := picked["selection"]["rows"]:
        st.session_state.pop("lists-table", None)
        go("audience", list=lists[rows[0]].id)


if __name__ == "__main__":
    page(View.now())
