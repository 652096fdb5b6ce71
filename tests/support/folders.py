"""Folders in YOLO format, made from generated pictures, and what a pipeline of them comes to."""

from pathlib import Path
from zlib import crc32

from detector.config.load import load as load_pipeline
from detector.data.dataset import Dataset
from detector.stages import load
from tests.support.exports import picture
from tests.support.jobs import Pipeline, make_job

ROW = "0 .5 .5 .25 .5\n"


def write(root: Path, files: dict[str, str | bytes | None]) -> Path:
    """Files by their paths: a text, bytes, or a picture of its own where there is None."""
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            _picture(file, name)
        else:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def _picture(file: Path, name: str) -> None:
    """A PNG whatever it is called, since what is in a file counts: the same for the same name, in each run."""
    made = picture(file.with_name("made.png"), size=(24, 16), seed=crc32(name.encode(errors="replace")))
    made.rename(file)


def pictures(place: str, count: int, row: str = ROW, ending: str = "jpg") -> dict[str, str | None]:
    """`count` pictures in the folder `place`, and a txt of each where Ultralytics looks for it."""
    name = place.strip("/").replace("/", "-")
    texts = "/labels/".join(f"/{place}/".rsplit("/images/", 1)).strip("/")
    files: dict[str, str | None] = {}
    for number in range(count):
        files[f"{place}/{name}{number}.{ending}"] = None
        files[f"{texts}/{name}{number}.txt"] = row
    return files


def pull(root: Path, classes=("Cup", "Plate"), datasets: Path | None = None, **options):
    """What pulling the folder gives."""
    backend = load("pull", "yolo")
    datasets = datasets or root.parent / "datasets" / "tests"
    given = backend.Options(path=root, **options)
    job = make_job(given, Pipeline(classes=classes), datasets=datasets, folder=datasets / "run", backend=backend)
    return backend.run(job)


def convert(root: Path, classes=("Cup", "Plate"), pulling=None, task="detect", **options) -> tuple[Dataset, list[str]]:
    """The dataset version of the folder, and what a person is told of it."""
    pulled, backend = pull(root, classes, **(pulling or {})), load("convert", "yolo")
    datasets = root.parent / "datasets" / "tests"
    given = backend.Options(**options)
    pipeline = Pipeline(task=task, classes=classes)
    job = make_job(given, pipeline, {"pull": pulled}, datasets=datasets, folder=datasets / "run")
    result = backend.run(job)
    return Dataset(result.path), [*pulled.notes, *result.notes]


def by_pipeline(folder: Path, text: str) -> Dataset:
    """The dataset version that a pipeline.yaml of this text gives; its paths are absolute."""
    (folder / "pipeline.yaml").write_text(text)
    config, inputs = load_pipeline(folder / "pipeline.yaml"), {}
    datasets = folder / "datasets" / config.name
    for step in config.steps[:2]:
        job = make_job(step.options, config, inputs, datasets=datasets, folder=folder / step.name, backend=step.backend)
        inputs[step.name] = step.backend.run(job)
    return Dataset(inputs["convert"].path)


def splits(dataset: Dataset) -> dict[str, str | None]:
    """The split of each picture by its name without folder and ending."""
    rows = zip(dataset.images["source"].to_pylist(), dataset.images["split"].to_pylist(), strict=True)
    return {source.rpartition("/")[2].partition(".")[0]: split for source, split in rows}


def rows(dataset: Dataset, name: str) -> list[str]:
    """The rows of the txt of a picture."""
    [source] = [row for row in dataset.images.to_pylist() if f"/{row['source']}".rpartition("/")[2].startswith(name)]
    return dataset.label_path(source["file"]).read_text().splitlines()


def counted(dataset: Dataset, action: str) -> dict[str, int]:
    """How many entries each reason has."""
    return {reason: len(entries) for reason, entries in dataset.conversion[action].items()}
