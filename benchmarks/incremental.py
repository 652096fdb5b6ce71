"""A pull from a real Label Studio after 5 of its 3,000 tasks changed, in a process of its own, as a run starts.

`own_seconds` is the whole pull, imports too, less the time spent waiting for the server's answers (`own_cpu` is what of
it the processor worked); `ratio` is a full pull's time, in the same run, over the incremental one's, answers included.
The server is the tests'.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

TASKS, CHANGED, ROUNDS = 3_000, 5, 5


def pull(url: str, project: int, datasets: Path) -> dict[str, float]:
    """One pull, in a process of its own: seconds of it all, and of its waiting for answers."""
    said = subprocess.run(
        [sys.executable, __file__, url, str(project), str(datasets)], check=True, capture_output=True, text=True
    )
    return json.loads(said.stdout)


def measured(url: str, project: int, datasets: Path) -> dict[str, float]:
    """What `detector run` does of a pull: the state, then the stage."""
    waited = [0.0]
    started = time.perf_counter()
    import httpx

    handle = httpx.HTTPTransport.handle_request
    httpx.HTTPTransport.handle_request = lambda *given: _timed(handle, waited, *given)
    from detector.stages.pull import label_studio
    from tests.support.jobs import job
    from tests.support.services.label_studio import TOKEN

    options = label_studio.Options(url=url, token=TOKEN, project=project)
    label_studio.look(options, datasets)
    result = label_studio.run(job(datasets, options))
    assert result.figures["tasks"] == TASKS
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "own": seconds - waited[0], "cpu": time.process_time()}


def _timed(handle, waited: list[float], *given):
    """Django answers in one piece: when its first byte is here, the rest is."""
    started = time.perf_counter()
    try:
        return handle(*given)
    finally:
        waited[0] += time.perf_counter() - started


def main() -> None:
    from benchmarks.pull import fill  # here: a pull's own imports are measured
    from tests.support.services.label_studio import _migrated, disc, running

    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        folder = Path(scratch)
        shutil.copytree(_migrated(), folder / "data")
        with running(folder) as server:
            project = fill(server, folder, TASKS)
            tasks = server.task_ids(project)
            pull(server.url, project, folder / "kept")
            rounds = []
            for number in range(ROUNDS):
                for task in tasks[number * 100 : number * 100 + CHANGED]:
                    server.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": [disc(x=number)]})
                changed = pull(server.url, project, folder / "kept")
                rounds.append((changed, pull(server.url, project, folder / f"full{number}")))
    own, cpu, seconds = (
        statistics.median(changed[name] for changed, _ in rounds) for name in ("own", "cpu", "seconds")
    )
    ratio = statistics.median(full["seconds"] / changed["seconds"] for changed, full in rounds)
    line = {"name": "incremental_pull", "ratio": round(ratio, 2)}
    print(json.dumps(line | {"own_seconds": round(own, 2), "own_cpu": round(cpu, 2), "seconds": round(seconds, 2)}))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(measured(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
    else:
        main()
