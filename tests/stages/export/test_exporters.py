"""Every exporter that needs no GPU, through the real libraries, and what it wrote through its own runtime."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from detector.data.dataset import Dataset
from detector.data.evaluation import SEEN, Evaluation
from detector.data.trained import Trained
from detector.engines.artifact import open_artifact
from detector.engines.detector import Detector
from detector.engines.network import Network
from detector.engines.prepare import prepared, read
from detector.errors import DetectorError, GateRefused, UsageError, exit_code
from detector.measure.engine import accuracy
from detector.measure.evaluate import judge
from detector.stages import load
from detector.stages.export import onnx
from detector.stages.export._runners import Checkpoint
from tests.support import tiny, training, versions
from tests.support.jobs import job

ANY = {"box": 1e6, "score": 1, "mask": 1}  # random weights have no accuracy that less precision could keep
MADE = [
    ("onnx", {"opset": 17, "dynamic": True}, [".onnx"]),
    ("onnx", {"half": True}, [".onnx"]),
    ("onnx", {"head": "nms"}, [".onnx"]),
    ("openvino", {"dynamic": True}, [".xml", ".bin"]),
    ("openvino", {"precision": "fp16"}, [".xml", ".bin"]),
    ("openvino", {"precision": "int8"}, [".xml", ".bin"]),
    ("torchscript", {}, [".torchscript"]),
    ("torchscript", {"dynamic": True}, [".torchscript"]),
    ("ncnn", {}, [".param", ".bin"]),
    ("ncnn", {"half": True}, [".param", ".bin"]),
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A network with masks that was trained for a moment, and what it was trained on."""
    folder = tmp_path_factory.mktemp("ground")
    converted = training.version(folder, "segment")
    return Ground(folder, converted.path, training.train(folder, "segment", converted).path)


class Ground(NamedTuple):
    folder: Path
    version: Path
    trained: Path


def made(ground, using, **options):
    if importlib.util.find_spec(using) is None and using in {"openvino", "ncnn"}:
        pytest.skip(f"{using} is not installed")
    given = load("export", using).Options(**{"tolerance": ANY} | options)
    extra = {"evaluate": ground.folder / "perfect"} if (ground.folder / "perfect").exists() else {}
    return job(ground.folder / given.variant, given, train=ground.trained, convert=ground.version, **extra)


def untrained(folder, architecture):
    weights = tiny.weights(folder / "train", architecture)
    return Ground(folder, tiny.dataset(folder).folder, weights.parent.parent)


@pytest.mark.parametrize(("using", "options", "endings"), MADE, ids=lambda value: str(value).strip("[]{}"))
def test_what_it_writes_is_run_by_its_own_runtime(ground, using, options, endings):
    work = made(ground, using, **options)
    result = load("export", using).run(work)
    stem = f"blood{work.options.variant.removeprefix(using)}"
    files = [work.folder / f"{stem}{ending}" for ending in endings]
    told = [] if options.get("head", "raw") != "raw" else [work.folder / "parity.json"]
    beside = [files[0].with_name(f"{files[0].name}.json"), work.folder / "labels.txt", *told]
    assert result.artifacts[f"export/{work.options.variant}"] == [*files, *beside]
    assert result.figures["megabytes"] == pytest.approx(sum(file.stat().st_size for file in files) / 1e6)
    assert {file.name for file in work.folder.iterdir()} <= {
        *(file.name for file in [*files, *beside]), "evaluation", "ultralytics.log"
    }  # fmt: skip
    assert result.figures["mAP50-95"] == Evaluation(work.folder / "evaluation").measured.metrics["mAP50-95"]
    assert result.figures["milliseconds/p95"] >= result.figures["milliseconds/p50"] > 0
    assert len(result.notes) == 2
    same_as_the_checkpoint(ground, files[0], options)


def same_as_the_checkpoint(ground, file, options):
    artifact = open_artifact(file)
    made_from, dataset = artifact.sidecar.made_from, Dataset(ground.version)
    files = [file for file in dataset.images["file"].to_pylist() if file and file.startswith("test/")]
    pictures = [read(dataset.image_path(file)) for file in files]
    seen = artifact.detector(pictures, 0.001)
    assert all(len(rows["mask"]) == len(rows["score"]) > 0 for rows in seen)
    outputs = artifact.detector.network.run(prepared(pictures[:1], made_from.size)[0])
    assert [list(output.shape)[1:] for output in outputs] == [each.shape[1:] for each in made_from.outputs]
    assert (made_from.input.shape[0] == -1) is bool(options.get("dynamic"))
    assert made_from.head == options.get("head", "raw")
    far = 0.1 if options.get("precision") == "int8" else 0.02
    for mine, theirs in zip(seen, checkpoint(ground, made_from)(pictures, 0.001), strict=True):
        assert mine["score"][0] == pytest.approx(theirs["score"][0], abs=far)
        assert min(np.abs(place(mine, at) - place(theirs, 0)).max() for at in range(min(5, len(mine["score"])))) < far


def place(rows, at):
    """Class and box of a prediction."""
    return np.array([float(rows[name][at]) for name in ("class_id", "x", "y", "width", "height")])


def checkpoint(ground, made_from):
    """The checkpoint itself, in the same way."""
    runner = Checkpoint(ground.trained / "weights/best.pt")

    def run(batch):
        given = runner(batch)
        return [given.candidates.T[None], *([] if given.prototypes is None else [given.prototypes[None]])]

    return Detector(Network(run, "0", ["0", "1"], 1), "raw", len(made_from.classes), made_from.size)


def test_no_converter_talks_and_one_that_fails_is_said(tmp_path, monkeypatch, capfd):
    work = made(untrained(tmp_path, "yolo11n"), "ncnn")
    load("export", "ncnn").run(work)
    assert capfd.readouterr() == ("", "")
    assert "pass_level5" in (work.folder / "ultralytics.log").read_text()
    import pnnx

    monkeypatch.setattr(pnnx, "export", lambda *_, **__: None)
    with pytest.raises(
        DetectorError, match=r"the export to ncnn (failed: .*|wrote no .*); .*ultralytics\.log tells more"
    ):
        load("export", "ncnn").run(work)


def test_a_network_that_needs_no_suppression(tmp_path):
    """yolo26's own head, two pictures at once."""
    work = made(untrained(tmp_path, "yolo26n"), "onnx", head="end_to_end", dynamic=True)
    result = onnx.run(work)
    assert "difference/box" not in result.figures
    assert not (work.folder / "parity.json").exists()
    artifact = open_artifact(work.folder / "blood-dynamic-end_to_end.onnx")
    (output,) = artifact.detector.network.run(np.random.default_rng(0).random((2, 3, 96, 96), np.float32))
    assert output.shape == (2, 189, 6)
    assert artifact.sidecar.made_from.outputs[0].layout.startswith("batch, detections, values: left, top, right")


def test_an_onnx_file_says_how_it_is_used(ground):
    import onnx as library

    work = made(ground, "onnx")
    onnx.run(work)
    told = {entry.key: entry.value for entry in library.load(work.folder / "blood.onnx").metadata_props}
    assert json.loads(told["detector.classes"]) == Dataset(ground.version).classes
    assert json.loads(told["detector.preprocessing"])["padding"] == 114
    assert json.loads(told["detector.versions"])["onnx"] == library.__version__
    assert [text.partition(":")[0] for text in json.loads(told["detector.outputs"])] == [
        "batch, values, candidates", "batch, mask coefficients, height, width"
    ]  # fmt: skip
    assert "date" not in told
    again = made(ground, "onnx")
    before = (work.folder / "blood.onnx").read_bytes()
    onnx.run(again)
    assert (again.folder / "blood.onnx").read_bytes() == before


def test_a_network_without_an_end_to_end_head(tmp_path):
    work = made(untrained(tmp_path, "yolo11n"), "onnx", head="end_to_end")
    with pytest.raises(UsageError, match=r"yolo11n\.yaml has no end-to-end head, as yolo26 has; export it with `head"):
        onnx.run(work)


def test_nms_inside_is_for_one_picture_at_a_time():
    with pytest.raises(ValueError, match="head: nms takes one picture of one size at a time; leave out dynamic"):
        onnx.Options(head="nms", dynamic=True)


@pytest.mark.parametrize(("using", "options"), [("onnx", {}), ("openvino", {"precision": "int8"})])
def test_an_engine_that_is_worse_than_the_checkpoint_is_refused(tmp_path, using, options):
    """The checkpoint is said to see everything; random weights see nothing."""
    ground = untrained(tmp_path, "yolo11n")
    perfect(ground)
    work = made(ground, using, **options)
    said = (
        r" lost accuracy: mAP50-95 0\.\d+ \[.*\] on 3 images of test, .* below the checkpoint's; max_drop allows 0.01"
    )
    with pytest.raises(GateRefused, match=f"^{work.options.variant}{said}") as caught:
        load("export", using).run(work)
    assert exit_code(caught.value) == 3
    assert caught.value.evidence == (work.folder / "evaluation/evaluation.json",)
    allowed = load("export", using).run(made(ground, using, **options, max_drop=1))
    assert 0.5 < allowed.figures["drop/low"] <= allowed.figures["drop"] <= allowed.figures["drop/high"] <= 1
    assert " below the checkpoint's" in allowed.notes[0]


def perfect(ground):
    """An Evaluation of a model that sees every object."""
    dataset, folder = Dataset(ground.version), ground.folder / "perfect"
    folder.mkdir()
    rows = [{**row, "score": 0.9, "mask": None} for row in dataset.instances.to_pylist()]
    judge(pa.Table.from_pylist(rows, SEEN), dataset.on("test"), "f1" * 32, folder)


def test_a_layer_that_would_cost_too_much_in_int8_stays_in_floating_point(tmp_path):
    """Objects are what the checkpoint itself sees: any other order of its scores costs accuracy."""
    ground = untrained(tmp_path, "yolo11n")
    ground = ground._replace(version=as_seen(ground).folder)
    val, kept = Dataset(ground.version).on("val"), {}
    for allowed in (0.35, 1):
        work = made(ground, "openvino", precision="int8", max_drop=allowed)
        result = load("export", "openvino").run(work)
        artifact = open_artifact(work.folder / "blood-int8.xml")
        kept[allowed] = accuracy(artifact.detector, val, val.files), "stayed in floating point" in result.notes[0]
    whole = accuracy(checkpoint(ground, artifact.sidecar.made_from), val, val.files)
    assert whole > 0.9
    assert kept[1][0] < whole - 0.4
    assert kept[0.35][0] >= whole - 0.35
    assert (kept[0.35][1], kept[1][1]) == (True, False)


def as_seen(ground):
    """The version, with the objects that the checkpoint is surest of in each split: five times its images."""
    dataset, own = Dataset(ground.version), Trained(ground.trained).made_from
    network = checkpoint(ground, SimpleNamespace(classes=own.classes, size=own.sides))
    images, found = dataset.images.to_pylist(), []
    for row, image in enumerate(images):
        [seen] = network([read(dataset.image_path(image["file"]))], 0.001)
        task = {"image": row, "task_id": row, "annotator": "ada", "polygon": None}
        columns = ("score", "class_id", "x", "y", "width", "height")
        values = zip(*(np.asarray(seen[name]).tolist() for name in columns), strict=True)
        found += [{**task, **dict(zip(columns, each, strict=True))} for each in values]
    ranked, best = sorted(found, key=lambda each: each.pop("score"), reverse=True), []
    for split, count in tiny.SIZES.items():
        best += [each for each in ranked if images[each["image"]]["split"] == split][: 5 * count]
    instances = [{**each, "region_id": f"r{at}"} for at, each in enumerate(sorted(best, key=itemgetter("image")))]
    folder = ground.folder / "ba9876543210"
    shutil.copytree(dataset.folder, folder)
    return versions.write(folder, images, instances, own.classes)


@pytest.mark.parametrize(
    ("using", "absent", "said"),
    [
        ({"using": "openvino"}, "openvino", r"openvino not installed: pip install .* -e '\.\[openvino\]'"),
        ({"using": "openvino", "precision": "int8"}, "nncf", r"nncf not installed: pip install .* -e '\.\[openvino\]'"),
        ({"using": "openvino"}, "nncf", None),
        ({"using": "ncnn"}, "pnnx", r"pnnx not installed: pip install .* -e '\.\[ncnn\]'"),
    ],
)
def test_what_is_not_installed_is_said_before_anything_runs(monkeypatch, using, absent, said):
    from detector.engines import runtimes

    monkeypatch.setattr(runtimes, "version_of", lambda name: None if name == absent else "1.0")
    backend = load("export", using["using"])
    faults = list(backend.faults(backend.Options(**using), None))
    assert len(faults) == (1 if said else 0)
    for place, message in faults:
        assert place == ("using",)
        assert re.fullmatch(said, message)


def test_nothing_is_told_to_intel():
    """NNCF's own way to be silent in pytest would hide a fault: so in a process of its own."""
    if importlib.util.find_spec("nncf") is None:
        pytest.skip("nncf is not installed")
    code = (
        "from detector.engines.openvino import keep_silent\nkeep_silent()\n"
        "import sys, openvino, nncf, openvino.tools.ovc\n"
        "print([name for name, each in sys.modules.items() if 'openvino_telemetry' in name and each])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
