"""Scheduled scoring: `python pipelines/score.py DATASET/LABEL --as-of YYYY-MM-DD`.

Scores whoever is eligible as of the date with the live model, once per date and model version, into
`var/scores/<name>/<date>.csv`. Exit code 0: done (or done before); 3: bad data; 75: it is running.
"""

from __future__ import annotations

import argparse
import json
import sys

from workbench.errors import WorkbenchError
from workbench.service import Workbench


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--reasons", default="none", help="none, top:N or all")
    parser.add_argument("--home")
    asked = parser.parse_args()
    try:
        scored = Workbench.open(asked.home).schedules.score(
            asked.task, as_of=asked.as_of, reasons=asked.reasons
        )
    except WorkbenchError as error:
        print(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(scored, ensure_ascii=False, default=str))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
