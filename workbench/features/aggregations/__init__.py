"""How many rows become one number: each aggregation is a small class, registered under its name.

A class says what it needs, what it gives where no row matches, how it reads in English and Chinese, and how it
compiles. A family is one file.
"""

from workbench.features.aggregations import order, rhythm, spread, totals, values
from workbench.features.aggregations.contract import REGISTRY, Aggregation, Rows, aggregation
from workbench.features.aggregations.quantiles import quantile

FAMILIES = (totals, spread, values, order, rhythm)

__all__ = ["FAMILIES", "REGISTRY", "Aggregation", "Rows", "aggregation", "quantile"]
