"""What `detector doctor` says of GPUs and engines, with a program in the place of nvidia-smi that tells of some GPU."""

import json
import os
import subprocess
import sys

import pytest

from detector.system.gpus import Gpu, cuda_of_torch, gpus, too_old
from detector.system.installed import version_of

RTX = "NVIDIA GeForce RTX 4090, 8.9, 24564 MiB, 580.95.05"
CUDA = cuda_of_torch()
with_cuda = pytest.mark.skipif(CUDA is None, reason="this PyTorch was built without CUDA")
with_rtx = pytest.mark.skipif(version_of("tensorrt-rtx") is None, reason="this machine has no TensorRT for RTX")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Make this machine one with these GPUs: nvidia-smi prints `said` and ends with `code`."""

    def has(said="", code=0):
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit {code}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return has


def findings():
    """What the command prints, by what was looked for."""
    done = subprocess.run(
        [sys.executable, "-m", "detector", "doctor", "--json"], capture_output=True, text=True, check=True
    )
    return {each["what"]: each for each in json.loads(done.stdout)["findings"]}


def test_gpus_are_read_one_a_line(machine):
    machine(f"{RTX}\nNVIDIA H200, 9.0, 143771 MiB, 580.95.05")
    assert gpus() == [Gpu(*RTX.split(", ")), Gpu("NVIDIA H200", "9.0", "143771 MiB", "580.95.05")]


@pytest.mark.parametrize(("said", "code"), [("No devices were found", 0), ("has failed to communicate", 9), ("", 0)])
def test_a_tool_that_finds_none(machine, said, code):
    machine(said, code)
    assert gpus() == []


@with_rtx
def test_without_a_gpu_rtx_engines_are_built_and_none_is_run(machine):
    machine(code=9)
    told = findings()
    assert told["gpu"]["found"] == "none: training runs on the processor"
    assert told["tensorrt_rtx"]["there"]
    assert told["tensorrt_rtx"]["found"].endswith(": builds engines; runs none here: no NVIDIA GPU")
    assert "tensorrt" in told


@with_cuda
@with_rtx
def test_an_rtx_gpu_runs_them_and_may_have_the_other_one_too(machine):
    machine(RTX)
    told = findings()
    assert told["gpu"] == {
        "what": "gpu",
        "there": True,
        "found": "NVIDIA GeForce RTX 4090 (compute capability 8.9), 24564 MiB, driver 580.95.05; "
        f"PyTorch for CUDA {CUDA}",
        "advice": "",
    }
    assert told["tensorrt_rtx"]["found"].endswith(": builds engines, and runs them on the NVIDIA GeForce RTX 4090")
    if version_of("tensorrt") is None:
        assert told["tensorrt"]["advice"] == "pip install -c constraints.txt -e '.[tensorrt]'"


@with_rtx
def test_a_data_centre_gpu_runs_the_other_one_only(machine):
    machine("NVIDIA H200, 9.0, 143771 MiB, 580.95.05")
    told = findings()["tensorrt_rtx"]
    assert told["found"].endswith("runs none here: the NVIDIA H200 has compute capability 9.0, and is no RTX GPU")
    assert told["advice"] == "for this GPU: {using: tensorrt}"


@with_rtx
@pytest.mark.skipif(CUDA is None or not CUDA.startswith("13."), reason="this PyTorch is not for CUDA 13")
def test_a_driver_that_is_too_old_is_compared_with_cuda(machine):
    machine("NVIDIA GeForce RTX 3090, 8.6, 24576 MiB, 535.183.01")
    told = findings()
    why = "its driver 535.183.01 is older than 580, which CUDA 13 needs"
    assert not told["gpu"]["there"]
    assert told["gpu"]["found"].endswith(f"of no use to PyTorch: {why}")
    assert told["gpu"]["advice"].startswith("update the NVIDIA driver, or install a PyTorch for an older CUDA")
    assert told["tensorrt_rtx"]["found"].endswith(f"runs none here: {why}")
    assert told["tensorrt_rtx"]["advice"] == "update the NVIDIA driver"


@pytest.mark.parametrize(
    ("driver", "cuda", "enough"),
    [
        ("580.65.06", 13, True),
        ("575.57.08", 13, False),
        ("525.60.13", 12, True),
        ("470.1", 12, False),
        ("[N/A]", 13, True),
    ],
)
def test_drivers(driver, cuda, enough):
    assert (too_old(driver, cuda) is None) is enough


def test_the_extras_for_the_processor_are_looked_for():
    """Installed or not: each is named, with its version or the command that brings it."""
    told = findings()
    for name, extra in (("openvino", "openvino"), ("ncnn", "ncnn")):
        version = version_of(name)
        expected = "not installed" if version is None else version
        assert told[name]["found"].startswith(expected)
        assert told[name]["there"] or told[name]["advice"].endswith(f"-e '.[{extra}]'")


@pytest.mark.parametrize(
    ("lacking", "found"),
    [
        ({"openvino"}, "not installed"),
        ({"nncf"}, "1.0: int8 can't be made without nncf"),
        (set(), "1.0: makes engines"),
    ],
)
def test_half_an_extra_is_told(monkeypatch, lacking, found):
    from detector.commands import builders
    from detector.engines import runtimes

    for module in (builders, runtimes):
        monkeypatch.setattr(module, "version_of", lambda name: None if name in lacking else "1.0")
    finding = builders._optional("openvino")
    assert finding.found.startswith(found)
    assert finding.there is (not lacking)
    assert bool(finding.advice) is bool(lacking)
