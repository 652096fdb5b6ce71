"""What a training runs on: `train.device`."""

import os
from typing import Annotated, Literal

from pydantic import Field

from detector.errors import UsageError
from detector.stages.train._arguments import Faults
from detector.system.gpus import gpus

CPU = "cpu"
Each = Annotated[int, Field(ge=0)] | Literal["cpu"]
Device = Literal["all"] | Annotated[list[Each], Field(min_length=1)] | None


def devices(wanted: Device) -> list[str]:
    """Each by the name that Ultralytics has for it.

    Raises:
        UsageError: This machine has not so many.
    """
    from torch.cuda import device_count, is_available

    count = device_count() if is_available() else 0  # it counts those, too, that their driver is too old for
    if wanted is None or wanted == "all":
        return [str(at) for at in range(count)][: None if wanted else 1] or [CPU]
    if absent := [each for each in wanted if isinstance(each, int) and each >= count]:
        there = f"has GPUs 0 to {count - 1}" if count > 1 else "has GPU 0 alone" if count else "has none that is usable"
        raise UsageError(f"train.device names GPU {absent[0]}, and this machine {there}")
    return [str(each) for each in wanted]


def shares(wanted: Device) -> int:
    """How many devices that will be, as far as is known without importing what is heavy."""
    if wanted != "all":
        return len(wanted or [None])
    there = [str(at) for at in range(len(gpus()))]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(there))
    return min(len(there), len(list(filter(None, visible.split(","))))) or 1


def device_faults(wanted: Device, batch: int | None) -> Faults:
    """What is wrong with it, on any machine."""
    if not isinstance(wanted, list):
        return
    graphics = [each for each in wanted if each != CPU]
    if len(graphics) not in {0, len(wanted)}:
        yield (), "names the processor and GPUs, which can't share a training"
    elif len(set(graphics)) < len(graphics):
        yield (), "names a GPU twice"
    elif batch and batch % len(wanted):
        yield (), f"has {len(wanted)} devices to share batches of {batch} among; set train.batch to a multiple of that"
