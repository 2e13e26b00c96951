"""Durable jobs: what a page or a schedule asks for is done once, whatever dies in between.

`queue` is for whoever asks, `worker` for the process that does the work. The engine (DBOS) is
imported only in `database`, `workflow` and `worker`, and late.
"""
