"""One budgeted run: from a dataset to a registered version."""
