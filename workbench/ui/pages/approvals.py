"""Approvals: who asks for what, and the second person's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui.components.empty import teach
from workbench.ui.components.funnel import show_funnel
from workbench.ui.components.verdict import TOP_TENTH, verdict
from workbench.ui.view import View, go, plain, remember

STATUS_COLOURS = {"waiting": "orange", "approved": "green", "rejected": "red"}


def page(view: View) -> None:
    st.title(view.t("approvals.title"))
    if said := st.session_state.pop("decided", None):
        st.success(said, icon=":material/check_circle:")
    everything = view.wb.approvals.list()
    if not everything:
        teach(view, "approvals.none")
        return
    pending = view.wb.approvals.pending(view.user)
    mine = {request.id for request in pending}
    for request in pending:
        card(view, request)
    if not pending:
        st.info(view.t("approvals.nothing_for_you"), icon=":material/inbox:")
    others = [request for request in everything if request.id not in mine]
    if others:
        st.subheader(view.t("approvals.history"))
        history(view, others)


def card(view: View, request: Any) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title(view, request)}**")
            status_badge(view, request)
        st.caption(
            view.t(
                "approvals.asked",
                who=request.approval.requester,
                when=view.when(request.approval.requested_at),
            )
        )
        if request.approval.note:
            st.markdown(f"> {plain(request.approval.note)}")
        evidence(view, request)
        reason = st.text_input(
            view.t("approvals.reason"), key=f"reason-{request.id}", help=view.t("approvals.reason.help")
        )
        with st.container(horizontal=True):
            answer(view, request, reason)


def answer(view: View, request: Any, reason: str) -> None:
    """Approve (or, in the credit tier, sign first), or send back."""
    what = title(view, request)
    if request.approval.waits_for == "validator":
        if st.button(
            view.t("approvals.sign"), type="primary", key=f"sign-{request.id}", icon=":material/draw:"
        ):
            view.wb.approvals.validate(str(request.id), user=view.user, note=reason)
            decided(view.t("approvals.signed", what=what))
    elif st.button(
        view.t("approvals.approve"), type="primary", key=f"approve-{request.id}", icon=":material/check:"
    ):
        view.wb.approvals.approve(str(request.id), user=view.user, reason=reason)
        if request.approval.subject_kind == "list":
            go("audience", list=f"{request.approval.name}@{request.approval.version}")
        decided(view.t("approvals.approved", what=what))
    if st.button(view.t("approvals.reject"), key=f"reject-{request.id}", icon=":material/undo:"):
        view.wb.approvals.reject(str(request.id), user=view.user, reason=reason)
        decided(view.t("approvals.rejected", what=what))


def decided(sentence: str) -> None:
    """Say so above the list that is drawn next."""
    remember("decided", sentence)
    st.rerun()


def evidence(view: View, request: Any) -> None:
    """What the answer can rest on."""
    if request.approval.subject_kind == "list":
        show_funnel(
            view, view.wb.lists.get(f"{request.approval.name}@{request.approval.version}").manifest["funnel"]
        )
        return
    report = view.wb.models.report(request.approval.name, request.approval.version)
    verdict(
        view,
        kind=report.summary["kind"],
        gains=report.gains,
        metrics=report.evaluation["metrics"],
        depth=TOP_TENTH,
    )
    against = report.summary.get("against_champion")
    if against and against.get("comparable"):
        st.caption(
            view.t("modelers.champion", **{k: against[k] for k in ("version", "difference", "low", "high")})
        )
    if st.button(view.t("approvals.report"), key=f"report-{request.id}", type="tertiary"):
        go("results", model=request.approval.name, version=str(request.approval.version))


def history(view: View, requests: Sequence[Any]) -> None:
    """Everything that was asked for, the newest first."""
    names = [
        view.t(f"approvals.column.{name}") for name in ("what", "state", "who", "asked", "decider", "reason")
    ]
    rows = [
        (
            title(view, request),
            view.word("approval", request.status),
            request.approval.requester,
            view.when(request.approval.requested_at),
            request.approval.decider or "–",
            request.approval.reason or "",
        )
        for request in requests
    ]
    st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, alt=view.t("approvals.history"))


def title(view: View, request: Any) -> str:
    return view.t(
        f"approvals.subject.{request.approval.subject_kind}",
        name=request.approval.name,
        version=request.approval.version,
    )


def status_badge(view: View, request: Any) -> None:
    st.badge(view.word("approval", request.status), color=STATUS_COLOURS[request.status])  # ty: ignore[invalid-argument-type]


if __name__ == "__main__":
    page(View.now())
