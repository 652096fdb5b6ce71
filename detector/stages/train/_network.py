"""Which model `train.model` names, judged by the name alone."""

import re
from pathlib import Path

from detector.errors import did_you_mean
from detector.stages.train._arguments import Faults
from detector.stages.train._installed import package
from detector.terms import Task

SMALLEST: dict[Task, str] = {"detect": "yolo26n.pt", "segment": "yolo26n-seg.pt"}  # weights, where none are named
OTHER_TASKS = re.compile(r"-(seg|cls|pose|obb|sem|depth|reid)\b")


def model_of(written: str | None, task: Task) -> str:
    """The model that is trained: as it is written, or the smallest current weights of the task."""
    return written or SMALLEST[task]


def network_faults(model: str, scale: tuple[float, float, int] | None, task: Task) -> Faults:
    """What is wrong with the model's name, or with a scale for it."""
    path = Path(model)
    if path.suffix not in {".pt", ".yaml"}:
        yield ("model",), f"{model} is neither weights (.pt) nor an architecture (.yaml)"
        return
    if scale is not None and path.suffix == ".pt":
        yield ("scale",), f"is for an architecture; the weights {model} have their own"
    if path.is_file():
        return
    if path.exists():
        yield ("model",), f"{model} is no file, but a folder, a pipe or a device"
    elif path.name != model:
        yield ("model",), f"{model} was not found"
    elif path.suffix == ".yaml" and _without_size(model) not in (known := _architectures()):
        hint = did_you_mean(_without_size(model), known)
        yield ("model",), f"{model} is neither a file here nor an architecture of Ultralytics{hint}"
    elif (made_for := _task_of(model)) != task:
        hint = f"{path.stem}-seg{path.suffix}" if task == "segment" else OTHER_TASKS.sub("", model)
        yield ("model",), f"{model} is a model for {made_for}, and the task is {task}; {hint} is one"


def _task_of(model: str) -> str:
    other = OTHER_TASKS.search(model)
    if other is None:
        return "detect"
    return "segment" if other[1] == "seg" else "another task"


def _without_size(model: str) -> str:
    """The file of all sizes: yolo11n-seg.yaml is yolo11-seg.yaml at size n."""
    return re.sub(r"(\d+)[nslmx]\b", r"\1", model)


def _architectures() -> set[str]:
    return {file.name for file in (package("ultralytics") / "cfg/models").rglob("*.yaml")}
