"""Where a project's files lie, from its folder."""

from pathlib import Path

DATASETS = Path("datasets")  # a folder for each pipeline: its versions, its pictures, what was pulled
RUNS = Path("runs")  # a folder for each run
RESULTS = RUNS / "results"  # a folder for each pipeline: what its steps gave
FIFTYONE = RUNS / "fiftyone"  # FiftyOne's database, and all else that it writes
LOCK = RUNS / ".lock"  # one run at a time
