"""The parts of `benchmarks/features.py`: cases, rivals, and the process in which one of them is measured."""
