"""What `detector doctor` says of engines: which TensorRT builds and runs here, and how to get the rest."""

import platform
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from detector.commands.findings import Finding
from detector.engines.runtimes import INSTALL, LIBRARIES, Runtime, missing
from detector.system.gpus import Gpu, cuda_of_torch, gpus, too_old
from detector.system.installed import version_of

OPTIONAL: dict[Runtime, tuple[str, str]] = {  # what makes their files, and what each is for
    "openvino": ("nncf", "int8"),
    "ncnn": ("pnnx", "its files"),
}
UPDATE = "update the NVIDIA driver"


def examine() -> Iterator[Finding]:
    """The GPU, then what builds and runs engines for one."""
    cards = gpus()
    yield _gpu(cards)
    yield _rtx(cards)
    yield _tensorrt(cards)
    yield from map(_optional, OPTIONAL)


def _gpu(cards: list[Gpu]) -> Finding:
    if not cards:
        return Finding("gpu", False, "none: training runs on the processor", "in Docker: docker run --gpus all …")
    names = "; ".join(f"{gpu.name} (compute capability {gpu.capability}), {gpu.memory}" for gpu in cards)
    cuda, driver = cuda_of_torch(), cards[0].driver
    if cuda is None:
        advice = "install one with it: https://pytorch.org/get-started"
        return Finding("gpu", False, f"{names}: of no use to this PyTorch, which was built without CUDA", advice)
    if why := too_old(driver, _major(cuda)):
        advice = f"{UPDATE}, or install a PyTorch for an older CUDA: https://pytorch.org/get-started"
        return Finding("gpu", False, f"{names}: of no use to PyTorch: {why}", advice)
    return Finding("gpu", True, f"{names}, driver {driver}; PyTorch for CUDA {cuda}")


def _rtx(cards: list[Gpu]) -> Finding:
    version = version_of("tensorrt-rtx")
    if version is None:
        if not _wheels_are_for_this_machine():
            advice = "build the engine on x86-64 Linux or Windows, which need no GPU for it"
            return Finding("tensorrt_rtx", False, f"not to be had on {platform.machine()} {sys.platform}", advice)
        return Finding("tensorrt_rtx", False, "not installed", f"{INSTALL} .")
    why, advice = _runs_no_rtx(cards)
    if why:
        return Finding("tensorrt_rtx", True, f"{version}: builds engines; runs none here: {why}", advice)
    return Finding("tensorrt_rtx", True, f"{version}: builds engines, and runs them on the {cards[0].name}")


def _wheels_are_for_this_machine() -> bool:
    return platform.machine() in {"x86_64", "AMD64"} and sys.platform in {"linux", "win32"}


def _runs_no_rtx(cards: list[Gpu]) -> tuple[str, str]:
    """Why no engine of TensorRT for RTX runs here, and what to do; twice nothing where one does."""
    if not cards:
        return "no NVIDIA GPU", ""
    gpu = cards[0]
    if not _is_built_for(gpu.capability):
        advice = "for this GPU: {using: tensorrt}"
        return f"the {gpu.name} has compute capability {gpu.capability}, and is no RTX GPU", advice
    if why := too_old(gpu.driver, 12 if version_of("tensorrt-rtx-cu12") else 13):
        return why, UPDATE
    return "", ""


def _is_built_for(capability: str) -> bool:
    import tensorrt_rtx

    return f"SM{capability.replace('.', '')}" in tensorrt_rtx.ComputeCapability.__members__


def _tensorrt(cards: list[Gpu]) -> Finding:
    if find_spec("tensorrt") is None:
        if not cards:
            return Finding("tensorrt", False, "not installed; it wants an NVIDIA GPU, also to build", "")
        return Finding("tensorrt", False, "not installed", f"{INSTALL} '.[tensorrt]'")
    version = version_of("tensorrt") or "installed by the system"
    if not cards:
        return Finding("tensorrt", False, f"{version}: builds no engines and runs none here: no NVIDIA GPU")
    if (cuda := _cuda_of_tensorrt()) and (why := too_old(cards[0].driver, cuda)):
        return Finding("tensorrt", False, f"{version}: builds no engines and runs none here: {why}", UPDATE)
    if version.startswith("11.") and find_spec("modelopt") is None:
        ability = f"{version}: builds engines in fp32 alone; fp16 and int8 want ModelOpt"
        return Finding("tensorrt", True, ability, "pip install -e '.[tensorrt11]'")
    return Finding("tensorrt", True, f"{version}: builds and runs engines on the {cards[0].name}")


def _optional(runtime: Runtime) -> Finding:
    library, (maker, makes) = LIBRARIES[runtime], OPTIONAL[runtime]
    version = version_of(library.distribution)
    if version is None:
        return Finding(runtime, False, "not installed", library.install)
    if missing(maker):
        return Finding(runtime, False, f"{version}: {makes} can't be made without {maker}", library.install)
    return Finding(runtime, True, f"{version}: makes engines, and runs them on the processor")


def _cuda_of_tensorrt() -> int | None:
    """The major version of CUDA that the installed wheels are for; None where it didn't come as a wheel."""
    return next((cuda for cuda in (13, 12) if version_of(f"tensorrt-cu{cuda}")), None)


def _major(cuda: str) -> int:
    return int(cuda.partition(".")[0])
