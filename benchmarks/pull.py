"""The pull of a project from a real Label Studio: all of it, and what a kill in the middle costs.

    python benchmarks/pull.py [TASKS]

3,000 tasks of 10 boxes that show one image. `listing` and `export` are the server's own time, for the same pages asked
for one after another and for its export in one answer, with nothing done with the bytes; `ratio` is a whole first pull
over the quicker one. `killed` is a pull that is killed (SIGKILL) half-way and started again, all together over a pull
that is not. The server is the tests'; each pull is a process of its own.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector.label_studio.listing import _ALL, PAGE

TASKS, BOXES, TOGETHER = 3_000, 10, 2_000


def fill(server: Any, folder: Path, tasks: int) -> int:
    """A project of annotated tasks."""
    from PIL import Image

    from tests.support.services.label_studio import disc

    Image.new("RGB", (640, 480)).save(folder / "image.png")
    project = int(server.project("Benchmark"))
    [source] = server.upload(project, {"image.png": (folder / "image.png").read_bytes()}).values()
    drawn = [disc(x=x * 5, original_width=640, original_height=480) for x in range(BOXES)]
    task = {"data": {"image": source}, "annotations": [{"result": drawn}]}
    for start in range(0, tasks, TOGETHER):
        server.http.post(
            f"/api/projects/{project}/import", json=[task] * min(TOGETHER, tasks - start), timeout=3600
        ).raise_for_status()
    return project


def listing(server: Any, project: int, tasks: int) -> float:
    """Seconds of the server for all pages."""
    how = {"project": project, "fields": "all", "include": _ALL, "resolve_uri": "false", "page_size": PAGE}
    last, seen, started = 0, 0, time.perf_counter()
    while seen < tasks:
        item = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": last}
        query = {"filters": {"conjunction": "and", "items": [item]}, "ordering": ["tasks:id"]}
        page = server.http.get("/api/tasks", params={**how, "query": json.dumps(query)}).json()["tasks"]
        last, seen = page[-1]["id"], seen + len(page)
    return time.perf_counter() - started


def export(server: Any, project: int) -> float:
    """Seconds of the server for its export, in one answer."""
    started = time.perf_counter()
    path, how = f"/api/projects/{project}/export", {"exportType": "JSON", "download_all_tasks": "true"}
    server.http.get(path, params=how, timeout=httpx.Timeout(3600)).raise_for_status()
    return time.perf_counter() - started


def start(server: Any, project: int, datasets: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, server.url, str(project), str(datasets)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def pulled(server: Any, project: int, datasets: Path, tasks: int) -> float:
    """Seconds of a whole pull."""
    started = time.perf_counter()
    said, _ = start(server, project, datasets).communicate()
    assert json.loads(said) == tasks, said
    return time.perf_counter() - started


def killed(server: Any, project: int, datasets: Path, tasks: int, after: float) -> float:
    """Seconds until the kill, and of the pull that goes on from there."""
    child = start(server, project, datasets)
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return after + pulled(server, project, datasets, tasks)


def child(url: str, project: int, datasets: Path) -> None:
    """What `detector run` does of a pull: the state, then the stage."""
    from detector.stages.pull import label_studio
    from tests.support.jobs import job
    from tests.support.services.label_studio import TOKEN

    options = label_studio.Options(url=url, token=TOKEN, project=project)
    label_studio.look(options, datasets)
    print(json.dumps(label_studio.run(job(datasets, options)).figures["tasks"]))


def main(tasks: int) -> None:
    from tests.support.services.label_studio import _migrated, running

    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER", "/dev/shm")) as scratch:
        folder = Path(scratch)
        shutil.copytree(_migrated(), folder / "data")
        with running(folder) as server:
            project = fill(server, folder, tasks)
            best = {"listing": listing(server, project, tasks), "export": export(server, project)}
            whole = pulled(server, project, folder / "whole", tasks)
            twice = killed(server, project, folder / "killed", tasks, whole / 2)
    figures = {**best, "seconds": whole, "ratio": whole / min(best.values()), "killed": twice / whole}
    print(json.dumps({"name": f"pull_{tasks}", **{name: round(value, 2) for name, value in figures.items()}}))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else TASKS)
