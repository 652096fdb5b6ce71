"""The runtimes: what each is called, which package it comes with, and whether that is here in the right version."""

import re
from typing import Literal, NamedTuple

from detector.system.installed import version_of

Runtime = Literal["onnx", "openvino", "torchscript", "ncnn", "tensorrt_rtx"]
Head = Literal[
    "raw", "end_to_end", "nms"
]  # what comes out of a network: candidates, its own objects, or those that are left of any
INSTALL = "pip install -c constraints.txt -e"
REBUILD = "or build it again: detector run --force export"


class Library(NamedTuple):
    """What runs an engine. `exactly`: in the version alone that built it; else also in newer ones.

    `extra` is the extra of this package that brings it; none where it comes by itself.
    """

    title: str
    distribution: str
    extra: str = ""
    exactly: bool = False

    @property
    def install(self) -> str:
        """The command that brings it."""
        return f"{INSTALL} '.[{self.extra}]'" if self.extra else f"{INSTALL} ."


LIBRARIES: dict[Runtime, Library] = {
    "onnx": Library("ONNX Runtime", "onnxruntime"),
    "openvino": Library("OpenVINO", "openvino", "openvino"),
    "torchscript": Library("PyTorch", "torch"),
    "ncnn": Library("ncnn", "ncnn", "ncnn"),
    "tensorrt_rtx": Library("TensorRT for RTX", "tensorrt-rtx", exactly=True),
}


def missing(*distributions: str) -> list[str]:
    """Those that are not installed."""
    return [name for name in distributions if version_of(name) is None]


def misfit(runtime: Runtime, built: str) -> str | None:
    """Why an engine that was built by version `built` can't be run here, and what to do; None when it can."""
    library = LIBRARIES[runtime]
    here = version_of(library.distribution)
    if here is None:
        return f"is run by {library.title}, which is not installed: {library.install}"
    exact = f"{library.distribution}=={built}"
    if library.exactly and here != built:
        return (
            f"was built by {library.title} {built} and runs in no other version; this machine has {here}: "
            f"pip install {exact}, {REBUILD}"
        )
    if not library.exactly and _release(here) < _release(built):
        return f"was built by {library.title} {built}, and this machine has {here}: pip install {exact}, {REBUILD}"
    return None


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers, from which on files change their form."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
