"""Each page in each state, in both languages, from the app's entry point."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.conftest import Open
from tests.ui.fakes import TASK
from workbench.ui.i18n import say

PAGES = ("home", "data", "build", "runs", "results", "audience", "approvals")
# pairwise: each page meets each state and each language
CASES = [
    (page, state, ("en", "zh")[(p + s) % 2])
    for p, page in enumerate(PAGES)
    for s, state in enumerate(("empty", "sample", "failed"))
]


def words(app: AppTest) -> str:
    kinds = (
        "title",
        "subheader",
        "markdown",
        "caption",
        "info",
        "warning",
        "error",
        "success",
        "button",
        "metric",
    )
    found = []
    for kind in kinds:
        for element in getattr(app, kind):
            found.append(str(getattr(element, "label", "") or ""))
            found.append(str(element.value) if kind != "button" else "")
    return "\n".join(found)


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [b for b in app.button if b.label == label]
    return button.click().run()


def parameter(app: AppTest, name: str) -> str:
    """A parameter of the address (the tester keeps some as lists)."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def follow(app: AppTest, page: str) -> AppTest:
    """Stay on the page that a button led to: the tester itself forgets it at the next click."""
    app.switch_page(f"workbench/ui/pages/{page}.py")
    return app.run()


@pytest.mark.parametrize(("page", "state", "language"), CASES, ids=["-".join(case) for case in CASES])
def test_every_page_draws_itself_in_every_state(opened: Open, page: str, state: str, language: str) -> None:
    app, _ = opened(page, state=state, language=language)
    assert not app.exception
    assert not [e for e in app.error if say(language, "error.unexpected", name="").split("(")[0] in e.value]
    assert app.title[0].value == say(language, "home.heading" if page == "home" else f"{page}.title")


@pytest.mark.parametrize("page", ["home", "data", "build", "runs", "results", "audience", "approvals"])
def test_an_empty_page_teaches_the_next_step(opened: Open, page: str) -> None:
    app, _ = opened(page, state="empty")
    assert "**" in words(app), "a sentence that stands out says what would be here"


def test_sample_data_leads_to_a_filled_in_form_and_a_started_run(opened: Open) -> None:
    app, workbench = opened("home", state="sample")
    press(app, say("en", "home.try"))
    assert app.title[0].value == say("en", "build.title")
    assert parameter(app, "task") == TASK
    follow(app, "build")
    press(app, say("en", "build.start"))
    (verb, request) = workbench.asked[0]
    assert verb == "start"
    assert (request.task, request.budget_seconds, request.user) == (TASK, 60.0, "wang.requester")
    assert parameter(app, "run") == "job-running"
    assert r"trial 4\: AUC 0.81" in words(app), "a sentence from data is never read as markup"


def test_a_run_can_be_finished_and_cancelled(opened: Open) -> None:
    app, workbench = opened("home", state="sample")
    press(app, say("en", "home.try"))
    press(follow(app, "build"), say("en", "build.start"))
    press(follow(app, "runs"), say("en", "runs.finish"))
    press(app, say("en", "runs.cancel"))
    assert [verb for verb, _ in workbench.asked] == ["start", "finish", "cancel"]


def test_a_failed_run_says_why_with_its_code(opened: Open) -> None:
    app, workbench = opened("runs", state="failed")
    assert "The table 'transactions' is empty." in app.error[0].value
    assert "WB-T03" in app.error[0].value
    press(app, say("en", "runs.resume"))
    assert workbench.asked == [("resume", "job-failed")]


def test_a_queue_without_a_worker_says_so(opened: Open) -> None:
    app, workbench = opened("runs", state="sample")
    assert not app.warning
    workbench.alive = False
    app.run()
    assert app.warning[0].value == say("en", "runs.no_worker")


def test_an_address_of_nothing_is_an_error_of_one_sentence(opened: Open) -> None:
    app, _ = opened("runs", state="sample", run="nope")
    assert "There is no job 'nope'." in app.error[0].value
    assert not app.exception


def test_the_verdict_comes_first_and_follows_the_cut(opened: Open) -> None:
    app, _ = opened("results")
    said = [m.value for m in app.markdown if "expected to respond" in m.value]
    # the fake gains capture 19% of 160 events in the first tenth of 1,000: 30 of 100
    assert "**30**" in said[0]
    assert "random: 16" in said[0]
    app.slider[0].set_value(100).run()
    figures = {m.label: m.value for m in app.metric}
    assert figures[say("en", "yield.events.response")] == "16"
    assert figures[say("en", "yield.reached")] == "100%"


def test_a_list_is_asked_for_with_what_the_form_says(opened: Open) -> None:
    app, workbench = opened("audience")
    app.slider[0].set_value(30)
    press(app, say("en", "audience.send"))
    (_, request), (verb, (what, user)) = workbench.asked
    assert (request.model, request.cutoff, request.share) == (
        "complete_journey.coupon_response@2",
        "2017-12-06",
        0.3,
    )
    assert request.order == "highest"
    assert (request.holdout_share, request.grades, request.user) == (0.1, None, "wang.requester")
    assert (verb, what, user) == ("request", "coupon-contacts@1", "wang.requester")
    assert parameter(app, "list") == "coupon-contacts@1"


def test_of_a_risk_model_the_safest_customers_are_taken_unless_said_otherwise(opened: Open) -> None:
    app, workbench = opened("audience")
    risky = workbench.models.list()[0]
    risky.kind = "risk"
    workbench.models.list = lambda: [risky]
    app.run()
    assert app.slider[0].label == "The safest share"
    assert "The safest 20% of customers" in words(app)
    press(app, say("en", "audience.send"))
    assert workbench.asked[0][1].order == "lowest"


def test_customer_numbers_are_masked_on_screen(opened: Open) -> None:
    app, _ = opened("audience", list="coupon-contacts@1")
    preview = [d.value for d in app.dataframe if "household_id" in d.value.columns]
    assert preview[0]["household_id"].tolist() == ["•••45", "•••"]


def test_only_the_second_person_is_offered_the_decision(opened: Open) -> None:
    app, _ = opened("approvals")
    assert say("en", "approvals.approve") not in [b.label for b in app.button]
    app, workbench = opened("approvals", person="li.approver")
    app.button(key="approve-1").click().run()
    assert workbench.asked == [("approve", ("1", "li.approver"))]
    assert parameter(app, "list") == "coupon-contacts@1"


def test_a_credit_model_is_signed_by_the_validator_first(opened: Open) -> None:
    app, workbench = opened("approvals", person="chen.validator")
    assert say("en", "approvals.approve") not in [b.label for b in app.button]
    app.button(key="sign-2").click().run()
    assert workbench.asked == [("validate", ("2", "chen.validator"))]
    assert "Signed" in app.success[0].value


def test_sending_back_needs_a_reason(opened: Open) -> None:
    app, workbench = opened("approvals", person="li.approver")
    app.button(key="reject-2").click().run()
    assert "WB-A10" in app.error[0].value
    app.text_input(key="reason-2").set_value("too many")
    app.button(key="reject-2").click().run()
    assert workbench.asked == [("reject", ("2", "li.approver", "too many"))]


@pytest.mark.parametrize(
    ("answer", "change"), [("known", {"known_before": ("spend",)}), ("unknown", {"without": ("spend",)})]
)
def test_a_suspected_column_is_asked_about_and_each_answer_trains_again(
    opened: Open, answer: str, change: dict[str, tuple[str, ...]]
) -> None:
    app, workbench = opened("results")
    assert any("spend in 30 days" in m.value for m in app.markdown), "asked in the words of the definition"
    app.button(key=f"suspect-{answer}-0").click().run()
    assert ("again", change) in workbench.asked
    assert app.session_state["watching"] == "job-running"


@pytest.mark.parametrize("page", ["build", "results", "audience"])
def test_who_may_only_look_cannot_start_anything(opened: Open, page: str) -> None:
    app, _ = opened(page, person="li.approver")
    offered = {b.label for b in app.button if not b.disabled}
    forbidden = {
        say("en", key) for key in ("build.start", "results.make_list", "audience.send", "suspect.known")
    }
    assert not offered & forbidden


def test_the_language_can_be_changed_at_any_time(opened: Open) -> None:
    app, _ = opened("runs")
    app.sidebar.button_group(key="language").set_value("zh").run()
    assert app.title[0].value == "训练"


def test_a_broken_definition_is_told_once_and_hides_nothing_else(opened: Open) -> None:
    app, workbench = opened("home", state="failed")
    workbench.break_definitions()
    app.run()
    (error,) = app.error
    assert "WB-F02" in error.value
    assert say("en", "home.runs") in words(app)
    app.switch_page("workbench/ui/pages/runs.py").run()
    assert app.subheader[0].value == r"complete\_journey/coupon\_response", (
        "the task's own name, for want of words"
    )
    assert [e.value for e in app.error if "WB-F02" in e.value] == []
