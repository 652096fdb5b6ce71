"""The best checkpoint into another format, with Ultralytics' exporter."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.data.dataset import Dataset
from detector.data.trained import Trained
from detector.errors import DetectorError
from detector.models.quiet import quietly
from detector.models.weights import load_model
from detector.stages import Job, Result
from detector.stages.export._parity import Parity
from detector.system.files import sha256_of

LOG = "ultralytics.log"


def make(job: Job[Any], **arguments: Any) -> Path:
    """Export to job.folder; the file is named after the pipeline, and what tells it from others.

    `arguments` are those of Ultralytics' `export`.

    Raises:
        DetectorError: The exporter failed.
    """
    variant = job.options.variant.removeprefix(job.options.using)
    beside = job.folder / f"{job.pipeline.name}{variant}.pt"  # the exporter writes beside it
    shutil.copyfile(Trained(job.inputs["train"].path).best, beside)
    log = job.folder / LOG
    try:
        with quietly(log):
            return Path(load_model(beside).export(**arguments))
    except Exception as error:
        raise DetectorError(f"the export to {arguments['format']} failed: {error}; {log} tells more") from error
    finally:
        beside.unlink()


def result(job: Job[Any], files: Sequence[Path], parity: Parity) -> Result:
    """What an export gives: `files`, the first of them the one to deploy, and how close it is to the checkpoint."""
    labels = job.folder / "labels.txt"
    labels.write_text("\n".join(Dataset(job.inputs["convert"].path).classes) + "\n", encoding="utf-8")
    size = files[0].stat().st_size / 1e6
    return Result(
        path=job.folder,
        id=sha256_of(files[0])[:12],
        summary=f"{files[0].name}, {size:.1f} MB: {parity.sentence}",
        figures={**parity.figures, "megabytes": size},
        artifacts={f"export/{job.options.variant}": [*files, labels, job.folder / "parity.json"]},
    )
