"""Runs inside Featuretools' own environment: the same sums, counts and means by deep feature synthesis.

`python featuretools_side.py EVENTS.csv SPINE.csv OUT.csv WINDOWS` prints one JSON line.
"""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import featuretools  # noqa: E402
import pandas as pd  # noqa: E402


def main() -> None:
    events_file, spine_file, out, windows = sys.argv[1:5]
    events = pd.read_csv(events_file, parse_dates=["happened"])
    spine = pd.read_csv(spine_file, parse_dates=["_cutoff"])
    entities = featuretools.EntitySet("bench")
    entities.add_dataframe(
        dataframe_name="customers",
        dataframe=pd.DataFrame({"customer": sorted(spine["customer"].unique())}),
        index="customer",
    )
    events["event"] = range(len(events))
    events = events[events["customer"].isin(spine["customer"])]
    entities.add_dataframe(dataframe_name="events", dataframe=events, index="event", time_index="happened")
    entities.add_relationship("customers", "customer", "events", "customer")
    times = spine.rename(columns={"_cutoff": "time"})[["customer", "time"]]
    start = time.perf_counter()
    parts = []
    for days in windows.split(","):
        matrix, _ = featuretools.dfs(
            entityset=entities,
            target_dataframe_name="customers",
            cutoff_time=times,
            agg_primitives=["sum", "count", "mean"],
            trans_primitives=[],
            training_window=f"{days} days",
            include_cutoff_time=False,
            cutoff_time_in_index=True,
            n_jobs=1,
        )
        parts.append(
            pd.DataFrame(
                {
                    f"amount_sum_{days}d": matrix["SUM(events.amount)"].astype("float64"),
                    f"amount_count_{days}d": matrix["COUNT(events)"].astype("float64"),
                    f"amount_mean_{days}d": matrix["MEAN(events.amount)"].astype("float64"),
                }
            )
        )
    taken = time.perf_counter() - start
    answer = pd.concat(parts, axis=1)
    answer = (
        answer.rename_axis(index=["customer", "_cutoff"])
        .reset_index()
        .merge(spine, on=["customer", "_cutoff"], how="right")
    )
    answer.drop(columns=["customer", "_cutoff"]).to_csv(out, index=False)
    versions = {
        "featuretools": featuretools.__version__,
        "pandas": pd.__version__,
        "python": sys.version.split()[0],
    }
    print(json.dumps({"seconds": taken, "rows": len(spine), "versions": versions}))


if __name__ == "__main__":
    main()
