"""Sending predictions for 3,000 tasks of 10 boxes, beside what the server itself takes for the same in one request.

`ratio` is our time (the looks at what stands there, the sending, the old ones away) over the server's. The server is
the tests'; each is the quickest of ROUNDS.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

TASKS, BOXES, ROUNDS = 3_000, 10, 2


def regions() -> list[dict]:
    from tests.support.services.label_studio import disc

    return [disc(x=x * 5, size=5, original_width=640, original_height=480, score=0.9) for x in range(BOXES)]


def by_server(server, project: int, tasks: list[int], version: str) -> float:
    content = [{"task": task, "result": regions(), "score": 0.5, "model_version": version} for task in tasks]
    started = time.perf_counter()
    server.ask("POST", f"/api/projects/{project}/import/predictions", json=content)
    return time.perf_counter() - started


def by_us(server, project: int, tasks: list[int], version: str) -> float:
    from detector.annotators.predictions import Draft, Predictions, batches
    from detector.label_studio.client import connect
    from detector.label_studio.projects import find_project
    from detector.label_studio.state import quietly
    from tests.support.services.label_studio import TOKEN

    drafts = [Draft(task, regions(), 0.5) for task in tasks]
    since = datetime.now(UTC) - timedelta(seconds=10)
    started = time.perf_counter()
    with connect(server.url, TOKEN) as connection:
        there = Predictions(connection, find_project(connection, project), "ours/")
        there.having(version)
        for batch in batches(drafts):
            assert len(there.send(batch, version, lambda _: None, since).tasks) == len(batch)
        there.show(version)
        there.away(set(tasks), version, quietly)
    return time.perf_counter() - started


def main() -> None:
    from tests.support.services.label_studio import _migrated, running

    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        folder = Path(scratch)
        shutil.copytree(_migrated(), folder / "data")
        with running(folder) as server:
            times: dict[str, list[float]] = {"server": [], "ours": []}
            for number in range(ROUNDS):
                for name, send in (("server", by_server), ("ours", by_us)):
                    project = server.project(f"{name} {number}")
                    tasks = server.add_tasks(project, [{"image": f"/data/{at}.png"} for at in range(TASKS)])
                    times[name].append(send(server, project, tasks, f"ours/{number}"))
    best = {name: min(each) for name, each in times.items()}
    print(
        json.dumps(
            {"benchmark": "push", "tasks": TASKS, "boxes": BOXES, **best, "ratio": best["ours"] / best["server"]}
        )
    )


if __name__ == "__main__":
    main()
