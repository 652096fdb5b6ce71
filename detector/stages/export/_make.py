"""The best checkpoint into another format, with Ultralytics' exporter."""

import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from detector.data.dataset import Dataset
from detector.data.trained import Trained
from detector.errors import DetectorError
from detector.models.quiet import LOG, quietly
from detector.models.weights import load_model
from detector.stages import Job, Result
from detector.stages.export._parity import Parity
from detector.system.files import sha256_of


def make(job: Job[Any], **arguments: Any) -> Path:
    """Export to job.folder; the file is named after the pipeline, and what tells it from others.

    `arguments` are those of Ultralytics' `export`.

    Raises:
        DetectorError: The exporter failed.
    """
    beside = job.folder / f"{_stem(job)}.pt"  # the exporter writes beside it
    shutil.copyfile(Trained(job.inputs["train"].path).best, beside)
    log = job.folder / LOG
    try:
        with quietly(log):
            return Path(load_model(beside).export(**arguments))
    except Exception as error:
        raise DetectorError(f"the export to {arguments['format']} failed: {error}; {log} tells more") from error
    finally:
        beside.unlink()


def taken_out(job: Job[Any], folder: Path, endings: Mapping[str, str]) -> list[Path]:
    """The exporter's files of these endings from a folder of its own, which goes; named after the pipeline.

    `endings`: that of each file there → here.

    Raises:
        DetectorError: one is not there; a converter that is a program of its own may fail without a word.
    """
    stem = _stem(job)
    files = []
    for ending, own in endings.items():
        file = next(folder.glob(f"*{ending}"), None)
        if file is None:
            raise DetectorError(f"the export to {job.options.using} wrote no {ending}; {job.folder / LOG} tells more")
        files.append(file.rename(job.folder / f"{stem}{own}"))
    shutil.rmtree(folder)
    return files


def _stem(job: Job[Any]) -> str:
    """The pipeline's name, and what tells this export from others."""
    return f"{job.pipeline.name}{job.options.variant.removeprefix(job.options.using)}"


def result(job: Job[Any], files: Sequence[Path], parity: Parity | None, deployed: int = 1) -> Result:
    """What an export gives: `files`, the first `deployed` of them the engine, and how close it is to the checkpoint."""
    labels = job.folder / "labels.txt"
    labels.write_text("\n".join(Dataset(job.inputs["convert"].path).classes) + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in files[:deployed]) / 1e6
    told = [] if parity is None else [job.folder / "parity.json"]
    return Result(
        path=job.folder,
        id=_id(files[:deployed]),
        summary=f"{files[0].name}, {size:.1f} MB{f': {parity.sentence}' if parity else ''}",
        figures={**(parity.figures if parity else {}), "megabytes": size},
        artifacts={f"export/{job.options.variant}": [*files, labels, *told]},
    )


def _id(files: Sequence[Path]) -> str:
    """12 hex digits of what is in them."""
    if len(files) == 1:
        return sha256_of(files[0])[:12]
    return sha256("".join(map(sha256_of, files)).encode()).hexdigest()[:12]
