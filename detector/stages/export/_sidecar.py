"""What an engine file can't say of itself, in a JSON file beside it that is checked before the engine is loaded.

    blood.rtx.engine
    blood.rtx.engine.json     {"schema": 1, "engine": {"file": "blood.rtx.engine", "sha256": "…", "bytes": 5468404}, …}

Two builds of one ONNX file may differ in bytes: the library gives numbers to its tensors, and an order to its outputs,
as chance has it. What to compare is `recipe`, the hash of all that the engine was made from and of how it is used.
"""

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.errors import DetectorError
from detector.stages.export._targets import Batch
from detector.system.files import sha256_of, write_whole
from detector.terms import Task

AGAIN = "copy both files from the run folder, or build it again: detector run --force export"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class File(_Part):
    """A file beside the sidecar, and what is in it."""

    file: str
    sha256: str
    bytes: int


class Tensor(_Part):
    """What goes in or out, to be taken by its name: an engine has no order. -1 in `shape` is a batch that varies."""

    name: str
    shape: list[int]
    type: str
    layout: str


class Preprocessing(_Part):
    """From a picture to the input, in this order; as `letterboxed` in _parity.py does it."""

    channels: Literal["RGB"] = "RGB"
    resize: Literal["letterbox"] = "letterbox"  # scaled to fit, its aspect kept, and centred
    padding: int = 114  # grey level of what is left
    divide_by: int = 255


class Recipe(_Part):
    """What an engine was made from, and how it is used."""

    library: str = Field(description="version of tensorrt-rtx; an engine runs in that version alone")
    precision: Literal["fp32", "fp16"]
    batch: Batch
    compute_capabilities: list[float] | None = Field(description="null: the library's portable set")
    runs_on: str = Field(description="the same in words")
    onnx: File
    weights: str = Field(description="SHA-256 of what the checkpoint has learned")
    dataset: str = Field(description="the version that it was trained on")
    task: Task
    classes: list[str]
    input: Tensor
    preprocessing: Preprocessing = Preprocessing()
    outputs: list[Tensor]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


class OperatingPoint(_Part):
    """From which score on a prediction counts, and how right it then is: measured of the checkpoint."""

    score: float
    precision: float
    recall: float


class Sidecar(_Part):
    """The whole file."""

    schema_: Literal[1] = Field(1, alias="schema")
    engine: File
    operating_point: OperatingPoint | None = None
    recipe: str = Field(description="SHA-256 of made_from: equal recipes make engines that do the same")
    made_from: Recipe


def file_of(path: Path) -> File:
    """A file as it is now."""
    return File(file=path.name, sha256=sha256_of(path), bytes=path.stat().st_size)


def place(engine: Path) -> Path:
    """Where the sidecar of an engine lies."""
    return engine.with_name(f"{engine.name}.json")


def write(engine: Path, made_from: Recipe, point: OperatingPoint | None) -> Path:
    """Write the sidecar of an engine that has been written."""
    sidecar = Sidecar(engine=file_of(engine), recipe=made_from.digest, made_from=made_from, operating_point=point)
    text = sidecar.model_dump_json(indent=1, by_alias=True)
    write_whole(place(engine), text + "\n")
    return place(engine)


def checked(engine: Path, library: str) -> Recipe:
    """What the engine was made from, once it is known to be that engine and to be built by this version of the library.

    Raises:
        DetectorError: the engine or its sidecar is missing or was changed, or another version built it.
    """
    sidecar = _read(place(engine))
    if sidecar.recipe != sidecar.made_from.digest:
        raise DetectorError(f"{place(engine)} was changed after it was written; {AGAIN}")
    try:
        file = file_of(engine)
    except FileNotFoundError as error:
        raise DetectorError(f"{engine} is missing; {AGAIN}") from error
    if (file.sha256, file.bytes) != (sidecar.engine.sha256, sidecar.engine.bytes):
        raise DetectorError(
            f"{engine} is not the engine that its sidecar describes: its SHA-256 begins with {file.sha256[:12]}, "
            f"the sidecar's with {sidecar.engine.sha256[:12]}; {AGAIN}"
        )
    if sidecar.made_from.library != library:
        raise DetectorError(
            f"{engine} was built by TensorRT for RTX {sidecar.made_from.library} and runs in no other version; this "
            f"machine has {library}: pip install tensorrt-rtx=={sidecar.made_from.library}, or build it again: "
            "detector run --force export"
        )
    return sidecar.made_from


def _read(file: Path) -> Sidecar:
    try:
        return Sidecar.model_validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise DetectorError(f"{file} is missing, and without it nothing is known of the engine; {AGAIN}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DetectorError(f"{file} is no sidecar of an engine: {where}: {first['msg']}; {AGAIN}") from error
