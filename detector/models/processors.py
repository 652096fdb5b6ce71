"""Ultralytics' training shared among processes that have no GPU: it knows that of GPUs alone.

Gradients are averaged by gloo, after each step, as NCCL does it between GPUs. No faster than one process with all the
cores: it is for trying what several GPUs will do on a machine that has none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from ultralytics.engine import validator
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.models.yolo.segment import SegmentationTrainer
from ultralytics.nn.autobackend import AutoBackend
from ultralytics.utils import RANK

from detector.terms import Task


def on_processors(task: Task, count: int, trainer: Any = None) -> type[Any]:
    """The trainer, or else Ultralytics' own of the task, as one of `count` processes."""
    base: Any = trainer or (SegmentationTrainer if task == "segment" else DetectionTrainer)

    class OnProcessors(base):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.world_size = count

        def _setup_ddp(self) -> None:
            distributed.init_process_group("gloo", rank=RANK, world_size=self.world_size)

        def _setup_train(self) -> None:
            with _replaced(torch.nn.parallel, DistributedDataParallel=_Unnumbered):
                super()._setup_train()

        def final_eval(self) -> None:
            graphics = SimpleNamespace(current_device=lambda: 0)
            with _replaced(validator, AutoBackend=_backend, get_torch_device_backend=lambda _: graphics):
                super().final_eval()

    return OnProcessors


class _Unnumbered(DistributedDataParallel):  # type: ignore[misc]
    """A network whose device has no number."""

    def __init__(self, module: Any, device_ids: object = None, **options: Any) -> None:
        del device_ids
        super().__init__(module, **options)


def _backend(**options: Any) -> Any:
    """What runs a network that was trained, on the processor whatever GPU it is told."""
    return AutoBackend(**options | {"device": torch.device("cpu")})


@contextmanager
def _replaced(module: Any, **others: Any) -> Iterator[None]:
    """Inside, these names of a module mean something else."""
    own = {name: getattr(module, name) for name in others}
    vars(module).update(others)
    try:
        yield
    finally:
        vars(module).update(own)
