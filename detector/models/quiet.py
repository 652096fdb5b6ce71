"""The `ultralytics` package, kept from talking, phoning home, downloading and using a single core."""

import logging
import os
import re
import shutil
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from detector.system import cores as system
from detector.system.cache import CACHE

LOG = "ultralytics.log"  # in the folder of what was done with it
INTEGRATIONS = ("clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")
_asked: ContextVar[bool] = ContextVar("_asked", default=False)


@contextmanager
def quietly(log: Path) -> Iterator[None]:
    """Inside, what `ultralytics` says, prints and warns of goes to the file `log`; its threads end with the block."""
    _prepare()
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file), warnings.catch_warnings():
        warnings.showwarning = lambda *warning: print(warnings.formatwarning(*warning[:4]), file=file)
        handler = logging.StreamHandler(file)
        handler.setFormatter(_Plain())
        logger = logging.getLogger("ultralytics")
        logger.addHandler(handler)
        before = set(threading.enumerate())
        try:
            yield
        finally:
            for thread in set(threading.enumerate()) - before:
                if not thread.daemon:  # it plots in threads of its own
                    thread.join(timeout=60)
            logger.removeHandler(handler)


@contextmanager
def fetching() -> Iterator[None]:
    """Inside, the package may download."""
    asked = _asked.set(True)
    try:
        yield
    finally:
        _asked.reset(asked)


def device() -> str:
    """The first GPU where there is one, else the CPU, as the package's `device` argument."""
    import torch

    return "0" if torch.cuda.is_available() else "cpu"


def cores() -> int:
    """How many threads to compute with: OMP_NUM_THREADS, or every core that this process may use."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return int(limit) if limit else system.cores()


class _Plain(logging.Formatter):
    """Its messages are coloured for a terminal; a file has no use for that."""

    def format(self, record: logging.LogRecord) -> str:
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", super().format(record))


def threads_for(network: Any, sides: tuple[int, int], batch: int) -> int:
    """How many CPU threads a training step of the network can keep busy, at most `cores()`.

    A small step is no faster on two threads than on one, and many times slower when another program wants the cores.
    """
    from ultralytics.utils.torch_utils import get_flops

    billions: float = 3 * batch * get_flops(network, sides)  # going back costs twice as much as forward
    return max(1, min(cores(), round(billions / 5)))


@cache
def _prepare() -> None:
    """Import the package with its environment set: it reads most of it while it is imported."""
    threads = cores()
    home = CACHE / "ultralytics"
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else its threads, waiting, fight others for the cores
    os.environ |= {
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "OMP_NUM_THREADS": str(threads),
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(home),
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",  # no progress bars
    }
    from ultralytics import settings

    settings.update(dict.fromkeys(("sync", *INTEGRATIONS), False))
    _take_over_logging()
    _keep_off_the_network()
    _use_threads(threads)
    _keep_datasets_as_they_are()
    _take_paths_as_they_are()
    _load_data_alone()
    _show_no_bars()


def _take_over_logging() -> None:
    logger = logging.getLogger("ultralytics")
    logger.handlers = [logging.NullHandler()]
    logger.setLevel(logging.INFO)


def _keep_off_the_network() -> None:
    """Its offline setting stops the check for updates, but not the fetching of fonts and of a model to test AMP on."""
    import matplotlib as mpl
    from ultralytics.utils import USER_CONFIG_DIR, downloads

    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        if not (USER_CONFIG_DIR / name).exists():
            shutil.copy(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", USER_CONFIG_DIR / name)
    fetch = downloads.safe_download

    def when_asked(url: str, *arguments: Any, **options: Any) -> Path:
        if not _asked.get():
            raise ConnectionError(f"{url} is not on this machine, and nothing is fetched unasked")
        return Path(fetch(url, *arguments, **options))

    downloads.safe_download = when_asked


def _use_threads(threads: int) -> None:
    """On a CPU it takes one core less than there are: half of the machine, when there are two."""
    from ultralytics.utils import torch_utils

    torch_utils.NUM_THREADS = threads


def _keep_datasets_as_they_are() -> None:
    """It would write a cache beside the labels; a dataset version never changes."""
    from ultralytics.data import dataset

    def remember(_prefix: str, _path: Path, cached: dict[str, Any], version: str) -> None:
        cached["version"] = version  # its reader expects what its writer would have added

    dataset.save_dataset_cache_file = remember


def _take_paths_as_they_are() -> None:
    """It reads the path of a file as an address, in which %41, ? and ' have a meaning of their own."""
    from ultralytics.utils import checks, downloads

    clean, find = checks.clean_url, downloads.attempt_download_asset

    def clean_address(url: str | Path) -> str:
        return str(clean(url)) if "://" in str(url) else str(url)

    def find_or_fetch(file: str | Path, *arguments: Any, **options: Any) -> str:
        return str(file) if Path(file).exists() else str(find(file, *arguments, **options))

    checks.clean_url = clean_address
    downloads.attempt_download_asset = find_or_fetch


def _load_data_alone() -> None:
    """A checkpoint is data: no code in it is run. Its variable is read at the first import, which may be over."""
    from ultralytics.nn import tasks

    tasks.SAFE_LOAD = True


def _show_no_bars() -> None:
    """The bar of what is read into memory does not ask whether there may be one, and would be shown over ours."""
    from ultralytics.data import base
    from ultralytics.utils.tqdm import TQDM

    def hidden(*arguments: Any, **options: Any) -> TQDM:
        return TQDM(*arguments, **options | {"disable": True})

    base.TQDM = hidden
