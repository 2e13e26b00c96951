"""The parts of `benchmarks/search.py`: tables, programs and their environments, runs, results, statistics, report."""
