"""An error says what, where, what is allowed and what to do next, and keeps its code on every path."""

from __future__ import annotations

import pickle

from workbench.errors import DataError, did_you_mean


def test_an_error_reads_as_one_sentence_with_its_code_and_hint() -> None:
    error = DataError("WB-T01", "there is no file 'a.csv'.", hint="Check the path.")
    assert str(error) == "WB-T01: there is no file 'a.csv'. Check the path."
    assert error.as_dict() == {
        "code": "WB-T01",
        "message": "there is no file 'a.csv'.",
        "hint": "Check the path.",
    }
    assert error.exit_code == 3


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DataError("WB-T01", "m", hint="h")))  # noqa: S301 - our own bytes
    assert (error.code, error.message, error.hint, type(error)) == ("WB-T01", "m", "h", DataError)


def test_did_you_mean_names_the_nearest_and_lists_the_known() -> None:
    assert did_you_mean("avrage", ["average", "count"]) == "Did you mean 'average'? Known: average, count."
    assert did_you_mean("zzz", ["average", "count"]) == "Known: average, count."
    assert did_you_mean("x", []) == "Nothing is defined yet."


def test_did_you_mean_ignores_case_and_shortens_long_lists() -> None:
    sentence = did_you_mean("AGE", [f"c{i}" for i in range(20)] + ["age"])
    assert sentence.startswith("Did you mean 'age'?") and "(21 in all)" in sentence
