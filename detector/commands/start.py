"""`detector init`: a first pipeline.yaml, and the sample project that it names."""

from importlib.resources import files
from pathlib import Path

from detector.system.files import write_whole
from detector.terms import Task


def start(folder: Path, task: Task) -> list[tuple[str, str]]:
    """Write what is missing of a starter project into `folder`; give each file's path and what was done with it."""
    folder.mkdir(parents=True, exist_ok=True)
    pipeline, export = folder / "pipeline.yaml", folder / "sample" / "export.json"
    return [(str(pipeline), _pipeline(pipeline, task)), (str(export), _sample(export, task))]


def _pipeline(path: Path, task: Task) -> str:
    if path.exists():
        return "is there already, left as it is"
    starter = (files("detector.sample") / "pipeline.yaml").read_text(encoding="utf-8")
    if task == "segment":
        names = {
            "task: detect": "task: segment",
            "yolo11n.yaml    ": "yolo11n-seg.yaml",
            "yolo26n.pt": "yolo26n-seg.pt",
        }
        for detect, segment in names.items():
            starter = starter.replace(detect, segment)
    write_whole(path, starter)
    return f"written: a pipeline to {task}"


def _sample(path: Path, task: Task) -> str:
    if path.exists():
        return "is there already, left as it is"
    from detector.sample import write

    write(path.parent, outlines=task == "segment")
    return "written: a sample project, as Label Studio exports it, with its images"
