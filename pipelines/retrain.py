"""Scheduled retraining: `python pipelines/retrain.py [DATASET/LABEL] [--as-of YYYY-MM-DD] [--budget 10m]`.

Once per task and date. Exit code 0: nothing to do; 5: a challenger waits for approval; 4: it failed the
gate; 3: bad data; 75: the same retraining is running; 1: unexpected.
"""

from __future__ import annotations

import argparse

from workbench.cli import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", nargs="?", help="every task with a live model if left out")
    parser.add_argument("--as-of", help="outcomes known by this date; today if left out")
    parser.add_argument("--budget", default="10m")
    parser.add_argument("--home")
    asked = parser.parse_args()
    arguments = ["retrain", *([asked.task] if asked.task else []), "--budget", asked.budget, "--json"]
    arguments += ["--as-of", asked.as_of] if asked.as_of else []
    arguments += ["--home", asked.home] if asked.home else []
    main(arguments)
