"""What an engine file can't say of itself, in a JSON file beside it that is checked before the engine is loaded.

    blood.rtx.engine
    blood.rtx.engine.json     {"schema": 2, "engine": {"file": "blood.rtx.engine", "sha256": "…", "bytes": 5468404}, …}

Two builds of one ONNX file may differ in bytes: TensorRT gives numbers to its tensors, and an order to its outputs, as
chance has it. What to compare is `recipe`, the hash of all that the engine was made from and of how it is used.
"""

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.engines.batch import Batch
from detector.engines.runtimes import Head, Runtime, misfit
from detector.errors import DetectorError
from detector.system.files import sha256_of, write_whole
from detector.terms import Task

AGAIN = "copy both files from the run folder, or build it again: detector run --force export"
LONGEST = 1 << 20  # bytes of a sidecar; none has a hundredth of it


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class File(_Part):
    """A file beside the sidecar, and what is in it."""

    file: str
    sha256: str
    bytes: int


class Tensor(_Part):
    """What goes in or out, to be taken by its name: an engine has no order. -1 in `shape` is a length that varies."""

    name: str
    shape: list[int]
    type: str
    layout: str


class Preprocessing(_Part):
    """From a picture to the input, in this order; as detector/engines/prepare.py does it."""

    channels: Literal["RGB"] = "RGB"
    resize: Literal["letterbox"] = "letterbox"  # scaled to fit, its aspect kept, and centred
    padding: int = 114  # grey level of what is left
    divide_by: int = 255


class Recipe(_Part):
    """What an engine was made from, and how it is used."""

    runtime: Runtime
    library: str = Field(description="version of the runtime that it was built for and run in")
    libraries: dict[str, str] = Field({}, description="versions of all that took part in making it")
    precision: Literal["fp32", "fp16", "int8"]
    batch: Batch | None = Field(description="null: any number")
    compute_capabilities: list[float] | None = Field(None, description="null: the library's portable set")
    runs_on: str = Field(description="which machines, in words")
    onnx: File | None = Field(None, description="what it was built from, where that is kept")
    weights: str = Field(description="SHA-256 of what the checkpoint has learned")
    dataset: str = Field(description="the version that it was trained on")
    task: Task
    classes: list[str]
    size: tuple[int, int] = Field(description="height and width that pictures are fitted to")
    input: Tensor
    preprocessing: Preprocessing = Preprocessing()
    head: Head = "raw"
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

    schema_: Literal[2] = Field(2, alias="schema")
    engine: File
    beside: list[File] = Field([], description="what else it can't be loaded without")
    operating_point: OperatingPoint | None = None
    measured: dict[str, float] = Field({}, description="of the engine itself: accuracy, and speed where it was built")
    recipe: str = Field(description="SHA-256 of made_from: equal recipes make engines that do the same")
    made_from: Recipe
    check: str = Field("", description="SHA-256 of all of the above")

    @property
    def digest(self) -> str:
        """What `check` has to be."""
        return hashlib.sha256(self.model_dump_json(exclude={"check"}).encode()).hexdigest()

    @property
    def text(self) -> bytes:
        """The file, byte for byte."""
        return f"{self.model_dump_json(indent=1, by_alias=True)}\n".encode()


def file_of(path: Path) -> File:
    """A file as it is now."""
    return File(file=path.name, sha256=sha256_of(path), bytes=path.stat().st_size)


def place(engine: Path) -> Path:
    """Where the sidecar of an engine lies."""
    return engine.with_name(f"{engine.name}.json")


def write(
    engine: Path,
    made_from: Recipe,
    point: OperatingPoint | None,
    beside: list[Path] | None = None,
    measured: dict[str, float] | None = None,
) -> Path:
    """Write the sidecar of an engine that has been written; `beside` are the files that it can't be loaded without."""
    sidecar = Sidecar(
        engine=file_of(engine),
        beside=[file_of(file) for file in beside or []],
        operating_point=point,
        measured=measured or {},
        recipe=made_from.digest,
        made_from=made_from,
    )
    write_whole(place(engine), sidecar.model_copy(update={"check": sidecar.digest}).text)
    return place(engine)


def checked(engine: Path) -> Sidecar:
    """What the sidecar says, once it is known that the engine is the one that it describes, and can be run here.

    Raises:
        DetectorError: the engine or its sidecar is missing or was changed, or its runtime is not here in its version.
    """
    sidecar = _read(place(engine))
    for described, file in _files(engine, sidecar):
        _compare(described, file)
    made_from = sidecar.made_from
    if why := misfit(made_from.runtime, made_from.library):
        raise DetectorError(f"{engine} {why}")
    return sidecar


def _files(engine: Path, sidecar: Sidecar) -> list[tuple[File, Path]]:
    """What the sidecar says of each file, and where it lies: beside it, whatever the engine itself is called now."""
    return [(sidecar.engine, engine), *((file, engine.with_name(Path(file.file).name)) for file in sidecar.beside)]


def _compare(described: File, path: Path) -> None:
    try:
        file = file_of(path)
    except FileNotFoundError as error:
        raise DetectorError(f"{path} is missing; {AGAIN}") from error
    except OSError as error:
        raise DetectorError(f"{path} can't be read ({error.strerror}); {AGAIN}") from error
    if (file.sha256, file.bytes) != (described.sha256, described.bytes):
        raise DetectorError(
            f"{path} is not the engine that its sidecar describes: its SHA-256 begins with {file.sha256[:12]}, "
            f"the sidecar's with {described.sha256[:12]}; {AGAIN}"
        )


def _read(file: Path) -> Sidecar:
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise DetectorError(f"{file} is missing, and without it nothing is known of the engine; {AGAIN}") from error
    except OSError as error:
        raise DetectorError(f"{file} can't be read ({error.strerror}); {AGAIN}") from error
    try:
        sidecar = Sidecar.model_validate_json(content[:LONGEST])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DetectorError(f"{file} is no sidecar of an engine: {where}: {first['msg']}; {AGAIN}") from error
    if (sidecar.recipe, sidecar.check) != (sidecar.made_from.digest, sidecar.digest) or sidecar.text != content:
        raise DetectorError(f"{file} was changed after it was written; {AGAIN}")
    return sidecar
