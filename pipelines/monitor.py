"""Scheduled monitoring: `python pipelines/monitor.py DATASET/LABEL --as-of YYYY-MM-DD`.

PSI of the live model's score and features against its training rows, kept in `var/monitor/<name>/<date>.json`.
Exit code 0: steady; 4: the score has shifted beyond band and chance; 3: bad data.
"""

from __future__ import annotations

import argparse

from workbench.cli import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--home")
    asked = parser.parse_args()
    main(
        [
            "monitor",
            asked.task,
            "--cutoff",
            asked.as_of,
            "--json",
            *(["--home", asked.home] if asked.home else []),
        ]
    )
