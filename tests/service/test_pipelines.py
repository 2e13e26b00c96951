"""The scripts that cron runs: from any folder, with the documented exit codes, once per task and date."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from workbench.service import Workbench

ROOT = Path(__file__).parents[2]
TASK = "complete_journey/coupon_response"


def cron(script: str, *arguments: str, wb: Workbench, cwd: Path) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, str(ROOT / "pipelines" / script), *arguments, "--home", str(wb.home.path)]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(cwd)}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_score_writes_once_per_date_and_says_so(journey: Workbench, tmp_path: Path) -> None:
    codes, told = zip(
        *(cron("score.py", TASK, "--as-of", "2017-12-28", wb=journey, cwd=tmp_path) for _ in range(2)),
        strict=True,
    )
    assert codes == (0, 0)
    assert [each["again"] for each in told] == [False, True]
    assert told[0]["rows"] == 183 and Path(told[0]["out"]).exists()


def test_monitor_keeps_its_report_and_exits_by_the_scores_state(journey: Workbench, tmp_path: Path) -> None:
    code, told = cron("monitor.py", TASK, "--as-of", "2017-12-06", wb=journey, cwd=tmp_path)
    assert told["columns"][0]["column"] == "(score)"
    assert code == (4 if told["columns"][0]["state"] == "alert" else 0)
    kept = journey.home.var / "monitor" / "complete_journey.coupon_response" / "2017-12-06.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == told


def test_what_cannot_be_has_its_exit_code_and_one_object(journey: Workbench, tmp_path: Path) -> None:
    code, told = cron("score.py", TASK, "--as-of", "2017-12-07", wb=journey, cwd=tmp_path)
    assert (code, told["error"]["code"]) == (3, "WB-L04")
    code, told = cron("retrain.py", "complete_journey/nothing", wb=journey, cwd=tmp_path)
    assert (code, told["error"]["code"]) == (2, "WB-U04")
    code, told = cron("monitor.py", TASK, "--as-of", "someday", wb=journey, cwd=tmp_path)
    assert (code, told["error"]["code"]) == (2, "WB-U11")
