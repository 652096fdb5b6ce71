"""What a step cost: files are counted once, and no library is loaded to measure."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from detector.reporting import costs
from detector.stages import Result


def test_a_file_with_two_names_counts_once_and_links_are_not_followed(tmp_path):
    version, work, store = (tmp_path / name for name in ("version", "work", "store"))
    for folder in (version / "images/train", work, store):
        folder.mkdir(parents=True)
    (store / "ab.jpg").write_bytes(bytes(1000))
    for name in ("1.jpg", "2.jpg"):
        os.link(store / "ab.jpg", version / "images/train" / name)
    (version / "data.yaml").write_bytes(bytes(30))
    (work / "log").write_bytes(bytes(7))
    (work / "there").symlink_to(store / "ab.jpg")
    link = (work / "there").lstat().st_size
    assert costs.disk_bytes(version, work, version / "data.yaml", tmp_path / "gone") == 1000 + 30 + 7 + link


def test_speed_is_images_over_seconds(tmp_path):
    started = costs.begin()
    time.sleep(0.05)
    seconds, cost = costs.since(started, Result(tmp_path, "id", "", images=10), tmp_path)
    assert 0.05 <= seconds < 5
    assert abs(cost["images_per_second"] * seconds - 10) < 0.1
    assert set(costs.since(started, Result(tmp_path, "id", ""), tmp_path)[1]) == {"disk_bytes", "peak_memory_bytes"}


def test_the_peak_of_memory_is_that_of_the_step(tmp_path):
    def peak(size):
        started = costs.begin()
        held = bytearray(size)
        held[::4096] = b"x" * len(held[::4096])
        del held
        return costs.since(started, Result(tmp_path, "id", ""), tmp_path)[1]["peak_memory_bytes"]

    large, small = peak(1 << 28), peak(1 << 12)
    assert large > small + (1 << 27)


@pytest.mark.gpu
@pytest.mark.skipif(not shutil.which("nvidia-smi"), reason="this machine has no NVIDIA GPU")
def test_the_peak_on_a_gpu_is_that_of_the_step(tmp_path):
    import torch

    torch.zeros(2**28, dtype=torch.uint8, device="cuda")  # before the step, and gone
    started = costs.begin()
    torch.zeros(2**20, dtype=torch.uint8, device="cuda")
    peak = costs.since(started, Result(tmp_path, "id", ""), tmp_path)[1]["peak_gpu_bytes"]
    assert 2**20 <= peak < 2**24


def test_measuring_loads_no_library():
    probe = (
        "import sys; from detector.reporting import costs; costs.begin()\n"
        "assert not {'torch', 'numpy', 'pyarrow'} & set(sys.modules), sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_sizes_are_said_as_people_do():
    assert [costs.size(count) for count in (0, 999, 1e3, 9.96e6, 12.3e6, 5e15)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "10.0 MB",
        "12 MB",
        "5000 TB",
    ]
